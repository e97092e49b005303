"""Replay: ingest kept responses, as from a provider that has nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from ..domain.adjustment import AdjustedCloses, CorporateAction
from ..domain.companies import Asset, CompanyOverview, DataSet, ListName
from ..domain.coverage import Days, Received, join_spans, overlay, runs_of
from ..domain.model import Ticker
from ..domain.news import NewsArticle
from ..domain.prices import PriceSeries
from ..domain.reports import ALL_REPORTS, EarningsCalendarEntry, Report, ReportKind
from ..domain.timeseries import merge
from ..domain.work import run_id
from ..errors import ProviderError, Signal9Error, StoreError
from ..events import correlated
from ..ports import Clock, Progress, no_progress
from ..provider_port import (
    Financials,
    History,
    Provider,
    RawCopies,
    RawCopy,
    Record,
    Unreadable,
    Vintage,
)
from ..repositories.optimistic import UNDATED
from ..schemas.operations import ReplayAnswer, SkippedAnswer
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ..repositories.companies import AssetRepository
    from .ingest import Ingest
    from .parsed_responses import ParsedResponse, ParserRegistry

_DAY: Final = timedelta(days=1)
_T = TypeVar("_T")


@dataclass(frozen=True)
class RecordedProvider:
    """A `Provider` of what responses hold, oldest first, in the name of the latest one's provider.

    Later values win.
    """

    responses: Sequence[ParsedResponse]
    ticker: Ticker | None = None
    notice: str | None = None
    calls: Mapping[DataSet | ListName, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The provider of the latest response."""
        return self.responses[-1].copy.provider

    def retrieved_at(self) -> datetime:
        """Return when the latest response came."""
        return self._retrieved_at

    @cached_property
    def _retrieved_at(self) -> datetime:
        moments = (at for response in self.responses for at in self._moments(response))
        return max(moments, default=UNDATED)

    def _moments(self, response: ParsedResponse) -> Iterator[datetime]:
        """Yield when a body came, unless it says nothing; if unknown, the days that it is about."""
        if response.records and all(_is_empty(record) for record in response.records):
            return
        if response.copy.at is not None:
            yield response.copy.at
            return
        for record in response.records:
            match record:
                case NewsArticle() if self._is_relevant(response, record):
                    yield record.published_at
                case CorporateAction():
                    yield datetime.combine(record.ex_date, time.max, UTC)
                case PriceSeries() if record:
                    yield datetime.combine(record.day(-1), time.max, UTC)
                case Report():
                    yield datetime.combine(record.fiscal_date_ending, time.max, UTC)

    def covered(self) -> Sequence[Ticker]:
        """Return the one company, so that it is asked for everything."""
        return () if self.ticker is None else (self.ticker,)

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - the responses tell
        """Tell whether no response lacks news, or all kinds of reports were requested."""
        if data_set is DataSet.NEWS:
            return all(response.whole for response in self.responses)
        requested = {response.copy.function for response in self.responses}
        return self.responses[-1].format.functions_of(data_set) <= requested

    def assets(self) -> Iterable[Asset]:
        """Return the listed companies."""
        return self._latest(Asset, attrgetter("ticker"))

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the latest description that says anything."""
        records = (
            each for response in self.responses for each in response.of_type(CompanyOverview)
        )
        own = [each for each in records if each.ticker == ticker and not each.is_empty]
        return own[-1] if own else None

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return bars, splits and dividends, and in which days no action is missing."""
        bars: PriceSeries | None = None
        received: dict[int, datetime] = {}
        spans: list[Days] = []
        covered: list[Days] = []
        for response in self.responses:
            series = response.of_type(PriceSeries)
            newer = next((bars for bars in series if bars and bars.ticker == ticker), None)
            if newer is not None:
                bars = newer if bars is None else merge(bars, newer)
                received |= dict.fromkeys(newer.days, response.received_at)
                spans.append((newer.day(0), newer.day(-1)))
            if response.has_all_actions and bars:
                covered.append(((newer or bars).day(0), (newer or bars).day(-1)))
        actions, whole = self._actions(ticker)
        return History(
            bars=None if bars is None else bars.between(since),
            actions=actions,
            coverage=join_spans([*covered, *self._listed_days(bars)]),
            complete=any(response.whole for response in self.responses),
            adjusted_closes=list(self._adjusted_closes(ticker)),
            spans=join_spans(spans),
            bars_received=runs_of(received),
            splits_received=whole["split"],
            dividends_received=whole["dividend"],
        )

    def _actions(
        self, ticker: Ticker
    ) -> tuple[list[CorporateAction], dict[str, tuple[Received, ...]]]:
        """Return the latest splits and dividends, and by kind when all of a day came."""
        actions: dict[tuple[date, str], CorporateAction] = {}
        came: dict[str, tuple[Received, ...]] = {"split": (), "dividend": ()}
        for response in self.responses:
            own = [item for item in response.of_type(CorporateAction) if item.ticker == ticker]
            for kind, (first, last) in _whole_days(response, ticker, own):
                withdrawn = [key for key in actions if key[1] == kind and first <= key[0] <= last]
                for key in withdrawn:
                    del actions[key]
                part = Received(first=first, last=last, at=response.received_at)
                came[kind] = overlay(came[kind], [part])
            actions |= {(action.ex_date, action.kind): action for action in own}
        return list(actions.values()), came

    def _adjusted_closes(self, ticker: Ticker) -> Iterator[AdjustedCloses]:
        for response in self.responses:
            for closes in response.of_type(AdjustedCloses):
                if closes.ticker == ticker and closes.bars:
                    yield replace(closes, received_at=response.copy.at)

    def _listed_days(self, bars: PriceSeries | None) -> Iterator[Days]:
        """Yield the days with bars before lists of all kinds of actions came."""
        latest: dict[str, datetime] = {}
        for response in self.responses:
            if response.copy.function in response.format.action_lists and response.copy.at:
                latest[response.copy.function] = response.copy.at
        lists = self.responses[-1].format.action_lists.keys()
        if not lists or not lists <= latest.keys() or bars is None:
            return
        # Of the day on which a list came, it may not have everything.
        end = min(latest[function] for function in lists).date() - _DAY
        if past := bars.between(None, end):
            yield past.day(0), past.day(-1)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports of these kinds, by response."""
        vintages, known = [], dict[object, Report]()
        for response in self.responses:
            reports = [
                _reused(known, (report.kind, report.period, report.fiscal_date_ending), report)
                for report in response.of_type(Report)
                if report.ticker == ticker and report.kind in kinds
            ]
            vintages.append(Vintage(response.received_at, reports))
        return Financials(vintages=vintages)

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return announced report dates."""
        return self._latest(EarningsCalendarEntry, attrgetter("ticker", "report_date"))

    def news(
        self,
        ticker: Ticker,  # noqa: ARG002 - as the responses are about one company
        since: datetime | None = None,
    ) -> Iterable[Vintage[NewsArticle]]:
        """Return the articles of responses about the company, and those that mention it."""
        known = dict[object, NewsArticle]()
        for response in self.responses:
            articles = [
                _reused(known, article.id, article)
                for article in response.of_type(NewsArticle)
                if self._is_relevant(response, article)
                and (since is None or article.published_at >= since)
            ]
            yield Vintage(response.received_at, articles)

    def _is_relevant(self, response: ParsedResponse, article: NewsArticle) -> bool:
        mentioned = {mention.ticker for mention in article.tickers}
        return response.ticker == self.ticker or self.ticker in mentioned

    def _latest(self, kind: type[_T], key: Callable[[_T], object]) -> list[_T]:
        """Return the records of one type, of equal keys the latest."""
        records = (record for response in self.responses for record in response.of_type(kind))
        return list({key(record): record for record in records}.values())


