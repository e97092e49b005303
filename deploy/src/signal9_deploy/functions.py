"""All deployed functions: a new function is one entry here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from signal9_core.domain.queues import DELETIONS, INSIGHTS, NOTIFICATIONS
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    PricesUpdated,
    UserDeletionRequested,
)
from signal9_core.schemas.base import Request
from signal9_core.schemas.users import RecordPatch, TopicsPut, WatchlistPut, WizardPut
from signal9_core.tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    DATE_INDEX,
    FINANCIALS,
    MONTH_INDEX,
    NEWS,
    STALENESS_INDEX,
    STATE,
    TIME_SERIES,
    UNPUBLISHED_INDEX,
    USERS,
    WAITING_INDEX,
    IndexSpec,
    TableSpec,
)

__all__ = ["API", "AUTHORIZER", "FUNCTIONS", "JOBS", "Endpoint", "FunctionSpec", "Use"]

_PREFIX: Final = "/api/v1"


class Endpoint(NamedTuple):
    """A method of a path; an `open` one needs no token, `body` is the model of its body."""

    method: str
    path: str
    open: bool = False
    body: type[Request] | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A function's access to a table: it reads, it may write, it queries indexes."""

    table: TableSpec
    writes: bool = False
    indexes: tuple[IndexSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """A function: its handler, its triggers and its permissions.

    It handles `endpoints` or `events`, which come by a `queue` if it names one, plans work on the
    schedules (`plans`) or does it (`works`), runs every so many minutes, renews a secret that it
    `rotates`, handles failed events (`handles_failures`), checks tokens (`authorizes`) or the whole
    stage (`checks`). A queue
    has messages in batches for at most `max_concurrency` instances. Only those with `internet`
    access reach more than AWS; those that send `mails` have it where a stage sends any, since the
    VPC has no endpoint of SES. One that `scores` may call the model of sentiment that the stage
    names. One that `deletes` tells users how long backups last. `secrets` are names from
    `names.SECRETS`.
    """

    name: str
    handler: str
    uses: tuple[Use, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    events: tuple[type[Event], ...] = ()
    queue: str | None = None
    plans: bool = False
    works: bool = False
    batch_size: int = 10
    max_concurrency: int = 10
    every_minutes: int | None = None
    rotates: str | None = None
    handles_failures: bool = False
    authorizes: bool = False
    checks: bool = False
    publishes: bool = False
    notifies: bool = False
    deletes: bool = False
    mails: bool = False
    scores: bool = False
    internet: bool = False
    writes_cache: bool = False
    secrets: tuple[str, ...] = ()
    memory_mib: int = 512
    timeout_s: int = 30
    environment: Mapping[str, str] = field(default_factory=dict)


def _endpoints(
    *methods: str, paths: tuple[str, ...], open_: bool = False, body: type[Request] | None = None
) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(method, _PREFIX + path, open_, body) for path in paths for method in methods
    )


def _read(*paths: str, open_: bool = False) -> tuple[Endpoint, ...]:
    return _endpoints("GET", "HEAD", paths=paths, open_=open_)


# An unknown ticker is answered with suggestions from the index of names.
_COMPANIES: Final = Use(ASSETS, indexes=(COMPANY_NAME_INDEX,))
# Suggestions come from the compact listing, if there is one.
_LISTING: Final = Use(STATE)
_ARTICLES: Final = Use(NEWS, indexes=(MONTH_INDEX,))

API: Final = (
    FunctionSpec(
        name="Health",
        handler="signal9_handlers.api.health.handler",
        uses=(Use(STATE),),
        endpoints=_read("/health", open_=True),
    ),
    FunctionSpec(
        name="Assets",
        handler="signal9_handlers.api.assets.handler",
        uses=(_COMPANIES, Use(TIME_SERIES), _LISTING),
        endpoints=_read("/assets", "/assets/{ticker}", "/assets/{ticker}/prices", "/prices"),
        memory_mib=1024,
    ),
    FunctionSpec(
        name="Search",
        handler="signal9_handlers.api.search.handler",
        # The compact listing, from which the search index is built, is in State.
        uses=(_COMPANIES, Use(STATE)),
        endpoints=_read("/search"),
        memory_mib=1024,
    ),
    FunctionSpec(
        name="News",
        handler="signal9_handlers.api.news.handler",
        uses=(_COMPANIES, _ARTICLES, _LISTING),
        endpoints=_read("/news", "/news/{id}"),
    ),
    FunctionSpec(
        name="Briefing",
        handler="signal9_handlers.api.news.briefing_handler",
        # Recently viewed companies are in State.
        uses=(Use(USERS), Use(ASSETS), _ARTICLES, Use(STATE)),
        endpoints=_read("/news/briefing"),
    ),
    FunctionSpec(
        name="Financials",
        handler="signal9_handlers.api.financials.handler",
        uses=(_COMPANIES, Use(FINANCIALS), _LISTING),
        endpoints=_read("/financials/{ticker}"),
    ),
    FunctionSpec(
        name="Users",
        handler="signal9_handlers.api.users.handler",
        # Followers, notifications, recently viewed companies and the outbox are in State.
        uses=(Use(USERS, writes=True), _COMPANIES, Use(STATE, writes=True)),
        endpoints=(
            *_read("/users/me", "/users/me/notifications", "/users/me/export"),
            *_endpoints("DELETE", paths=("/users/me",)),
            *_endpoints("PATCH", paths=("/users/me",), body=RecordPatch),
            *_endpoints("PUT", paths=("/users/me/wizard",), body=WizardPut),
            *_endpoints("PUT", paths=("/users/me/topics",), body=TopicsPut),
            *_endpoints("PUT", paths=("/users/me/watchlist",), body=WatchlistPut),
            *_endpoints(
                "PUT", paths=("/users/me/viewed/{ticker}", "/users/me/notifications/{id}/read")
            ),
        ),
        publishes=True,
        deletes=True,
        memory_mib=1024,
    ),
)
"""One function per group of resources."""

JOBS: Final = (
    FunctionSpec(
        name="Plan",
        handler="signal9_handlers.jobs.plan",
        uses=(
            Use(ASSETS, indexes=(STALENESS_INDEX,)),
            Use(FINANCIALS, indexes=(DATE_INDEX,)),
            Use(STATE, writes=True),
        ),
        plans=True,
        secrets=("alphavantage", "alpaca"),
        memory_mib=1024,
        timeout_s=300,
    ),
    FunctionSpec(
        name="Work",
        handler="signal9_handlers.jobs.work",
        uses=(
            Use(ASSETS, writes=True, indexes=(COMPANY_NAME_INDEX, STALENESS_INDEX)),
            Use(TIME_SERIES, writes=True),
            Use(FINANCIALS, writes=True, indexes=(DATE_INDEX,)),
            Use(NEWS, writes=True),
            Use(STATE, writes=True),
        ),
        works=True,
        batch_size=1,  # a killed function holds up no more than that
        max_concurrency=2,
        publishes=True,
        internet=True,
        writes_cache=True,
        secrets=("alphavantage", "alpaca"),
        memory_mib=1024,
        timeout_s=300,
    ),
    FunctionSpec(
        name="Enhancement",
        handler="signal9_handlers.jobs.update_insights",
        uses=(
            Use(ASSETS, writes=True),
            Use(TIME_SERIES),
            Use(FINANCIALS),
            Use(NEWS, writes=True),
        ),
        events=(
            AssetDataUpdated,
            FinancialDataIngested,
            FinancialDataRestated,
            NewsIngested,
            PricesUpdated,
        ),
        queue=INSIGHTS,
        publishes=True,
        scores=True,
        timeout_s=120,
    ),
    FunctionSpec(
        name="Notification",
        handler="signal9_handlers.jobs.notify",
        uses=(
            Use(USERS),
            Use(NEWS),
            Use(FINANCIALS),
            Use(TIME_SERIES),
            Use(STATE, writes=True),
        ),
        events=(FinancialDataIngested, FinancialDataRestated, NewsIngested, PricesUpdated),
        queue=NOTIFICATIONS,
        timeout_s=120,
    ),
    FunctionSpec(
        name="UserDeletion",
        handler="signal9_handlers.jobs.delete_users",
        uses=(Use(USERS, writes=True), Use(STATE, writes=True)),
        events=(UserDeletionRequested,),
        queue=DELETIONS,
        timeout_s=600,
    ),
    FunctionSpec(
        name="Outbox",
        handler="signal9_handlers.jobs.publish_pending",
        uses=(Use(ASSETS, writes=True, indexes=(UNPUBLISHED_INDEX,)), Use(STATE, writes=True)),
        every_minutes=5,
        publishes=True,
        timeout_s=120,
    ),
    FunctionSpec(
        name="Delivery",
        handler="signal9_handlers.jobs.send_notifications",
        uses=(Use(USERS), Use(STATE, writes=True, indexes=(WAITING_INDEX,))),
        every_minutes=5,
        notifies=True,
        mails=True,
        timeout_s=300,
    ),
    FunctionSpec(
        name="Rotation",
        handler="signal9_handlers.rotation.handler",
        rotates="auth0",
        internet=True,
        timeout_s=120,
    ),
    FunctionSpec(
        name="Canary",
        handler="signal9_handlers.canary.handler",
        # Workers note the probes that they receive in State.
        uses=(Use(STATE),),
        checks=True,
        internet=True,
        secrets=("canary",),
        timeout_s=900,
    ),
    FunctionSpec(
        name="Failures",
        handler="signal9_handlers.failures.handler",
        handles_failures=True,
        timeout_s=5,
    ),
)
"""Functions that run in the background."""

AUTHORIZER: Final = FunctionSpec(
    name="Authorizer",
    handler="signal9_handlers.auth.authorizer.handler",
    internet=True,
    authorizes=True,
    timeout_s=10,
)
"""Checks bearer tokens with the keys that it fetches from the issuer."""

FUNCTIONS: Final = (*API, *JOBS, AUTHORIZER)
"""All functions."""
