"""Small, honest stand-ins: a provider with three companies, a clock to set, a store to spy on."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from signal9_core.domain import (
    Asset,
    BalanceSheet,
    Bar,
    CompanyOverview,
    CorporateAction,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    NewsArticle,
    Period,
    PriceSeries,
    ReportKind,
    TickerSentiment,
    article_id,
)
from signal9_core.errors import ProviderError
from signal9_core.events import Event
from signal9_core.ports import ALL_REPORTS, Financials, History
from signal9_core.publishers import MemoryPublisher

NOW = datetime(2024, 1, 8, 12, tzinfo=UTC)
"""A Monday; everything that the fake provider has happened before."""


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeProvider:
    """A provider of whatever it is given; `failing` names methods, or methods and tickers."""

    name: str = "fake"
    notice: str | None = "Made up."
    at: datetime = NOW
    listing: list[Asset] = field(default_factory=lambda: list(LISTING))
    covering: list[str] | None = field(default_factory=lambda: ["AAPL", "BRK.B", "MSFT"])
    overviews: dict[str, CompanyOverview] = field(default_factory=lambda: dict(OVERVIEWS))
    series: dict[str, PriceSeries] = field(default_factory=lambda: dict(SERIES))
    actions: dict[str, list[CorporateAction]] = field(default_factory=dict)
    reports: dict[str, Financials] = field(default_factory=lambda: dict(REPORTS))
    articles: list[NewsArticle] = field(default_factory=lambda: list(ARTICLES))
    entries: list[EarningsCalendarEntry] = field(default_factory=list)
    failing: dict[str, ProviderError] = field(default_factory=dict)
    limits: dict[DataSet, int] = field(default_factory=dict)
    asked_since: list[datetime | None] = field(default_factory=list)

    def retrieved_at(self) -> datetime:
        return self.at

    def covered(self) -> Sequence[str] | None:
        return self.covering

    def complete(self, data_set: DataSet, count: int) -> bool:
        limit = self.limits.get(data_set)
        return limit is None or count < limit

    def assets(self) -> Iterable[Asset]:
        self._fail("assets")
        return list(self.listing)

    def overview(self, ticker: str) -> CompanyOverview | None:
        self._fail("overview", ticker)
        return self.overviews.get(ticker)

    def history(self, ticker: str, since: date | None = None) -> History | None:
        self._fail("prices", ticker)
        found, actions = self.series.get(ticker), self.actions.get(ticker)
        if found is None:
            return None
        coverage = (found.day(0), found.day(-1)) if actions else None
        complete = self.complete(DataSet.PRICES, len(found))
        return History(found.between(since), actions or (), coverage, complete)

    def financials(self, ticker: str, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        self._fail("financials", ticker)
        found = self.reports.get(ticker, Financials())
        return Financials(
            [each for each in found.statements if each.kind in kinds],
            [each for each in found.earnings if each.kind in kinds],
        )

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        self._fail("calendar")
        return list(self.entries)

    def news(self, ticker: str, since: datetime | None = None) -> Iterable[NewsArticle]:
        self._fail("news", ticker)
        self.asked_since.append(since)
        return [
            each
            for each in self.articles
            if ticker in {named.ticker for named in each.tickers}
            and (since is None or each.published_at >= since)
        ]

    def _fail(self, method: str, ticker: str = "") -> None:
        error = self.failing.get(f"{method} {ticker}".strip(), self.failing.get(method))
        if error is not None:
            raise error


class FakeScorer:
    """A scorer with an opinion on certain texts, and on no other."""

    name = "fake-scorer"

    def __init__(self, **scores: float) -> None:
        self._scores = scores
        self.asked: list[str] = []

    def score(self, text: str) -> float:
        self.asked.append(text)
        return next((each for word, each in self._scores.items() if word in text.lower()), 0.0)


class AttentivePublisher(MemoryPublisher):
    """A publisher that remembers whatever was published, also after it was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.heard += events
        super().publish(events)


