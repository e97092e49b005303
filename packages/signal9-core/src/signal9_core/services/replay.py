"""Raw bodies, understood: what they hold, or why they are left out."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Final, NamedTuple

from ..domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    Report,
    ReportKind,
    Statement,
    Ticker,
    merge,
)
from ..errors import ProviderError, StoreError
from ..ports import (
    ALL_REPORTS,
    Financials,
    History,
    Parser,
    Progress,
    Provider,
    ProviderFormat,
    RawCopies,
    RawCopy,
    Record,
)
from .ingest import IngestCalendar, IngestCompany, IngestListing, Outcome

__all__ = ["Library", "Read", "Replay", "Replayed", "Shelf", "Skipped"]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_REMEMBERED: Final = 128
"""So many bodies are not read anew at once: one that is about many companies comes up for each."""
_TEXTS: Final = frozenset({"Error Message", "Information", "Note", "code", "message"})


class Skipped(NamedTuple):
    """A file that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Read:
    """A body that was understood; `records` reads it, each time anew.

    `whole` tells whether its bars or articles are all that there are.
    """

    copy: RawCopy
    ticker: Ticker | None
    records: Callable[[], Sequence[Record]]
    dialect: ProviderFormat
    whole: bool

    @property
    def tells_actions(self) -> bool:
        """Whether no split and no dividend is missing."""
        return self.copy.function in self.dialect.action_functions

    @property
    def order(self) -> tuple[datetime, str]:
        """What later ones have more of; those of which nobody knows when they came are first."""
        return self.copy.at or _NEVER, self.copy.file


@dataclass(frozen=True)
class Library:
    """Reads copies; `finished` tells the last day whose trading was over at a moment."""

    dialects: Mapping[str, ProviderFormat]
    finished: Callable[[datetime], date]
    _recent: dict[str, Sequence[Record]] = field(default_factory=dict, init=False)

    def read(self, copy: RawCopy) -> "Read | Skipped":
        """Return what can be read of a copy, or why it cannot."""
        dialect = self.dialects.get(copy.provider)
        if dialect is None:
            return Skipped(copy.file, f"no provider is called {copy.provider}")
        ticker = None if copy.symbol is None else dialect.canonical(copy.symbol)
        parser = dialect.parsers.get(copy.function)
        try:
            if parser is None:
                return Skipped(copy.file, _unknown(copy))
            records = list(parser(copy.read(), ticker))
        except (ProviderError, StoreError) as error:
            return Skipped(copy.file, str(error))
        whole = dialect.is_whole(copy.function, _count(records))
        self._remember(copy, records)
        return Read(copy, ticker, partial(self._records, copy, parser, ticker), dialect, whole)

    def _records(self, copy: RawCopy, parser: Parser, ticker: Ticker | None) -> Sequence[Record]:
        known = self._recent.pop(copy.file, None)
        if known is not None:
            self._recent[copy.file] = known
            return known
        return self._remember(copy, parser(copy.read(), ticker))

    def _remember(self, copy: RawCopy, records: Iterable[Record]) -> Sequence[Record]:
        kept = list(records if copy.at is None else self._cut(records, self.finished(copy.at)))
        self._recent[copy.file] = kept
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return kept

    def _cut(self, records: Iterable[Record], last: date) -> Iterator[Record]:
        """Yield records without what is of a day that was not over yet."""
        for record in records:
            match record:
                case PriceSeries():
                    yield record.between(None, last)
                case CorporateAction() if record.ex_date > last:
                    continue
                case _:
                    yield record


def _count(records: Sequence[Record]) -> int:
    """Return how many bars there are or, without any, how many records."""
    bars = (len(each) for each in records if isinstance(each, PriceSeries))
    return max(bars, default=len(records))


