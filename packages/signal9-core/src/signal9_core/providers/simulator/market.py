"""A market of many companies in the present, made of the few of the bundled sample."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Final, TypeVar
from zlib import crc32

from ...domain.companies import Asset, CompanyOverview
from ...domain.model import Ticker
from ...domain.news import NewsArticle, TickerSentiment, article_id
from ...domain.prices import PRICE_COLUMNS, Column, PriceSeries
from ...domain.reports import ALL_REPORTS, EarningsCalendarEntry, Report, ReportKind
from ...ports import Clock
from ...provider_port import Financials, History
from ..calendar import is_trading_day, last_finished_day
from ..sample.provider import SampleProvider

R = TypeVar("R", bound=Report)

_TEMPLATES: Final = ("AAPL", "GOOG", "IBM", "MSFT")
"""The companies of the sample with long histories."""

_TITLES: Final = (
    "{name} reported a record profit that beat what analysts had expected",
    "{name} missed estimates as costs surged and demand was weak",
    "{name} named a new head of its finance department",
    "{name} raised its outlook after strong growth of its orders",
    "{name} warned of losses and cut its forecast for the year",
    "{name} opened a research site and hires two hundred engineers",
    "{name} and {other} agreed to develop products together",
)
_BARS: Final = 1000
_SAMPLE_YEAR: Final = 2013
_YEARS_AHEAD: Final = 2
_QUARTER_DAYS: Final = 91
_NEWS_DAYS: Final = 90
_DAYS_PER_ARTICLE: Final = 7
_MINUTES: Final = 24 * 60
_ONE_DAY: Final = timedelta(days=1)


class Market(SampleProvider):
    """So many companies, the largest first, until the moment that the clock shows.

    Each has the prices of one of the sample on another level: bars and articles of so many
    `days`, and yearly reports. A later moment adds to what an earlier one had.
    """

    def __init__(self, clock: Clock, companies: int, days: int = 730) -> None:
        super().__init__()
        self._clock = clock
        self._companies = companies
        self._first = clock().date() - timedelta(days=days)

    def retrieved_at(self) -> datetime:
        """Return the current time."""
        return self._clock()

    def covered(self) -> Sequence[Ticker]:
        """Return all companies of the market."""
        return tuple(self._listed)

    def assets(self) -> Iterable[Asset]:
        """Return the companies of the market."""
        return list(self._listed.values())

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe a company in the figures of the one that it is made of."""
        asset, template = self._listed.get(ticker), _template(ticker)
        overview = super().overview(template)
        if asset is None or overview is None:
            return None
        listed = {name: getattr(asset, name) for name in ("ticker", "name", "exchange", "cik")}
        text = f"A simulated company. Its figures are those of {template} in {_SAMPLE_YEAR}."
        return overview.model_copy(update={**listed, "description": text})

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return daily bars since a day, or all, until the last day whose trading is over."""
        if ticker not in self._listed:
            return None
        begin = max(since or self._first, self._first)
        first = bisect_left(self._days, begin.toordinal())
        last = bisect_right(self._days, last_finished_day(self._clock()).toordinal())
        bars, percent = self._templates[_template(ticker)], 20 + crc32(ticker.encode()) % 400

        def scaled(column: Column) -> Column:
            return array("q", [price * percent // 10_000 * 100 for price in column[first:last]])

        open_, high, low, close = (scaled(getattr(bars, name)) for name in PRICE_COLUMNS)
        days, volume = self._days[first:last], bars.volume[first:last]
        moved = PriceSeries(ticker, days, open_, high, low, close, volume, scale=bars.scale)
        coverage = ((moved.day(0), moved.day(-1)),) if len(moved) else ()
        return History(moved, (), coverage, complete=begin <= self._first)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports of the company that this one is made of, moved by whole years."""
        if ticker not in self._listed:
            return Financials()
        statements, earnings, _ = super().financials(_template(ticker), kinds)
        return Financials(
            [self._moved(report, ticker) for report in statements],
            [self._moved(report, ticker) for report in earnings],
        )

    def _moved(self, report: R, ticker: Ticker) -> R:
        years = self._clock().year - _SAMPLE_YEAR
        days = {
            name: day.replace(year=day.year + years)
            for name in ("fiscal_date_ending", "reported_date")
            if (day := getattr(report, name, None)) is not None
        }
        return report.model_copy(update={"ticker": ticker, **days})

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return the next day on which each company reports."""
        today = self._clock().date()
        return [
            EarningsCalendarEntry(
                ticker=ticker,
                name=asset.name,
                report_date=(reports := today + timedelta(days=_days_to_report(ticker, today))),
                fiscal_date_ending=reports.replace(day=1) - _ONE_DAY,
                currency="USD",
            )
            for ticker, asset in self._listed.items()
        ]

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return the articles about a company, and those about the one before that name it."""
        if ticker not in self._listed:
            return []
        now = self._clock()
        earliest = datetime.combine(self._first, time(), UTC)
        oldest = max(now - timedelta(days=_NEWS_DAYS), earliest)
        begin = oldest if since is None else max(since, oldest)
        days = [date.fromordinal(day) for day in range(begin.toordinal(), now.toordinal() + 1)]
        about = [self._articles_of(each, days) for each in (ticker, self._before[ticker])]
        return [
            article
            for article in chain.from_iterable(about)
            if begin <= article.published_at <= now
            and any(mention.ticker == ticker for mention in article.tickers)
        ]

    def _articles_of(self, ticker: Ticker, days: Iterable[date]) -> Iterator[NewsArticle]:
        for day in days:
            chance = crc32(f"{ticker} {day}".encode())
            if chance % _DAYS_PER_ARTICLE == 0:
                yield self._article(ticker, day, chance // _DAYS_PER_ARTICLE)

    def _article(self, ticker: Ticker, day: date, chance: int) -> NewsArticle:
        title, other = _TITLES[chance % len(_TITLES)], self._after[ticker]
        tickers = [ticker, other] if "{other}" in title and other != ticker else [ticker]
        name, other_name = ((self._listed[each].name or each).title() for each in (ticker, other))
        url = f"https://example.com/news/{day}/{ticker}"
        return NewsArticle(
            id=article_id(url),
            published_at=datetime.combine(day, time(), UTC) + timedelta(minutes=chance % _MINUTES),
            title=title.format(name=name, other=other_name),
            url=url,
            source="Signal9 simulator",
            topics=("earnings",),
            tickers=tuple(TickerSentiment(ticker=each, relevance=Decimal(1)) for each in tickers),
        )

    @cached_property
    def _listed(self) -> dict[Ticker, Asset]:
        listed = sorted(
            (asset for asset in super().assets() if asset.rank is not None),
            key=lambda asset: asset.rank or 0,
        )
        return {asset.ticker: asset for asset in listed[: self._companies]}

    @cached_property
    def _after(self) -> dict[Ticker, Ticker]:
        tickers = list(self._listed)
        return dict(zip(tickers, [*tickers[1:], *tickers[:1]], strict=True))

    @cached_property
    def _before(self) -> dict[Ticker, Ticker]:
        return {after: before for before, after in self._after.items()}

    @cached_property
    def _days(self) -> "array[int]":
        """The trading days of the market, past and to come, a bar of the sample for each."""
        last = self._clock().date() + timedelta(days=365 * _YEARS_AHEAD)
        span = range(self._first.toordinal(), last.toordinal() + 1)
        return array("i", [day for day in span if is_trading_day(date.fromordinal(day))])

    @cached_property
    def _templates(self) -> dict[Ticker, PriceSeries]:
        """A bar for each of the days: the last ones of the sample, to and fro."""
        at = [_to_and_fro(day) for day in self._days]
        return {ticker: self._unfolded(ticker, at) for ticker in _TEMPLATES}

    def _unfolded(self, ticker: Ticker, at: Sequence[int]) -> PriceSeries:
        history = super().history(ticker)
        if history is None or history.bars is None:
            raise LookupError(ticker)
        columns = history.bars.columns()
        open_, high, low, close, volume = (
            array("q", [columns[name][place] for place in at])
            for name in (*PRICE_COLUMNS, "volume")
        )
        return PriceSeries(
            ticker, self._days, open_, high, low, close, volume, scale=history.bars.scale
        )


def _template(ticker: Ticker) -> Ticker:
    """Return the company of the sample that a company is made of."""
    if ticker in _TEMPLATES:
        return ticker
    return _TEMPLATES[crc32(ticker.encode()) % len(_TEMPLATES)]


def _to_and_fro(day: int) -> int:
    """Return which bar of the sample, counted from its end, a weekday has."""
    weeks, weekday = divmod(day - 1, 7)
    at = (weeks * 5 + weekday) % (2 * _BARS)
    return -1 - (at if at < _BARS else 2 * _BARS - 1 - at)


def _days_to_report(ticker: Ticker, today: date) -> int:
    return (crc32(ticker.encode()) - today.toordinal()) % _QUARTER_DAYS
