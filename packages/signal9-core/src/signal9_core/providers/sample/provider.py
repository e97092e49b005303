"""Answers from the bundled sample: five large companies until 2013, and today's listing."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Final, TypeVar

import msgspec
from pydantic import TypeAdapter

from ...domain import (
    Asset,
    BalanceSheet,
    CashFlow,
    CompanyOverview,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Model,
    NewsArticle,
    PriceSeries,
    Report,
    ReportKind,
    Ticker,
)
from ...ports import ALL_REPORTS, Financials, History
from .files import SampleFiles

__all__ = ["SampleProvider"]

_R = TypeVar("_R", bound=Report)

_END: Final = datetime(2013, 3, 1, 21, tzinfo=UTC)
"""The close of trading in New York on the last day of the sample."""


class _Prices(msgspec.Struct, rename="camel"):
    ticker: str
    currency: str
    scale: int
    adjusted_scale: int
    days: list[date]
    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]
    volume: list[int]
    adjusted_close: list[int]

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
            adjusted_close=array("q", self.adjusted_close),
            adjusted_scale=self.adjusted_scale,
            currency=self.currency,
        )


class _Reports(Model):
    income_statement: list[IncomeStatement]
    balance_sheet: list[BalanceSheet]
    cash_flow: list[CashFlow]
    earnings: list[Earnings]


class SampleProvider:
    """A `Provider` of the bundled data; every data set is read when it is first asked for."""

    name = "sample"
    notice = (
        "Bundled sample: prices, reports and news (AAPL, FB, GOOG, IBM, MSFT) end on 2013-03-01; "
        "the list of companies is of 2026, with the names of today."
    )

    def __init__(self, files: SampleFiles | None = None) -> None:
        self._files = SampleFiles() if files is None else files

    def retrieved_at(self) -> datetime:
        """Return the end of the sample, always, so that ingesting it again changes nothing."""
        return _END

    def covered(self) -> Sequence[Ticker]:
        """Return the companies that more is known of than their listing."""
        return tuple(self._overviews)

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - whatever is asked
        """Return `True`: the sample gives all that it has."""
        return True

    def assets(self) -> Iterable[Asset]:
        """Return the companies listed today, and those covered that have another ticker by now."""
        listing = TypeAdapter(list[Asset]).validate_json(self._files.read("listing.json.gz"))
        listed = {asset.ticker for asset in listing}
        gone = (each for each in self._overviews.values() if each.ticker not in listed)
        return [*listing, *map(_as_listed, gone)]

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe a company as of 2013."""
        return self._overviews.get(ticker)

    def prices(self, ticker: Ticker, first: date | None = None) -> PriceSeries | None:
        """Return daily bars from `first` on, or all there are, oldest first."""
        name = f"prices-{ticker}.json.gz"
        if name not in self._files.names:
            return None
        found = msgspec.json.decode(self._files.read(name), type=_Prices)
        return found.to_series().between(first)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars; splits and dividends are only in their adjusted closes."""
        found = self.prices(ticker, since)
        return None if found is None else History(found)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return reports of one company; what the sources lack is missing, not zero."""
        found = self._financials.get(ticker, Financials())
        return Financials(
            tuple(each for each in found.statements if each.kind in kinds),
            tuple(each for each in found.earnings if each.kind in kinds),
        )

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return nothing: all that the sample knows lies in the past."""
        return ()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return events in a company's life, dated to the close of trading on their day."""
        found = self._articles.get(ticker, ())
        return [each for each in found if since is None or each.published_at >= since]

    @cached_property
    def _overviews(self) -> Mapping[Ticker, CompanyOverview]:
        found = TypeAdapter(list[CompanyOverview]).validate_json(self._files.read("overviews.json"))
        return {overview.ticker: overview for overview in found}

    @cached_property
    def _financials(self) -> Mapping[Ticker, Financials]:
        found = _Reports.model_validate_json(self._files.read("reports.json"))
        statements = _by_ticker((*found.income_statement, *found.balance_sheet, *found.cash_flow))
        earnings = _by_ticker(found.earnings)
        return {
            ticker: Financials(statements[ticker], earnings[ticker])
            for ticker in statements.keys() | earnings.keys()
        }

    @cached_property
    def _articles(self) -> Mapping[Ticker, Sequence[NewsArticle]]:
        mentions: dict[Ticker, list[NewsArticle]] = defaultdict(list)
        for article in TypeAdapter(list[NewsArticle]).validate_json(self._files.read("news.json")):
            for each in article.tickers:
                mentions[each.ticker].append(article)
        return mentions


def _by_ticker(reports: Iterable[_R]) -> Mapping[Ticker, list[_R]]:
    found: dict[Ticker, list[_R]] = defaultdict(list)
    for report in reports:
        found[report.ticker].append(report)
    return found


def _as_listed(overview: CompanyOverview) -> Asset:
    return Asset(
        ticker=overview.ticker, name=overview.name, exchange=overview.exchange, cik=overview.cik
    )
