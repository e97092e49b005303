"""Ports: what the core needs from providers of market data, with their quotas and raw bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Final,
    Generic,
    NamedTuple,
    Protocol,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from .domain.adjustment import AdjustedCloses, CorporateAction
    from .domain.companies import Asset, CompanyOverview, DataSet, ListName
    from .domain.coverage import Coverage, Received
    from .domain.model import Ticker
    from .domain.news import NewsArticle
    from .domain.prices import PriceSeries
    from .domain.reports import Earnings, EarningsCalendarEntry, Report, ReportKind, Statement
    from .errors import ProviderError

LARGEST_BODY: Final = 64 * 1024 * 1024
"""How many bytes a body may have, decompressed; every known response has far fewer."""

_T_co = TypeVar("_T_co", covariant=True)


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
    received. Both are `None` if unknown. `request` holds the parameters of its request, if known.
    """

    file: str
    provider: str
    function: str
    symbol: str | None
    at: datetime | None
    read: Callable[[], bytes]
    request: Mapping[str, str] = field(default_factory=dict, compare=False)


class UnreadFile(NamedTuple):
    """A file that cannot be a response, and the reason."""

    file: str
    reason: str


class RawCopies(Protocol):
    """A collection of raw responses."""

    def copies(self) -> Iterable[RawCopy]:
        """Return all of them, in any order; reading a damaged one raises `StoreError`."""

    def unread(self) -> Iterable[UnreadFile]:
        """Return the files that are no responses, without hidden ones."""


class Unreadable(NamedTuple):
    """A company about which a body says something that cannot be read, and the reason."""

    ticker: Ticker
    reason: str


Record: TypeAlias = (
    "AdjustedCloses | Asset | CompanyOverview | CorporateAction | EarningsCalendarEntry"
    " | NewsArticle | PriceSeries | Report | Unreadable"
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
    response with so many bars or articles is complete. `action_lists` names functions whose
    responses have all actions of one kind, and the kind; together they have every one.
    `functions_like` returns the functions whose responses look like a body, none if it could be
    anything. `checked` names functions whose parsers check every value themselves, so that what is
    wrong with one company is `Unreadable`, and the rest is read. `symbols` returns the companies
    that the parameters of a request name.
    """

    parsers: Mapping[str, Parser]
    canonical: Callable[[str], Ticker]
    data_sets: Mapping[str, DataSet]
    action_functions: Container[str]
    is_whole: Callable[[str, int], bool]
    action_lists: Mapping[str, str] = MappingProxyType({})
    functions_like: Callable[[bytes], Collection[str]] = lambda body: ()  # noqa: ARG005
    checked: Container[str] = ()
    symbols: Callable[[Mapping[str, str]], Sequence[str]] = lambda request: ()  # noqa: ARG005

    def functions_of(self, data_set: DataSet) -> frozenset[str]:
        """Return the functions whose responses belong to a data set."""
        return frozenset(name for name, about in self.data_sets.items() if about is data_set)


class Vintage(NamedTuple, Generic[_T_co]):
    """The records of one response, and when it came."""

    at: datetime
    records: Sequence[_T_co]


class Financials(NamedTuple):
    """The statements and earnings of a company.

    Recorded responses are `vintages`, in any order.
    """

    statements: Sequence[Statement] = ()
    earnings: Sequence[Earnings] = ()
    vintages: Sequence[Vintage[Report]] = ()


class History(NamedTuple):
    """Daily bars, splits and dividends of a company.

    No split and no dividend of the days of `coverage` is missing; it has no days if the source
    promises none. `complete` says whether there are no bars before the first. `adjusted_closes` are
    those of responses with any: they are compared and not stored.

    Of recorded responses, `spans` are the days with bars, without a hole between them;
    `bars_received` says when those of a day came, `splits_received` and `dividends_received` when
    all of a day came: others that are stored of these days were withdrawn.
    """

    bars: PriceSeries | None
    actions: Sequence[CorporateAction] = ()
    coverage: Coverage = ()
    complete: bool = True
    adjusted_closes: Sequence[AdjustedCloses] = ()
    spans: Coverage = ()
    bars_received: Sequence[Received] = ()
    splits_received: Sequence[Received] | None = None
    dividends_received: Sequence[Received] | None = None


class Provider(Protocol):
    """A source of market data.

    Every method raises `ProviderError` if it gets no answer. `None` or nothing means that the
    provider has nothing of that kind, or does not know the company.
    """

    @property
    def name(self) -> str:
        """The name of the source, such as `alpaca`."""

    @property
    def calls(self) -> Mapping[DataSet | ListName, int]:
        """How many requests a list, or a data set of a company, takes; it has nothing else."""

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

    def news(
        self, ticker: Ticker, since: datetime | None = None
    ) -> Iterable[NewsArticle | Vintage[NewsArticle]]:
        """Return articles that mention the company, published at or after `since`.

        Recorded responses are returned as vintages, in any order.
        """


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider that returns data of several companies at once.

    Of what it cannot return of one company, the error is that company's answer. The methods raise
    `ProviderError` only for what is wrong with all of them.
    """

    @property
    def batch_sizes(self) -> Mapping[DataSet, int]:
        """Of how many companies `calls` requests return a data set; absent for one at a time."""

    def histories(
        self, since: Mapping[Ticker, date | None]
    ) -> Mapping[Ticker, History | ProviderError | None]:
        """Return for each company what `history` does, since its own day."""

    def articles_about(
        self, since: Mapping[Ticker, datetime | None]
    ) -> Mapping[Ticker, Sequence[NewsArticle] | ProviderError]:
        """Return for each company what `news` does, since its own moment."""
