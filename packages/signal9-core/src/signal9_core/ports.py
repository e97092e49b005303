"""Ports: what the core needs from stores, providers, publishers and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable
    from datetime import date

    from .domain.adjustment import CorporateAction
    from .domain.companies import Asset, CompanyOverview, DataSet
    from .domain.model import Ticker
    from .domain.news import NewsArticle
    from .domain.prices import PriceSeries
    from .domain.reports import Earnings, EarningsCalendarEntry, Report, ReportKind, Statement
    from .domain.users import Notification
    from .events import Event
    from .tables import IndexSpec, TableSpec

__all__ = [
    "ABSENT",
    "Clock",
    "Cursor",
    "EventPublisher",
    "Financials",
    "History",
    "Item",
    "Key",
    "Notifier",
    "Page",
    "Parser",
    "Progress",
    "Provider",
    "ProviderFormat",
    "Quota",
    "RawCache",
    "RawCopies",
    "RawCopy",
    "RawResponse",
    "Record",
    "SentimentScorer",
    "Span",
    "Store",
    "Stored",
    "Value",
    "utc_now",
]

Clock = Callable[[], datetime]
"""Returns the current time, aware and in UTC."""


def utc_now() -> datetime:
    """Return the current time of this machine, in UTC."""
    return datetime.now(UTC)


Value = str | int | bool | Decimal | bytes | None | Sequence["Value"] | Mapping[str, "Value"]
"""The value of an attribute: no floats, and at most 38 significant digits in a Decimal."""

Item = Mapping[str, Value]
"""A stored record: values by attribute name, key attributes included."""

Key = Mapping[str, str]
"""The key attributes of an item."""

Cursor = Mapping[str, str]
"""Where a query stopped: the key attributes (of table and index) of the last item."""

ABSENT: Final = 0
"""The expected version of an item that must not exist yet."""


class Stored(NamedTuple):
    """An item with its version, which is opaque and changes with every write.

    An index with only some attributes returns partial items. Their version is `ABSENT`, so that
    writing one back never replaces the whole item.
    """

    item: Item
    version: int


class Page(NamedTuple):
    """A page of a query; `cursor` continues it and is `None` at the end."""

    items: list[Stored]
    cursor: Cursor | None


class Span(NamedTuple):
    """Sort keys from `first` to `last`, both included; `None` leaves that side open."""

    first: str | None = None
    last: str | None = None


class Store(Protocol):
    """Ordered partitions of items in the tables of `signal9_core.tables`.

    Expired items (`TableSpec.ttl_attribute`) do not exist for any method. Every method raises
    `StoreUnavailableError` after a bounded number of retries.
    """

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return the items that exist, in any order, each once."""

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write an item, replacing any with the same key, and return its new version.

        With `expected`, `ConflictError` if the stored item has another version.
        """

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write items, replacing any with the same key; the last one of equal keys stays.

        Not atomic, but it raises unless everything was written.
        """

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key does not exist; return the others."""

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Delete an item if it exists; with `expected`, `ConflictError` for another version."""

    def query(
        self,
        table: TableSpec,
        partition: str,
        *,
        index: IndexSpec | None = None,
        span: Span | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        cursor: Cursor | None = None,
        consistent: bool = True,
    ) -> Page:
        """Return a partition of the table or index in the order of its sort key.

        `span` and `prefix` exclude each other. Sort keys are ordered by their UTF-8 bytes; equal
        ones of an index in any order, which is always the same. With `limit`, there are at most so
        many items, and a cursor unless they are surely the last. `InputError` for a cursor of
        another query.

        With `consistent`, a table's items are as of the last completed write. Otherwise, and in an
        index, they may be slightly out of date, for half the price.
        """


class Quota(Protocol):
    """The budget of requests to a provider, shared by all processes that use the same key."""

    def reserve(self, calls: int = 1) -> None:
        """Take requests from the budget before they are sent; every retry is a request, too.

        Waits for a short time if there are none, then raises `QuotaExhaustedError`.
        """

    def require(self, calls: int) -> None:
        """Raise `QuotaExhaustedError` if fewer requests are left of the day; take nothing.

        For something that takes several requests, so that it does not stop halfway.
        """

    def refund(self, calls: int = 1) -> None:
        """Return requests that were reserved and never sent."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Grant nothing before `until`, or until the end of the provider's day.

        Called when the provider says so: others may use the same key. Returns until when nothing is
        granted, `None` if that is unknown.
        """


