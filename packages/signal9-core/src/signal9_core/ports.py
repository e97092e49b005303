"""The time, as something that is passed in."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple, Protocol, TypeAlias

from .domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    NewsArticle,
    Notification,
    PriceSeries,
    Report,
    ReportKind,
    Statement,
    Ticker,
)
from .events import Event
from .tables import IndexSpec, TableSpec

__all__ = [
    "ABSENT",
    "ALL_REPORTS",
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
"""Returns the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Return the present instant by this machine's clock, in UTC."""
    return datetime.now(UTC)


class Quota(Protocol):
    """The budget of calls to one provider, shared by everyone who has the same key."""

    def reserve(self, calls: int = 1) -> None:
        """Take that many calls from the budget, before they are made; every retry is a call too.

        Where they are not to be had now, it waits or raises `QuotaExhaustedError`, which says from
        when on they are, as its owner chose.
        """

    def require(self, calls: int) -> None:
        """Raise `QuotaExhaustedError` where fewer calls are left of its day; take nothing.

        A question that takes several calls asks first, so that it does not break off half way.
        """

    def refund(self, calls: int = 1) -> None:
        """Give back calls that were reserved and never sent."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Hear from the provider that nothing is left before `until`, or (`None`) for its day.

        It may know better than the budget, where others use the same key. Nothing is granted
        before the instant returned, which is `None` only where it cannot be told.
        """


Value = str | int | bool | Decimal | bytes | None | Sequence["Value"] | Mapping[str, "Value"]
"""What an attribute may hold. Floats are refused; a Decimal has at most 38 significant digits."""

Item = Mapping[str, Value]
"""A record: attribute names to values, its key attributes among them."""

Key = Mapping[str, str]
"""The key attributes of one item."""

Cursor = Mapping[str, str]
"""Where a query stopped: the key attributes (of table and index) of the last item seen."""

ABSENT: Final = 0
"""As an expected version: there must be no such item yet."""


class Stored(NamedTuple):
    """An item as it stands in the store; `version` is new with every write, and opaque.

    What an index that carries only some attributes returns is part of an item; its version is
    `ABSENT`, so that writing it back under that version never replaces the whole.
    """

    item: Item
    version: int


class Page(NamedTuple):
    """Part of an answer; `cursor` continues it and is `None` at the end."""

    items: list[Stored]
    cursor: Cursor | None


class Span(NamedTuple):
    """Sort keys from `first` to `last`, both included; `None` leaves that side open."""

    first: str | None = None
    last: str | None = None


class Store(Protocol):
    """Ordered partitions of items in the tables of `signal9_core.tables`.

    Expired items (`TableSpec.ttl_attribute`) count as absent everywhere. Every method raises
    `StoreUnavailableError` once its bounded retries are used up.
    """

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return those that exist, in no particular order; each once, however often asked."""

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item, replacing any with the same key, and return its new version.

        With `expected`, only over that version (`ABSENT`: over nothing), else `ConflictError`.
        """

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item, replacing any with the same key; of equal keys the last one stays.

        Not atomic, but never half done in silence: what could not be written raises.
        """

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free; return the others, untouched."""

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Remove an item if it is there; with `expected`, that version or `ConflictError`."""

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
        """Return one partition of the table or index in the order of its sort key.

        `span` and `prefix` are exclusive. Sort keys compare by their UTF-8 bytes; equal ones, in an
        index, are ordered somehow, and the same way every time. Without `limit` the whole answer
        comes back; with it, at most that many items, and a cursor unless they are surely the last.

        Of a table, `consistent` items stand as of the last completed write; for half the price each
        may be as it was a moment before, or missing if it is as young. Of an index, all may.
        """


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A whole body that a provider sent with success, and what had been asked.

    `function` is what the provider calls the question (`OVERVIEW`, `stocks_bars`), `request` its
    parameters without any key; `ticker` is `None` where it was not about exactly one company.
    Neither request nor body holds a key: the client has cut it out, whatever the provider echoes.
    """

    provider: str
    function: str
    ticker: Ticker | None
    request: Mapping[str, str]
    body: bytes
    received_at: datetime


class RawCache(Protocol):
    """Keeps raw responses, so that the tables can be rebuilt without a call."""

    def keep(self, response: RawResponse) -> None:
        """Keep one response; one that is kept already, byte for byte, is not kept twice."""


