"""Replay: ingest kept responses, as from a provider that has nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from ..domain.adjustment import CorporateAction
from ..domain.companies import Asset, CompanyOverview, DataSet
from ..domain.model import Ticker
from ..domain.news import NewsArticle
from ..domain.prices import PriceSeries
from ..domain.reports import ALL_REPORTS, Earnings, EarningsCalendarEntry, Report, Statement
from ..domain.timeseries import merge
from ..errors import PayloadError, ProviderError, StoreError
from ..provider_port import Financials, History
from ..schemas.operations import ReplayAnswer, SkippedAnswer
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ..domain.companies import ListName
    from ..domain.reports import ReportKind
    from ..ports import Progress
    from ..provider_port import Provider, ProviderFormat, RawCopies, RawCopy, Record
    from .ingest import Ingest

__all__ = ["ParsedResponse", "ParserRegistry", "RecordedProvider", "Replay"]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BODIES: Final = 128
"""So many parsed bodies are kept: one that is about many companies is needed for each of them."""
_ERROR_FIELDS: Final = frozenset({"Error Message", "Information", "Note", "code", "message"})
_T = TypeVar("_T")


@dataclass(frozen=True)
class ParsedResponse:
    """A stored response and its records; `whole` says whether it is all there is."""

    copy: RawCopy
    ticker: Ticker | None
    records: Sequence[Record]
    format: ProviderFormat
    whole: bool

    @property
    def has_all_actions(self) -> bool:
        """Whether no split and no dividend is missing."""
        return self.copy.function in self.format.action_functions

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Sorts by time, undated responses first, and bars before the actions among them."""
        return self.copy.at or _NEVER, self.has_all_actions, self.copy.file

    def of_type(self, kind: type[_T]) -> list[_T]:
        """Return the records of one type."""
        return [record for record in self.records if isinstance(record, kind)]


class ParserRegistry:
    """Parses bodies by the formats of their providers, by name.

    `last_finished_day` returns the last day whose trading was over at a moment: what a response
    says of later days is left out.
    """

    def __init__(
        self,
        formats: Mapping[str, ProviderFormat],
        last_finished_day: Callable[[datetime], date],
    ) -> None:
        self._formats = formats
        self._last_finished_day = last_finished_day
        self.parse = lru_cache(_BODIES)(self._parse)

    def _parse(self, copy: RawCopy) -> ParsedResponse:
        """Return what a body holds; `ProviderError` or `StoreError` if it cannot be read."""
        response_format = self._formats.get(copy.provider)
        if response_format is None:
            raise PayloadError(f"unknown provider {copy.provider!r}")
        parser = response_format.parsers.get(copy.function)
        if parser is None:
            raise PayloadError(_why_not(copy))
        ticker = None if copy.symbol is None else response_format.canonical(copy.symbol)
        records = list(parser(copy.read(), ticker))
        bars = [len(series) for series in records if isinstance(series, PriceSeries)]
        whole = response_format.is_whole(copy.function, max(bars, default=len(records)))
        if copy.at is not None:
            records = list(_until(self._last_finished_day(copy.at), records))
        return ParsedResponse(copy, ticker, records, response_format, whole)


def _why_not(copy: RawCopy) -> str:
    """Return why a body of a function without a parser is skipped."""
    with suppress(ValueError):
        body = json.loads(copy.read())
        if isinstance(body, dict) and body and body.keys() <= _ERROR_FIELDS:
            return "an error text instead of data"
    return f"{copy.function} is not stored in any table"