@dataclass(frozen=True, slots=True)
class RawResponse:
    """The body of a successful response, and its request; neither has a key in it.

    `function` is the endpoint's name at the provider (`OVERVIEW`, `stocks_bars`); `ticker` is
    `None` unless the response is about exactly one company.
    """

    provider: str
    function: str
    ticker: Ticker | None
    request: Mapping[str, str]
    body: bytes
    received_at: datetime


class RawCache(Protocol):
    """Stores raw responses, so that the tables can be rebuilt without requests."""

    def keep(self, response: RawResponse) -> None:
        """Store a response, unless the same body is stored already."""


@dataclass(frozen=True, slots=True)
class RawCopy:
    """A stored body: `file` names it for people, `read` returns it.

    `symbol` is the company that it may be about, as the provider spells it; `at` is when it was
    received. Both are `None` if unknown.
    """

    file: str
    provider: str
    function: str
    symbol: str | None
    at: datetime | None
    read: Callable[[], bytes]


class RawCopies(Protocol):
    """A collection of raw responses."""

    def copies(self) -> Iterable[RawCopy]:
        """Return all of them, in any order; `StoreError` if they cannot be read."""


class EventPublisher(Protocol):
    """Sends events to subscribers."""

    def publish(self, events: Sequence[Event]) -> None:
        """Send events, in order; `PublishError` if some were refused even after retries."""


class Notifier(Protocol):
    """Sends notifications to users."""

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Send notifications; `PublishError` has those that were refused even after retries."""


class Progress(Protocol):
    """Shows how far a long task is."""

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """`done` of `total` units of this data set are finished."""


Record: TypeAlias = (
    "Asset | CompanyOverview | CorporateAction | EarningsCalendarEntry | NewsArticle"
    " | PriceSeries | Report"
)
"""A fact in a body; a `PriceSeries` is many of them."""


class Parser(Protocol):
    """Reads the bodies of one function of one provider, JSON and CSV alike."""

    def __call__(self, body: bytes, ticker: Ticker | None) -> Iterable[Record]:
        """Return the facts in `body`; `ticker` is the company if the body does not name it.

        `ProviderError` for an error text, or for a body that is not as documented.
        """


class ProviderFormat(NamedTuple):
    """How the recorded responses of a provider are read, by function (`OVERVIEW`, `stocks_bars`).

    `data_sets` says what a response about one company belongs to, even if it is empty; responses of
    `action_functions` have every split and dividend of their days; `is_whole` says whether a
    response with so many bars or articles is complete.
    """

    parsers: Mapping[str, Parser]
    canonical: Callable[[str], Ticker]
    data_sets: Mapping[str, DataSet]
    action_functions: Container[str]
    is_whole: Callable[[str, int], bool]

    def functions_of(self, data_set: DataSet) -> frozenset[str]:
        """Return the functions whose responses belong to a data set."""
        return frozenset(name for name, about in self.data_sets.items() if about is data_set)


class Financials(NamedTuple):
    """The statements and earnings of a company."""

    statements: Sequence[Statement] = ()
    earnings: Sequence[Earnings] = ()


class History(NamedTuple):
    """Daily bars, splits and dividends of a company.

    No split and no dividend of the days of `coverage`, both included, is missing; `None` if the
    source promises no days. `complete` says whether there are no bars before the first.
    """

    bars: PriceSeries | None
    actions: Sequence[CorporateAction] = ()
    coverage: tuple[date, date] | None = None
    complete: bool = True


class Provider(Protocol):
    """A source of market data.

    Every method raises `ProviderError` if it gets no answer. `None` or nothing means that the
    provider has nothing of that kind, or does not know the company.
    """

    @property
    def name(self) -> str:
        """The name of the source, such as `alpaca`."""

    @property
    def notice(self) -> str | None:
        """What readers of its data must know, such as where it ends."""

    def retrieved_at(self) -> datetime:
        """Return the time of which its next answers are: now, for a provider on the network."""

    def covered(self) -> Sequence[Ticker] | None:
        """Return the companies that it has data of; `None` if they are too many to list."""

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Return whether so many reports or articles, of a request without `since`, are all."""

    def assets(self) -> Iterable[Asset]:
        """Return all listed companies."""

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the description of a company."""

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars, splits and dividends since a day, or all there are."""

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ...) -> Financials:
        """Return the reports of a company: all, or of these kinds."""

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return the announced dates of earnings reports."""

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return articles that mention the company, published at or after `since`."""


class SentimentScorer(Protocol):
    """Scores the sentiment of a text about a company."""

    @property
    def name(self) -> str:
        """The name that an article's `scoredBy` has."""

    def score(self, text: str) -> float:
        """Return the sentiment of `text`, from -1 (bearish) to 1 (bullish); 0 if it has none."""