def _unknown(copy: RawCopy) -> str:
    try:
        found = json.loads(copy.read())
    except ValueError:
        found = None
    if isinstance(found, dict) and found and set(found) <= _TEXTS:
        return "an error text in place of data"
    return f"{copy.function} is not kept in any table"


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Shelf:
    """A `Provider` of what some copies hold; it is called as the provider of the latest one."""

    name: str = ""
    notice: str | None = None
    _at: datetime = _LONG_AGO
    _assets: dict[Ticker, Asset] = field(default_factory=dict)
    _overviews: dict[Ticker, CompanyOverview] = field(default_factory=dict)
    _series: dict[Ticker, PriceSeries] = field(default_factory=dict)
    _actions: dict[tuple[object, ...], CorporateAction] = field(default_factory=dict)
    _told: tuple[date, date] | None = None
    _told_before_bars: bool = False
    _complete: bool = True
    _heard: set[str] = field(default_factory=set)
    _unheard: frozenset[str] = frozenset()
    _reports: dict[tuple[object, ...], Report] = field(default_factory=dict)
    _entries: dict[tuple[object, ...], EarningsCalendarEntry] = field(default_factory=dict)
    _articles: dict[str, NewsArticle] = field(default_factory=dict)

    @classmethod
    def of(cls, reads: Iterable[Read], ticker: Ticker) -> "Shelf":
        """Put what copies say of a company on a shelf, in order of time."""
        shelf = cls()
        for read in sorted(reads, key=lambda each: each.order):
            records = [each for each in read.records() if not _is_about_others(each, ticker, read)]
            shelf.note(read, records)
            for record in records:
                shelf.add(record)
        return shelf

    def note(self, read: Read, records: Sequence[Record]) -> None:
        """Note what a copy says beside its records, before these are added."""
        bars = next((each for each in records if isinstance(each, PriceSeries) and len(each)), None)
        if bars is not None:
            before = self._series.get(bars.ticker)
            meets = before is not None and bars.day(0) <= before.day(-1)
            self._complete = read.whole or (self._complete and meets)
        elif not self._heard:
            self._complete = read.whole
        if read.tells_actions:
            self._note_told(bars or next(iter(self._series.values()), None))
        self._heard.add(read.copy.function)
        self._unheard = read.dialect.functions_of(DataSet.FINANCIALS) - self._heard
        self.name = read.copy.provider
        self._at = max([self._at, *_moments(read, records)])

    def _note_told(self, bars: PriceSeries | None) -> None:
        """Note that a copy tells of all splits and dividends of the days of some bars."""
        if bars is None or not len(bars):
            self._told_before_bars = True
            return
        days = [bars.day(0), bars.day(-1), *(self._told or ())]
        self._told = min(days), max(days)

    def add(self, record: Record) -> None:
        """Add a fact, over what was said before."""
        match record:
            case Asset():
                self._assets[record.ticker] = record
            case CompanyOverview():
                self._overviews[record.ticker] = record
            case CorporateAction():
                self._actions[record.ticker, record.ex_date, record.kind] = record
            case EarningsCalendarEntry():
                self._entries[record.ticker, record.report_date] = record
            case NewsArticle():
                self._articles[record.id] = record
            case PriceSeries():
                before = self._series.get(record.ticker)
                self._series[record.ticker] = record if before is None else _over(before, record)
            case Report():
                key = (record.ticker, record.kind, record.period, record.fiscal_date_ending)
                self._reports[key] = record

    def retrieved_at(self) -> datetime:
        """Return when the latest copy came."""
        return self._at

    def covered(self) -> Sequence[Ticker]:
        """Return whom it has prices of; what is wanted is asked for by name anyway."""
        return tuple(self._series)

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - as each copy says
        """Tell whether all reports were asked for, or the first answer had all news."""
        return self._complete if data_set is DataSet.NEWS else not self._unheard

    def assets(self) -> Iterable[Asset]:
        """Return the companies that the copies list."""
        return self._assets.values()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""
        return self._overviews.get(ticker)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars, splits and dividends."""
        bars = self._series.get(ticker)
        actions = [each for each in self._actions.values() if each.ticker == ticker]
        if self._told_before_bars and self._told is None:
            self._note_told(bars)
        bars = None if bars is None else bars.between(since)
        return History(bars, actions, self._told, self._complete)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return all reports of one company."""
        reports = [
            each for each in self._reports.values() if each.ticker == ticker and each.kind in kinds
        ]
        return Financials(
            [each for each in reports if isinstance(each, Statement)],
            [each for each in reports if isinstance(each, Earnings)],
        )

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return announced dates."""
        return self._entries.values()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:  # noqa: ARG002 - they were gathered for this company
        """Return the articles, whomever they mention."""
        found = self._articles.values()
        return [each for each in found if since is None or each.published_at >= since]


def _moments(read: Read, records: Iterable[Record]) -> Iterator[datetime]:
    """Yield when a body came; where nobody knows, what it speaks of, since it is no older."""
    if read.copy.at is not None:
        yield read.copy.at
        return
    for record in records:
        match record:
            case NewsArticle():
                yield record.published_at
            case CorporateAction():
                yield datetime.combine(record.ex_date, time.max, UTC)
            case PriceSeries() if len(record):
                yield datetime.combine(record.day(-1), time.max, UTC)
            case Report():
                yield datetime.combine(record.fiscal_date_ending, time.max, UTC)


def _is_about_others(record: Record, ticker: Ticker, read: Read) -> bool:
    """Tell whether an article came along with an answer about others, and mentions others."""
    if not isinstance(record, NewsArticle) or read.ticker == ticker:
        return False
    return ticker not in {each.ticker for each in record.tickers}


def _over(older: PriceSeries, newer: PriceSeries) -> PriceSeries:
    """Return the bars of both, those of `newer` where both have a day.

    Bars that came without adjusted closes get those of equal bars that came with them.
    """
    if newer.adjusted_close is None and older.adjusted_close is not None:
        newer = _adjusted_like(older, newer)
    given = set(newer.days)
    rest = [at for at, day in enumerate(older.days) if day not in given]
    if not rest:
        return newer
    return merge(_only(older, rest), newer)


def _adjusted_like(older: PriceSeries, newer: PriceSeries) -> PriceSeries:
    closes = zip(older.prices("close"), older.adjusted_close or (), strict=True)
    known = dict(zip(older.days, closes, strict=True))
    found = [known.get(day) for day in newer.days]
    same = zip(found, newer.prices("close"), strict=True)
    if not all(each is not None and each[0] == close for each, close in same):
        return newer
    adjusted = type(newer.close)("q", (each[1] for each in found if each is not None))
    return replace(newer, adjusted_close=adjusted, adjusted_scale=older.adjusted_scale)


def _only(series: PriceSeries, rows: Sequence[int]) -> PriceSeries:
    """Return the bars at these positions."""
    names = ("days", "open", "high", "low", "close", "volume")
    columns = {name: getattr(series, name) for name in names}
    if series.adjusted_close is not None:
        columns["adjusted_close"] = series.adjusted_close
    picked = {
        name: type(column)(column.typecode, (column[at] for at in rows))
        for name, column in columns.items()
    }
    return replace(series, **picked)


_LISTING: Final = "listing"
_CALENDAR: Final = "calendar"

Subject = tuple[str, Ticker]
"""A data set, and the company; the ticker is empty where it is of all companies."""


@dataclass(frozen=True)
class Replayed:
    """How many files there were, what came of them, and which were left out."""

    files: int
    outcome: Outcome
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class Replay:
    """Ingest what was kept as if it came now, in order of time; later values win.

    The three functions make use cases over a provider.
    """

    library: Library
    listing: Callable[[Provider], IngestListing]
    calendar: Callable[[Provider], IngestCalendar]
    company: Callable[[Provider], IngestCompany]

    def __call__(self, kept: RawCopies, progress: Progress) -> Replayed:
        """Replay everything; what cannot be read is left out and reported."""
        shelves = _Shelves()
        copies = list(kept.copies())
        for done, copy in enumerate(copies, 1):
            shelves.sort_in(self.library.read(copy))
            progress("files", done, len(copies))
        outcome = Outcome()
        for done, (subject, reads) in enumerate(sorted(shelves.about.items()), 1):
            outcome.add(self._ingest(subject, Shelf.of(reads, subject[1])))
            progress("stored", done, len(shelves.about))
        return Replayed(len(copies), outcome, tuple(shelves.skipped))

    def _ingest(self, subject: Subject, shelf: Shelf) -> Outcome:
        data_set, ticker = subject
        match data_set:
            case "listing":
                return self.listing(shelf)(_quietly)
            case "calendar":
                return self.calendar(shelf)(_quietly)
        return self.company(shelf)(ticker, (DataSet(data_set),))


def _quietly(data_set: str, done: int, total: int) -> None:
    """Say nothing: one thing of many is done."""


@dataclass
class _Shelves:
    """Which copies say something about what."""

    about: dict[Subject, list[Read]] = field(default_factory=lambda: defaultdict(list))
    skipped: list[Skipped] = field(default_factory=list)

    def sort_in(self, read: Read | Skipped) -> None:
        if isinstance(read, Skipped):
            self.skipped.append(read)
            return
        for subject in set(_subjects(read.ticker, read.records())) or _empty(read):
            self.about[subject].append(read)


def _empty(read: Read) -> set[Subject]:
    """Return what an answer without anything in it is about: that there is nothing is known."""
    data_set = read.dialect.data_sets.get(read.copy.function)
    return {(data_set, read.ticker)} if data_set and read.ticker else set()


def _subjects(ticker: Ticker | None, records: Iterable[Record]) -> Iterator[Subject]:
    articles = []
    for record in records:
        match record:
            case Asset():
                yield _LISTING, ""
            case EarningsCalendarEntry():
                yield _CALENDAR, ""
            case CompanyOverview():
                yield DataSet.OVERVIEW, record.ticker
            case PriceSeries() | CorporateAction():
                yield DataSet.PRICES, record.ticker
            case Report():
                yield DataSet.FINANCIALS, record.ticker
            case NewsArticle():
                articles.append(record)
    mentioned = {each.ticker for article in articles for each in article.tickers}
    # Whoever asked about a company knows its news, and only bits of the news of others.
    about = {ticker} if ticker in mentioned else mentioned
    for each in about:
        if each is not None:
            yield DataSet.NEWS, each
