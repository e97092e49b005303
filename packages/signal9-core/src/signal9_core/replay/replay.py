"""Building the tables from copies: read all, sort by what they are about, ingest each once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ..domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    DataSet,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    Report,
    Ticker,
)
from ..ingest import IngestCalendar, IngestCompany, IngestListing, Outcome
from ..ports import Progress, Provider, RawCopies, Record
from .reading import Library, Read, Skipped
from .shelf import Shelf

__all__ = ["Replay", "Replayed"]

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