def _is_empty(record: object) -> bool:
    return isinstance(record, CompanyOverview) and record.is_empty


def _reused(known: dict[object, _T], key: object, record: _T) -> _T:
    """Return an equal record of an earlier response, so that the memory holds it once."""
    if known.get(key) != record:
        known[key] = record
    return known[key]


def _whole_days(
    response: ParsedResponse, ticker: Ticker, actions: Sequence[CorporateAction]
) -> Iterator[tuple[str, Days]]:
    """Yield the kinds of actions of which a response has all, and of which days.

    A page of a list has only some of them; bars come with all of their days.
    """
    series = (bars for bars in response.of_type(PriceSeries) if bars and bars.ticker == ticker)
    for bars in series if response.has_all_actions else ():
        yield "split", (bars.day(0), bars.day(-1))
        yield "dividend", (bars.day(0), bars.day(-1))
    kind, at = response.format.action_lists.get(response.copy.function), response.copy.at
    if kind is not None and at is not None and actions:
        first = min(action.ex_date for action in actions)
        yield kind, (first, max(first, at.date() - _DAY))


_Subject = tuple[str, Ticker]
"""A data set and a company; the ticker is empty for lists of all companies."""


@dataclass(frozen=True)
class Replay:
    """Ingest kept responses as if they came now."""

    registry: ParserRegistry
    ingest: Callable[[Provider], Ingest]
    assets: AssetRepository
    clock: Clock

    def __call__(
        self,
        kept: RawCopies,
        progress: Progress,
        wanted: Callable[[str, str], bool] = lambda *_: True,
    ) -> ReplayAnswer:
        """Replay everything; a file that cannot be read is skipped and reported.

        `wanted` says whether a data set of a company is replayed; lists have an empty ticker.
        """
        skipped = dict[str, str](kept.unread())
        copies = list(kept.copies())
        by_subject: dict[_Subject, list[RawCopy]] = defaultdict(list)
        for done, copy in enumerate(copies, 1):
            for subject in filter(lambda subject: wanted(*subject), self._read(copy, skipped)):
                by_subject[subject].append(copy)
            progress("files", done, len(copies))
        result, run = IngestResult(), run_id("replay", self.clock())
        # Listings tell whose facts those under a ticker are, and so they come first.
        for done, subject in enumerate(sorted(by_subject, key=_listings_first), 1):
            with correlated(run):
                result.add(self._ingest(subject, by_subject[subject], skipped))
            progress("stored", done, len(by_subject))
        if DataSet.NEWS in result.stored:
            result.stored[DataSet.NEWS] = self._count_news(by_subject)
        return ReplayAnswer(
            files=len(copies),
            stored=dict(result.stored),
            changed=sum(result.changed.values()),
            skipped=[SkippedAnswer(file=file, reason=skipped[file]) for file in sorted(skipped)],
            failed=result.failed,
        )

    def _count_news(self, subjects: Iterable[_Subject]) -> int:
        """Return how many articles the companies have after the news of all were ingested."""
        tickers = {ticker for data_set, ticker in subjects if data_set == DataSet.NEWS}
        profiles = [stored.model for stored in self.assets.read_many(tickers).values()]
        fresh = (profile.freshness.get(DataSet.NEWS) for profile in profiles)
        return sum(news.count for news in fresh if news is not None)

    def _read(self, copy: RawCopy, skipped: dict[str, str]) -> Collection[_Subject]:
        """Return what a file is about; what cannot be read of it is added to what is `skipped`."""
        try:
            response = self.registry.response(copy)
            if unreadable := response.of_type(Unreadable):
                skipped[copy.file] = "; ".join(record.reason for record in unreadable)
            return _subjects(response)
        except (ProviderError, StoreError) as error:
            skipped[copy.file] = str(error)
            return ()

    def _ingest(
        self, subject: _Subject, copies: Sequence[RawCopy], skipped: dict[str, str]
    ) -> IngestResult:
        """Ingest what files say about a subject; what fails is about this subject alone."""
        try:
            result = self._ingest_all(subject, copies)
        except Signal9Error as error:
            result = IngestResult()
            result.fail(error, subject[0], subject[1] or None)
        if result.failed:
            readable = [copy for copy in copies if self._read(copy, skipped)]
            if len(readable) < len(copies):  # the others have vanished meanwhile
                return self._ingest(subject, readable, skipped) if readable else IngestResult()
        return result

    def _ingest_all(self, subject: _Subject, copies: Sequence[RawCopy]) -> IngestResult:
        data_set, ticker = subject
        responses = sorted(map(self.registry.response, copies), key=lambda each: each.order)
        ingest = self.ingest(RecordedProvider(responses, ticker or None))
        match data_set:
            case "listing":
                return self._ingest_listings(responses)
            case "calendar":
                return ingest.calendar(no_progress)
        return ingest.company(ticker, (DataSet(data_set),))

    def _ingest_listings(self, responses: Sequence[ParsedResponse]) -> IngestResult:
        """Ingest the listings of one day after those of another, as companies came and left.

        Of what listings of a day say about a company, the last counts.
        """
        result, tickers = IngestResult(), set[Ticker]()
        for _, day in groupby(responses, key=_provider_and_day):
            listings = list(day)
            ends = [end for end, listing in enumerate(listings) if _is_whole(listing)]
            ingest = self.ingest(RecordedProvider(listings[ends[-1] :] if ends else listings))
            result.add(ingest.listing(no_progress, whole=bool(ends)))
            tickers |= {asset.ticker for each in listings for asset in each.of_type(Asset)}
        result.stored["listing"] = len(tickers)
        return result