def _until(last: date, records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        match record:
            case PriceSeries():
                yield record.between(None, last)
            case CorporateAction() if record.ex_date > last:
                continue
            case _:
                yield record


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
        return max(
            [_LONG_AGO, *(at for response in self.responses for at in self._moments(response))]
        )

    def _moments(self, response: ParsedResponse) -> Iterator[datetime]:
        """Yield when a body came; if that is unknown, the days that it is about."""
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
        """Tell whether the first response had all news, or all kinds of reports were requested."""
        if data_set is DataSet.NEWS:
            return self.responses[0].whole
        requested = {response.copy.function for response in self.responses}
        return self.responses[-1].format.functions_of(data_set) <= requested

    def assets(self) -> Iterable[Asset]:
        """Return the listed companies."""
        return self._latest(Asset, attrgetter("ticker"))

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the latest description."""
        overviews = self._latest(CompanyOverview, attrgetter("ticker"))
        return next((overview for overview in overviews if overview.ticker == ticker), None)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return bars, splits and dividends, and in which days no action is missing."""
        bars: PriceSeries | None = None
        complete, days = True, list[date]()
        for number, response in enumerate(self.responses):
            series = response.of_type(PriceSeries)
            newer = next((bars for bars in series if bars and bars.ticker == ticker), None)
            if newer is not None:
                meets = bars is not None and newer.day(0) <= bars.day(-1)
                complete = response.whole or (complete and meets)
                bars = newer if bars is None else merge(bars, newer)
            elif not number:
                complete = response.whole
            if response.has_all_actions and bars:
                days += [(newer or bars).day(0), (newer or bars).day(-1)]
        actions = self._latest(CorporateAction, attrgetter("ticker", "ex_date", "kind"))
        actions = [action for action in actions if action.ticker == ticker]
        bars = None if bars is None else bars.between(since)
        coverage = (min(days), max(days)) if days else None
        return History(bars, actions, coverage, complete)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports of these kinds."""
        key = attrgetter("ticker", "kind", "period", "fiscal_date_ending")
        reports = [
            report
            for report in self._latest(Report, key)
            if report.ticker == ticker and report.kind in kinds
        ]
        return Financials(
            [report for report in reports if isinstance(report, Statement)],
            [report for report in reports if isinstance(report, Earnings)],
        )

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return announced report dates."""
        return self._latest(EarningsCalendarEntry, attrgetter("ticker", "report_date"))

    def news(
        self,
        ticker: Ticker,  # noqa: ARG002 - as the responses are about one company
        since: datetime | None = None,
    ) -> Iterable[NewsArticle]:
        """Return the articles of responses about the company, and those that mention it."""
        articles = {
            article.id: article
            for response in self.responses
            for article in response.of_type(NewsArticle)
            if self._is_relevant(response, article)
        }.values()
        return [article for article in articles if since is None or article.published_at >= since]

    def _is_relevant(self, response: ParsedResponse, article: NewsArticle) -> bool:
        mentioned = {mention.ticker for mention in article.tickers}
        return response.ticker == self.ticker or self.ticker in mentioned

    def _latest(self, kind: type[_T], key: Callable[[_T], object]) -> list[_T]:
        """Return the records of one type, of equal keys the latest."""
        records = (record for response in self.responses for record in response.of_type(kind))
        return list({key(record): record for record in records}.values())


_Subject = tuple[str, Ticker]
"""A data set and a company; the ticker is empty for lists of all companies."""


@dataclass(frozen=True)
class Replay:
    """Ingest kept responses as if they came now."""

    registry: ParserRegistry
    ingest: Callable[[Provider], Ingest]

    def __call__(self, kept: RawCopies, progress: Progress) -> ReplayAnswer:
        """Replay everything; what cannot be read is skipped and reported."""
        skipped: list[SkippedAnswer] = []
        by_subject: dict[_Subject, list[RawCopy]] = defaultdict(list)
        copies = list(kept.copies())
        for done, copy in enumerate(copies, 1):
            try:
                response = self.registry.parse(copy)
            except (ProviderError, StoreError) as error:
                skipped.append(SkippedAnswer(file=copy.file, reason=str(error)))
            else:
                for subject in _subjects(response):
                    by_subject[subject].append(copy)
            progress("files", done, len(copies))
        result = IngestResult()
        for done, subject in enumerate(sorted(by_subject), 1):
            result.add(self._ingest(subject, by_subject[subject]))
            progress("stored", done, len(by_subject))
        return ReplayAnswer(
            files=len(copies),
            stored=dict(result.stored),
            changed=sum(result.changed.values()),
            skipped=skipped,
        )

    def _ingest(self, subject: _Subject, copies: Iterable[RawCopy]) -> IngestResult:
        data_set, ticker = subject
        responses = sorted(map(self.registry.parse, copies), key=lambda response: response.order)
        ingest = self.ingest(RecordedProvider(responses, ticker or None))
        match data_set:
            case "listing":
                return ingest.listing(_ignore)
            case "calendar":
                return ingest.calendar(_ignore)
        return ingest.company(ticker, (DataSet(data_set),))


def _ignore(data_set: str, done: int, total: int) -> None:
    """Ignore the progress of one subject among many."""


def _subjects(response: ParsedResponse) -> set[_Subject]:
    """Return what a response is about; an empty one tells that there is nothing."""
    subjects = set(filter(None, map(_subject, response.records)))
    articles = response.of_type(NewsArticle)
    mentioned = {mention.ticker for article in articles for mention in article.tickers}
    # A response about a company has all its news, and only some of those of others.
    about = {response.ticker} & mentioned or mentioned
    subjects |= {(DataSet.NEWS, ticker) for ticker in about if ticker is not None}
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
        case PriceSeries() | CorporateAction():
            return DataSet.PRICES, record.ticker
        case Report():
            return DataSet.FINANCIALS, record.ticker
    return None
