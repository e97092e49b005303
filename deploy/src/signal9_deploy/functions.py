"""Every function that is deployed: one entry each, and nothing else to change for a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from signal9_core.events import (
    AssetDataUpdated,
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from signal9_core.schemas import RecordPatch, Request, TopicsPut, WatchlistPut, WizardPut
from signal9_core.tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    FINANCIALS,
    MONTH_INDEX,
    NEWS,
    STALENESS_INDEX,
    STATE,
    TIME_SERIES,
    USERS,
    IndexSpec,
    TableSpec,
)

__all__ = ["API", "AUTHORIZER", "FUNCTIONS", "JOBS", "Endpoint", "FunctionSpec", "Use"]

_PREFIX: Final = "/api/v1"


class Endpoint(NamedTuple):
    """A method of a path; an `open` one needs no token, a `body` must be of this kind."""

    method: str
    path: str
    open: bool = False
    body: type[Request] | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What a function does with a table: it gets and queries, it may write, it reads indexes."""

    table: TableSpec
    writes: bool = False
    indexes: tuple[IndexSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """A function by its handler, with all that it is given and allowed, and no more.

    It answers `endpoints`, hears of `events`, is `polled` by the clock, `reports` failures,
    `judges` tokens, or `rotates` the key with which one that `signs` cursors does so. One that
    `goes_out` reaches the internet; the others reach AWS alone. One that `caches` keeps what it was
    answered there. `secrets` are named as in `secrets.SECRETS`.
    """

    name: str
    handler: str
    uses: tuple[Use, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    events: tuple[type[Event], ...] = ()
    polled: bool = False
    reports: bool = False
    publishes: bool = False
    notifies: bool = False
    goes_out: bool = False
    judges: bool = False
    caches: bool = False
    signs: bool = False
    rotates: bool = False
    secrets: tuple[str, ...] = ()
    memory_mib: int = 512
    timeout_s: int = 30
    environment: Mapping[str, str] = field(default_factory=dict)


def _on(
    *methods: str,
    paths: tuple[str, ...],
    open_: bool = False,
    body: type[Request] | None = None,
) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(method, _PREFIX + path, open_, body) for path in paths for method in methods
    )


def _read(*paths: str, open_: bool = False) -> tuple[Endpoint, ...]:
    return _on("GET", "HEAD", paths=paths, open_=open_)


# A wrong ticker is answered with the nearest right ones, which the index over names knows.
_COMPANIES: Final = Use(ASSETS, indexes=(COMPANY_NAME_INDEX,))
# They are looked for in the compact listing, where there is one.
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
        signs=True,
        memory_mib=1024,
    ),
    FunctionSpec(
        name="Search",
        handler="signal9_handlers.api.search.handler",
        # The listing that the index is built from is state.
        uses=(_COMPANIES, Use(STATE)),
        endpoints=_read("/search"),
        memory_mib=1024,
    ),
    FunctionSpec(
        name="News",
        handler="signal9_handlers.api.news.handler",
        uses=(_COMPANIES, _ARTICLES, _LISTING),
        endpoints=_read("/news"),
        signs=True,
    ),
    FunctionSpec(
        name="Briefing",
        handler="signal9_handlers.api.news.briefing_handler",
        # What a caller looked at of late is state.
        uses=(Use(USERS), Use(ASSETS), _ARTICLES, Use(STATE)),
        endpoints=_read("/news/briefing"),
        signs=True,
    ),
    FunctionSpec(
        name="Financials",
        handler="signal9_handlers.api.financials.handler",
        uses=(_COMPANIES, Use(FINANCIALS), _LISTING),
        endpoints=_read("/financials/{ticker}"),
        signs=True,
    ),
    FunctionSpec(
        name="Users",
        handler="signal9_handlers.api.users.handler",
        # Followers, notifications, what was looked at and what is still to be announced are state.
        uses=(Use(USERS, writes=True), _COMPANIES, Use(STATE, writes=True)),
        endpoints=(
            *_read("/users/me", "/users/me/notifications", "/users/me/export"),
            *_on("DELETE", paths=("/users/me",)),
            *_on("PATCH", paths=("/users/me",), body=RecordPatch),
            *_on("PUT", paths=("/users/me/wizard",), body=WizardPut),
            *_on("PUT", paths=("/users/me/topics",), body=TopicsPut),
            *_on("PUT", paths=("/users/me/watchlist",), body=WatchlistPut),
            *_on("PUT", paths=("/users/me/viewed/{ticker}", "/users/me/notifications/{id}/read")),
        ),
        publishes=True,
        signs=True,
        memory_mib=1024,
    ),
)
"""One function per group of resources."""

JOBS: Final = (
    FunctionSpec(
        name="Ingest",
        handler="signal9_handlers.jobs.ingest",
        uses=(
            Use(ASSETS, writes=True, indexes=(STALENESS_INDEX,)),
            Use(TIME_SERIES, writes=True),
            Use(FINANCIALS, writes=True),
            Use(NEWS, writes=True),
            Use(STATE, writes=True),
        ),
        polled=True,
        publishes=True,
        goes_out=True,
        caches=True,
        secrets=("alphavantage", "alpaca"),
        memory_mib=1024,
        timeout_s=900,
    ),
    FunctionSpec(
        name="Enhancement",
        handler="signal9_handlers.jobs.update_insights",
        uses=(Use(ASSETS, writes=True), Use(TIME_SERIES), Use(NEWS, writes=True)),
        events=(AssetDataUpdated, NewsIngested, PricesUpdated),
        publishes=True,
        timeout_s=120,
    ),
    FunctionSpec(
        name="Notification",
        handler="signal9_handlers.jobs.notify",
        uses=(Use(USERS), Use(NEWS), Use(STATE, writes=True)),
        events=(EarningsScheduled, FinancialDataIngested, NewsIngested),
        notifies=True,
        timeout_s=120,
    ),
    FunctionSpec(
        name="Failures",
        handler="signal9_handlers.failures.handler",
        reports=True,
        timeout_s=5,
    ),
    FunctionSpec(
        name="Rotation",
        handler="signal9_handlers.jobs.rotation.handler",
        rotates=True,
    ),
)
"""What nobody waits for."""

AUTHORIZER: Final = FunctionSpec(
    name="Authorizer",
    handler="signal9_handlers.auth.authorizer.handler",
    goes_out=True,
    judges=True,
    timeout_s=10,
)
"""Who judges bearer tokens; it fetches the issuer's keys."""

FUNCTIONS: Final = (*API, *JOBS, AUTHORIZER)
"""All of them."""
