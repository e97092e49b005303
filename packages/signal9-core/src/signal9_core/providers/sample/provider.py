"""The bundled sample: five large companies until 2013, and a listing of 2026."""

import gzip
import hashlib
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeVar, get_args

import msgspec
from pydantic import TypeAdapter

from ...domain.adjustment import CorporateAction
from ...domain.companies import Asset, CompanyOverview, DataSet, ListName
from ...domain.model import Model, Ticker
from ...domain.news import NewsArticle
from ...domain.prices import PriceSeries
from ...domain.reports import (
    ALL_REPORTS,
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Report,
    ReportKind,
)
from ...errors import PayloadError
from ...provider_port import Financials, History
from . import NOTICE

R = TypeVar("R", bound=Report)

_MANIFEST: Final = "manifest.json"
_BUNDLED: Final = files(__package__) / "data"
_DELISTED: Final = {"FB": date(2022, 6, 9)}
"""The first day on which Meta Platforms traded as META."""

_END: Final = datetime(2013, 3, 1, 21, tzinfo=UTC)
"""The close of trading in New York on the last day of the sample."""


class SampleFiles:
    """The bundled files; `PayloadError` names one that differs from what was shipped."""

    def __init__(self, folder: Traversable = _BUNDLED) -> None:
        self._folder = folder

    @cached_property
    def digests(self) -> dict[str, str]:
        """The checksums of the files by name."""
        try:
            return msgspec.json.decode(self._read(_MANIFEST), type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _damaged(_MANIFEST, "is damaged") from error

    def read(self, name: str) -> bytes:
        """Return the content of a file, unpacked if its name ends in `.gz`."""
        content = self._read(name)
        if hashlib.sha256(content).hexdigest() != self.digests.get(name):
            raise _damaged(name, "is damaged")
        return gzip.decompress(content) if name.endswith(".gz") else content

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise _damaged(name, "cannot be read") from error


def _damaged(name: str, problem: str) -> PayloadError:
    return PayloadError(f"sample file {name} {problem}: install signal9-core again")


class _Prices(msgspec.Struct, rename="camel"):
    ticker: str
    currency: str
    scale: int
    days: list[date]
    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]
    volume: list[int]
    actions: list[dict[str, Any]]

    def to_series(self) -> PriceSeries:
        return PriceSeries(
            ticker=self.ticker,
            days=array("i", map(date.toordinal, self.days)),
            open=array("q", self.open),
            high=array("q", self.high),
            low=array("q", self.low),
            close=array("q", self.close),
            volume=array("q", self.volume),
            scale=self.scale,
            currency=self.currency,
        )

    def to_actions(self) -> list[CorporateAction]:
        ticker = {"ticker": self.ticker}
        return [CorporateAction.model_validate(action | ticker) for action in self.actions]


class _Reports(Model):
    income_statement: list[IncomeStatement]
    balance_sheet: list[BalanceSheet]
    cash_flow: list[CashFlow]
    earnings: list[Earnings]


class SampleProvider:
    """A `Provider` of the bundled data; each file is read when it is first needed."""

    name = "sample"
    notice = NOTICE
    calls: Mapping[DataSet | ListName, int] = dict.fromkeys((*DataSet, *get_args(ListName)), 0)

    def __init__(self, files: SampleFiles | None = None) -> None:
        self._files = SampleFiles() if files is None else files

    def retrieved_at(self) -> datetime:
        """Return the end of the sample, so that ingesting it again changes nothing."""
        return _END

    def covered(self) -> Sequence[Ticker]:
        """Return the companies with more data than their listing."""
        return tuple(self._overviews)

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - always
        """Return `True`: the sample returns all it has."""
        return True

    def assets(self) -> Iterable[Asset]:
        """Return the companies listed in 2026, and those covered that had another ticker then."""
        listing = TypeAdapter(list[Asset]).validate_json(self._files.read("listing.json.gz"))
        listed = {asset.ticker for asset in listing}
        delisted = (item for item in self._overviews.values() if item.ticker not in listed)
        return [*listing, *map(_as_listed, delisted)]

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe a company as of 2013."""
        return self._overviews.get(ticker)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars, splits and dividends since a day, or all."""
        name = f"prices-{ticker}.json.gz"
        if name not in self._files.digests:
            return None
        prices = msgspec.json.decode(self._files.read(name), type=_Prices)
        first, last = prices.days[0], prices.days[-1]
        begin = since or first
        return History(
            prices.to_series().between(begin),
            [action for action in prices.to_actions() if action.ex_date >= begin],
            ((begin, last),) if begin <= last else (),
            complete=begin <= first,
        )

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports of one company; what the sources lack is missing, not zero."""
        reports = self._reports
        statements = (*reports.income_statement, *reports.balance_sheet, *reports.cash_flow)
        return Financials(_only(statements, ticker, kinds), _only(reports.earnings, ticker, kinds))

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return nothing: all dates of the sample are in the past."""
        return ()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return events in the life of a company, dated to the close of trading on their day."""
        return [
            article
            for article in self._articles
            if any(sentiment.ticker == ticker for sentiment in article.tickers)
            and (since is None or article.published_at >= since)
        ]

    @cached_property
    def _overviews(self) -> Mapping[Ticker, CompanyOverview]:
        content = self._files.read("overviews.json")
        overviews = TypeAdapter(list[CompanyOverview]).validate_json(content)
        return {overview.ticker: overview for overview in overviews}

    @cached_property
    def _reports(self) -> _Reports:
        return _Reports.model_validate_json(self._files.read("reports.json"))

    @cached_property
    def _articles(self) -> Sequence[NewsArticle]:
        return TypeAdapter(list[NewsArticle]).validate_json(self._files.read("news.json"))


def _only(reports: Iterable[R], ticker: Ticker, kinds: Collection[ReportKind]) -> Sequence[R]:
    return tuple(item for item in reports if item.ticker == ticker and item.kind in kinds)


def _as_listed(overview: CompanyOverview) -> Asset:
    return Asset(
        ticker=overview.ticker,
        name=overview.name,
        exchange=overview.exchange,
        status="inactive",
        cik=overview.cik,
        delisting_date=_DELISTED.get(overview.ticker),
    )