def bar(ticker: str, day: str, close: str, *, low: str = "", high: str = "") -> Bar:
    """A bar that opens where it closes."""
    return Bar(
        ticker=ticker,
        day=date.fromisoformat(day),
        open=Decimal(close),
        high=Decimal(high or close),
        low=Decimal(low or close),
        close=Decimal(close),
        volume=1000,
        adjusted_close=Decimal(close) / 2,
    )


def series(ticker: str, **closes: str) -> PriceSeries:
    """A series of `day_20240102="185.64"` and so on."""
    days = {name.removeprefix("day_"): close for name, close in closes.items()}
    return PriceSeries.from_bars(ticker, (bar(ticker, day, each) for day, each in days.items()))


def article(
    title: str,
    at: str,
    *tickers: str,
    sentiment: str | None = None,
    relevance: str = "0.5",
    topics: tuple[str, ...] = (),
) -> NewsArticle:
    """An article whose tone is the same towards every company."""
    tone = None if sentiment is None else Decimal(sentiment)
    return NewsArticle(
        id=article_id(title),
        published_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        title=title,
        summary="Summary.",
        url=f"https://example.com/{article_id(title)}",
        source="Example Wire",
        topics=topics,
        tickers=tuple(
            TickerSentiment(ticker=each, relevance=Decimal(relevance), sentiment=tone)
            for each in tickers
        ),
        sentiment=tone,
    )


def income(ticker: str, ending: str, revenue: str | None, **more: object) -> IncomeStatement:
    """An annual income statement."""
    return IncomeStatement.model_validate(
        {
            "ticker": ticker,
            "period": Period.ANNUAL,
            "fiscalDateEnding": ending,
            "currency": "USD",
            "totalRevenue": revenue,
            **more,
        }
    )


LISTING: tuple[Asset, ...] = (
    Asset(ticker="AAPL", name="Apple Inc.", exchange="NASDAQ", cik="320193", rank=1),
    Asset(ticker="BRK.B", name="Berkshire Hathaway Inc.", exchange="NYSE", rank=3),
    Asset(ticker="MSFT", name="Microsoft Corporation", exchange="NASDAQ", rank=2),
    Asset(ticker="ZZZ", exchange="NYSE"),
)
OVERVIEWS: dict[str, CompanyOverview] = {
    "AAPL": CompanyOverview.model_validate(
        {"ticker": "AAPL", "sector": "TECHNOLOGY", "marketCapitalization": "1", "peRatio": "30.1"}
    ),
    "BRK.B": CompanyOverview(ticker="BRK.B", sector="FINANCE"),
}
SERIES: dict[str, PriceSeries] = {
    "AAPL": series(
        "AAPL",
        day_20231228="193.58",
        day_20231229="192.53",
        day_20240102="185.64",
        day_20240103="184.25",
    ),
    "BRK.B": series("BRK.B", day_20240102="362.46"),
}
REPORTS: dict[str, Financials] = {
    "AAPL": Financials(
        (
            income("AAPL", "2023-09-30", "383285000000"),
            income("AAPL", "2022-09-24", "394328000000", otherNonCurrrentAssets="12"),
            BalanceSheet(
                ticker="AAPL", period=Period.QUARTERLY, fiscal_date_ending=date(2023, 9, 30)
            ),
        ),
        (
            Earnings(
                ticker="AAPL",
                period=Period.QUARTERLY,
                fiscal_date_ending=date(2023, 9, 30),
                reported_eps=Decimal("1.46"),
            ),
        ),
    ),
}
ARTICLES: tuple[NewsArticle, ...] = (
    article("Apple gains", "2024-01-05T10:00", "AAPL", sentiment="0.4", topics=("technology",)),
    article("Apple and Berkshire", "2023-12-29T10:00", "AAPL", "BRK.B", topics=("finance",)),
    article("Microsoft slips", "2024-01-06T10:00", "MSFT", sentiment="-0.2", relevance="1"),
)