@dataclass(frozen=True, slots=True)
class RawCopy:
    """One kept body: `file` names it for a person, `read` returns it.

    `symbol` is whom it may be about, as the provider spells it, and `at` when it came, where known.
    """

    file: str
    provider: str
    function: str
    symbol: str | None
    at: datetime | None
    read: Callable[[], bytes]


class RawCopies(Protocol):
    """Whatever was kept."""

    def copies(self) -> Iterable[RawCopy]:
        """Return every copy, in no particular order; `StoreError` where they cannot be read."""


class EventPublisher(Protocol):
    """Announces what changed to whoever listens."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over every event, in order; `PublishError` where some were refused to the end."""


class Notifier(Protocol):
    """Tells users what they asked to be told."""

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Hand over every notification; `PublishError` where some were refused to the end."""


class Progress(Protocol):
    """Hears how far a long step is; a terminal draws a bar from it, a test or Lambda ignores it."""

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """`done` of `total` units of this data set are finished."""


Record: TypeAlias = (
    Asset
    | CompanyOverview
    | CorporateAction
    | EarningsCalendarEntry
    | NewsArticle
    | PriceSeries
    | Report
)
"""A fact that a body may hold; a `PriceSeries` is a run of them."""


class Parser(Protocol):
    """Reads the bodies of one function of one provider, JSON and CSV alike."""

    def __call__(self, body: bytes, ticker: Ticker | None) -> Iterable[Record]:
        """Return every fact in `body`; `ticker` is whom it is about where it does not say so.

        `ProviderError` where it is an error text, or not what the provider documents. Nothing for
        an empty answer.
        """


class ProviderFormat(NamedTuple):
    """How the recorded responses of a provider are read.

    `parsers` go by function (`OVERVIEW`, `stocks_bars`), JSON and CSV alike. `data_sets` says what
    a response about one company belongs to, even if it is empty; responses of `action_functions`
    leave out no split and no dividend of their days; `is_whole` says whether a response with that
    many bars or articles is all there is.
    """

    parsers: Mapping[str, Parser]
    canonical: Callable[[str], Ticker]
    data_sets: Mapping[str, DataSet]
    action_functions: Container[str]
    is_whole: Callable[[str, int], bool]

    def functions_of(self, data_set: DataSet) -> frozenset[str]:
        """Return the functions whose responses belong to a data set."""
        return frozenset(name for name, about in self.data_sets.items() if about is data_set)


ALL_REPORTS: Final = frozenset(ReportKind)
"""Whatever is reported about a company."""


class Financials(NamedTuple):
    """Everything reported about one company: statements of all three kinds, and its earnings."""

    statements: Sequence[Statement] = ()
    earnings: Sequence[Earnings] = ()


class History(NamedTuple):
    """Daily bars of one company, oldest first, and what it did to its shares meanwhile.

    `coverage` names the days, both included, of which no split and no dividend is missing; `None`
    if the source does not promise any. `complete` says whether there are no bars before the first.
    """

    bars: PriceSeries | None
    actions: Sequence[CorporateAction] = ()
    coverage: tuple[date, date] | None = None
    complete: bool = True


class Provider(Protocol):
    """A source of market data under a name, as `alphavantage`, `alpaca` or `sample`.

    Every method raises `ProviderError` where there is no answer. `None` and empty answers are
    answers: the provider knows the company and has nothing of that kind, or does not know it.
    """

    @property
    def name(self) -> str:
        """How freshness and the API call this source."""

    @property
    def notice(self) -> str | None:
        """What people must know who see its data, such as where it ends; `None` for nothing."""

    def retrieved_at(self) -> datetime:
        """Return the instant for which its next answers hold: now, where a network is asked."""

    def covered(self) -> Sequence[Ticker] | None:
        """Return the companies that it has data of; `None` where they are too many to tell."""

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Tell whether an answer of that many reports or articles is all that there is.

        It is about answers without a beginning (`since`). Of bars, a `History` tells itself.
        """

    def assets(self) -> Iterable[Asset]:
        """Return every company that it lists; may be large."""

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars, splits and dividends since a day, or all there are."""

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return all reports of these kinds of one company."""

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return announced dates of coming earnings reports."""

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return articles that mention the company, published at or after `since`."""


class SentimentScorer(Protocol):
    """Judges a text about a company."""

    @property
    def name(self) -> str:
        """What an article's `scoredBy` says."""

    def score(self, text: str) -> float:
        """Return the tone of `text`, from -1 (bearish) to 1 (bullish); 0 where it says nothing."""
