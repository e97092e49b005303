"""The caller's own record; no request can name anybody else's."""

import re
from collections.abc import Callable, Collection
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from signal9_core.schemas.users import (
    DeletionAnswer,
    ExportAnswer,
    NotificationAnswer,
    NotificationsAnswer,
    RecordPatch,
    TopicsPut,
    UserAnswer,
    ViewedAnswer,
    WatchlistPut,
    WizardPut,
)

from ..auth.identity import READ_ME, WRITE_ME
from ..runtime import application
from .http import NEVER, Request, Response, ok
from .parameters import Cursor, Flag, TickerInPath, WholeNumber
from .routing import Function, Resource

__all__ = ["app", "handler"]

app = Resource("Users", f"{__name__}.handler")
handler = app.handler

NotificationId = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(description="The `id` of one of the caller's notifications."),
]

_ETAG: Final = re.compile(r'"([0-9a-f]{1,20})"')


def _change(method: str, path: str, summary: str) -> Callable[[Function], Function]:
    return app.route(method, path, UserAnswer, summary, scope=WRITE_ME, conditional=True)


@app.route("GET", "/users/me", UserAnswer, "Get the record", scope=READ_ME)
def get_record(request: Request) -> Response:
    """Return the record, created by the first request; its `ETag` is for `If-Match`."""
    caller = request.caller
    return _record(application().users.get(caller.user_id, caller.email))


@_change("PATCH", "/users/me", "Change the profile")
def patch_record(request: Request, body: RecordPatch) -> Response:
    """Change the given fields: those left out stay as they are, `null` removes one."""
    change, caller = application().users.patch, request.caller
    return _record(change(caller.user_id, body, _versions(request), email=caller.email))


@_change("PUT", "/users/me/wizard", "Set the progress")
def put_wizard(request: Request, body: WizardPut) -> Response:
    """Set the wizard's status; it can be completed once nothing is `missing`."""
    change = application().users.put_wizard
    return _record(change(request.caller.user_id, body, _versions(request)))


@_change("PUT", "/users/me/topics", "Set the topics")
def put_topics(request: Request, body: TopicsPut) -> Response:
    """Follow these topics instead of the previous ones."""
    change = application().users.put_topics
    return _record(change(request.caller.user_id, body, _versions(request)))


@_change("PUT", "/users/me/watchlist", "Set the watchlist")
def put_watchlist(request: Request, body: WatchlistPut) -> Response:
    """Watch these companies, in this order, instead of the previous ones."""
    change = application().users.put_watchlist
    return _record(change(request.caller.user_id, body, _versions(request)))


@app.route(
    "PUT", "/users/me/viewed/{ticker}", ViewedAnswer, "Record a viewed company", scope=WRITE_ME
)
def put_viewed(request: Request, ticker: TickerInPath) -> Response:
    """Put the company at the head of the list of recently viewed ones."""
    return ok(application().users.note_viewed(request.caller.user_id, ticker), NEVER)


@app.route(
    "GET", "/users/me/notifications", NotificationsAnswer, "List notifications", scope=READ_ME
)
def list_notifications(
    request: Request,
    *,
    unread: Annotated[Flag, Field(description="Only unread notifications.")] = False,
    limit: Annotated[int, WholeNumber(1, 200), Field(description="Items per page.")] = 50,
    cursor: Cursor = None,
) -> Response:
    """Return the notifications of the last ninety days, newest first."""
    listed = application().users.list_notifications
    return ok(listed(request.caller.user_id, unread=unread, limit=limit, cursor=cursor))


@app.route(
    "PUT",
    "/users/me/notifications/{id}/read",
    NotificationAnswer,
    "Mark a notification as read",
    scope=WRITE_ME,
)
def mark_read(request: Request, id: NotificationId) -> Response:  # noqa: A002
    """Record when it was first read; marking it again changes nothing."""
    return ok(application().users.mark_read(request.caller.user_id, id), NEVER)


@app.route("GET", "/users/me/export", ExportAnswer, "Export all data", scope=READ_ME)
def export_record(request: Request) -> Response:
    """Everything that is stored about the caller."""
    return ok(application().users.export(request.caller.user_id), NEVER)


@app.route("DELETE", "/users/me", DeletionAnswer, "Delete all data", scope=WRITE_ME)
def delete_record(request: Request) -> Response:
    """Take the caller's data out of use at once, and delete them in a while.

    Until then the caller's requests are answered with 503; the next one creates a new record.
    """
    return ok(application().users.delete(request.caller.user_id), NEVER)


def _record(record: tuple[UserAnswer, int]) -> Response:
    answer, version = record
    return ok(answer).adding({"ETag": f'"{version:x}"'})


def _versions(request: Request) -> Collection[int] | None:
    """Return the versions in `If-Match`, or `None` for any; an unknown ETag is no version."""
    tags = [tag.strip() for tag in request.header("if-match").split(",")]
    if tags in ([""], ["*"]):
        return None
    return {int(match[1], 16) for tag in tags if (match := _ETAG.fullmatch(tag))}
