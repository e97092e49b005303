"""Answers what callers ask and change about themselves; nobody else's record can be named."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, StringConstraints

from signal9_core.schemas import (
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

from ..auth.scopes import READ_ME, WRITE_ME
from ..runtime import application
from .http import NEVER, REVALIDATE, ok, respond
from .parameters import DIGITS, Cursor, Flag, TickerInPath
from .request import Request
from .resource import Resource
from .response import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("Users")

Unread = Annotated[Flag, Field(description="Only what was not read yet.")]
NotificationLimit = Annotated[
    int, Field(ge=1, le=200, description="Notifications per page."), DIGITS
]
NotificationId = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(description="The `id` of a notification of the caller's."),
]

_TAG: Final = re.compile(r'"([0-9a-f]{1,20})"')


@app.read("/users/me", UserAnswer, "One's own record", scope=READ_ME)
def get_record(request: Request) -> Response:
    """Return the record, made when its owner is first seen; its `ETag` goes into `If-Match`."""
    answer, version = application().users.get(request.caller.user_id)
    return _record(answer, version)


@app.on("PATCH", "/users/me", UserAnswer, "Change one's profile", scope=WRITE_ME, conditional=True)
def patch_record(request: Request, body: RecordPatch) -> Response:
    """Change what is named: what is left out stays as it is, `null` removes."""
    change = application().users.patch
    return _record(*change(request.caller.user_id, body, _expected(request)))


@app.on(
    "PUT", "/users/me/wizard", UserAnswer, "Note one's progress", scope=WRITE_ME, conditional=True
)
def put_wizard(request: Request, body: WizardPut) -> Response:
    """Note how far the wizard is; it can be completed when nothing is `missing` any more."""
    change = application().users.put_wizard
    return _record(*change(request.caller.user_id, body, _expected(request)))


@app.on("PUT", "/users/me/topics", UserAnswer, "Follow topics", scope=WRITE_ME, conditional=True)
def put_topics(request: Request, body: TopicsPut) -> Response:
    """Follow these topics, and no other."""
    change = application().users.put_topics
    return _record(*change(request.caller.user_id, body, _expected(request)))


@app.on(
    "PUT", "/users/me/watchlist", UserAnswer, "Watch companies", scope=WRITE_ME, conditional=True
)
def put_watchlist(request: Request, body: WatchlistPut) -> Response:
    """Watch these companies, in this order, and no other."""
    change = application().users.put_watchlist
    return _record(*change(request.caller.user_id, body, _expected(request)))


@app.on(
    "PUT", "/users/me/viewed/{ticker}", ViewedAnswer, "Note a look at a company", scope=WRITE_ME
)
def put_viewed(request: Request, ticker: TickerInPath) -> Response:
    """Put it at the head of the companies that the caller looked at of late."""
    return ok(application().users.note_viewed(request.caller.user_id, ticker), NEVER)


@app.read("/users/me/notifications", NotificationsAnswer, "What one was told", scope=READ_ME)
def list_notifications(
    request: Request,
    unread: Unread = False,  # noqa: FBT002
    limit: NotificationLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return what the caller was told in the last three months, latest first."""
    asked = application().users.list_notifications
    return ok(asked(request.caller.user_id, unread=unread, limit=limit, cursor=cursor))


@app.on(
    "PUT",
    "/users/me/notifications/{id}/read",
    NotificationAnswer,
    "Mark as read",
    scope=WRITE_ME,
    refusals={404: "The caller has no such notification."},
)
def mark_read(request: Request, id: NotificationId) -> Response:  # noqa: A002
    """Note when it was first read; doing it again changes nothing."""
    return ok(application().users.mark_read(request.caller.user_id, id), NEVER)


@app.read("/users/me/export", ExportAnswer, "Take along one's data", scope=READ_ME)
def export_record(request: Request) -> Response:
    """Return everything that is stored about the caller."""
    return ok(application().users.export(request.caller.user_id), NEVER)


@app.on("DELETE", "/users/me", None, "Delete one's data", scope=WRITE_ME)
def delete_record(request: Request) -> Response:
    """Delete everything that is stored about the caller; their next request starts anew."""
    application().users.delete(request.caller.user_id)
    return Response(HTTPStatus.NO_CONTENT, b"", "", {})


def _record(answer: UserAnswer, version: int) -> Response:
    response = ok(answer, REVALIDATE)
    return response._replace(headers={**response.headers, "ETag": f'"{version:x}"'})


def _expected(request: Request) -> Collection[int] | None:
    """Return the versions that `If-Match` names; `None` where it asks for nothing.

    What is no tag of ours, a weak one among them, is of no version.
    """
    given = [each.strip() for each in request.header("if-match").split(",")]
    if given in ([""], ["*"]):
        return None
    return {int(tag[1], 16) for each in given if (tag := _TAG.fullmatch(each))}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/users/me`."""
    return respond(app, event, context)