def _provider_and_day(response: ParsedResponse) -> tuple[str, date | None]:
    at = response.copy.at
    return response.copy.provider, None if at is None else at.date()


def _is_whole(listing: ParsedResponse) -> bool:
    """Return whether a response lists all companies, which only those of an archive surely do."""
    return listing.copy.at is not None and listing.copy.symbol is None


def _listings_first(subject: _Subject) -> tuple[bool, _Subject]:
    return subject[0] != "listing", subject


def _subjects(response: ParsedResponse) -> set[_Subject]:
    """Return what a response is about; an empty one tells that there is nothing."""
    subjects = set(filter(None, map(_subject, response.records)))
    articles = response.of_type(NewsArticle)
    mentioned = {mention.ticker for article in articles for mention in article.tickers}
    # A response about companies has all their news, and only some of those of others.
    about = {response.ticker, *response.tickers} & mentioned or mentioned
    subjects |= {(DataSet.NEWS, ticker) for ticker in about if ticker is not None}
    if response.has_all_actions:  # of those without any, too
        subjects |= {(DataSet.PRICES, ticker) for ticker in response.tickers}
    data_set = response.format.data_sets.get(response.copy.function)
    if not subjects and data_set is not None and response.ticker is not None:
        return {(data_set, response.ticker)}
    return subjects


def _subject(record: Record) -> _Subject | None:
    match record:
        case Asset():
            return "listing", ""
        case EarningsCalendarEntry():
            return "calendar", ""
        case CompanyOverview():
            return DataSet.OVERVIEW, record.ticker
        case PriceSeries() | CorporateAction() | AdjustedCloses():
            return DataSet.PRICES, record.ticker
        case Report():
            return DataSet.FINANCIALS, record.ticker
    return None
