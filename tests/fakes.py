"""Fakes that tests share: a provider with a few companies, a clock, a scorer, a publisher."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import Asset, CompanyOverview, DataSet, ListName
from signal9_core.domain.news import NewsArticle, TickerSentiment, article_id
from signal9_core.domain.prices import Bar, PriceSeries
from signal9_core.domain.queues import Message
from signal9_core.domain.reports import (
    ALL_REPORTS,
    BalanceSheet,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Period,
    ReportKind,
)
from signal9_core.errors import ProviderError, PublishError
from signal9_core.events import Event
from signal9_core.provider_port import Financials, History
from signal9_core.publishers.in_process import InProcessEventBus

T = TypeVar("T")

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
    """A provider of what its fields hold; `failing` names methods, or methods and tickers.

    With `actions` of a company, even none, it tells that there are no others.
    """

    name: str = "fake"
    notice: str | None = "Made up."
    calls: Mapping[DataSet | ListName, int] = field(
        default_factory=lambda: dict.fromkeys((*DataSet, "listing", "calendar"), 1)
    )
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
    requests: list[tuple[str, str, date | None]] = field(default_factory=list)

    def retrieved_at(self) -> datetime:
        return self.at

    def covered(self) -> Sequence[str] | None:
        return self.covering

    def complete(self, data_set: DataSet, count: int) -> bool:
        limit = self.limits.get(data_set)
        return limit is None or count < limit

    def assets(self) -> Iterable[Asset]:
        self._request("assets")
        return list(self.listing)

    def overview(self, ticker: str) -> CompanyOverview | None:
        self._request("overview", ticker)
        return self.overviews.get(ticker)

    def history(self, ticker: str, since: date | None = None) -> History | None:
        self._request("prices", ticker, since)
        series, actions = self.series.get(ticker), self.actions.get(ticker)
        if series is None:
            return None
        bars = series.between(since)
        later = [action for action in actions or () if since is None or action.ex_date >= since]
        coverage = ((bars.day(0), bars.day(-1)),) if actions is not None and bars else ()
        return History(bars, later, coverage, self.complete(DataSet.PRICES, len(series)))

    def financials(self, ticker: str, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        self._request("financials", ticker)
        reports = self.reports.get(ticker, Financials())
        return Financials(
            [statement for statement in reports.statements if statement.kind in kinds],
            [earnings for earnings in reports.earnings if earnings.kind in kinds],
        )

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        self._request("calendar")
        return list(self.entries)

    def news(self, ticker: str, since: datetime | None = None) -> list[NewsArticle]:
        self._request("news", ticker, since)
        return [
            article
            for article in self.articles
            if ticker in {mention.ticker for mention in article.tickers}
            and (since is None or article.published_at >= since)
        ]

    def since(self, data_set: str) -> list[date | None]:
        """Return from when on a data set was requested, each time."""
        return [since for name, _, since in self.requests if name == data_set]

    def _request(self, method: str, ticker: str = "", since: date | None = None) -> None:
        self.requests.append((method, ticker, since))
        error = self.failing.get(f"{method} {ticker}".strip(), self.failing.get(method))
        if error is not None:
            raise error


@dataclass
class FakeBatchProvider(FakeProvider):
    """A provider that returns prices and news of several companies at once."""

    batch_sizes: Mapping[DataSet, int] = field(
        default_factory=lambda: {DataSet.PRICES: 3, DataSet.NEWS: 3}
    )
    batches: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def histories(
        self, since: Mapping[str, date | None]
    ) -> Mapping[str, History | ProviderError | None]:
        self.batches.append(("prices", tuple(since)))
        return {ticker: _answer(self.history, ticker, day) for ticker, day in since.items()}

    def articles_about(
        self, since: Mapping[str, datetime | None]
    ) -> Mapping[str, Sequence[NewsArticle] | ProviderError]:
        self.batches.append(("news", tuple(since)))
        return {ticker: _answer(self.news, ticker, at) for ticker, at in since.items()}


def _answer(ask: Callable[..., T], ticker: str, since: date | None) -> T | ProviderError:
    try:
        return ask(ticker, since)
    except ProviderError as error:
        return error


class FakeScorer:
    """A scorer that knows certain words."""

    name = "fake-scorer"
    most_at_once: int | None = None

    def __init__(self, **scores: float) -> None:
        self._scores = scores
        self.asked: list[str] = []

    def score(self, text: str) -> float:
        self.asked.append(text)
        return next((score for word, score in self._scores.items() if word in text.lower()), 0.0)


def without_cause(event: Event) -> Event:
    """The same event, whichever run has caused it."""
    return event.model_copy(update={"correlation_id": None})


class AttentivePublisher(InProcessEventBus):
    """A bus that remembers what was published."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.heard += map(without_cause, events)
        super().publish(events)


class FakeQueues:
    """Queues that only take: `sent` has bodies by queue, `refusing` names what is refused."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}
        self.delayed: list[tuple[str, int]] = []
        self.refusing: set[str] = set()

    def send(self, queue: str, bodies: Sequence[str]) -> None:
        refused = [body for body in bodies if any(part in body for part in self.refusing)]
        self.sent.setdefault(queue, []).extend(body for body in bodies if body not in refused)
        if refused:
            raise PublishError(f"{queue}: refused", refused)

    def retry_later(self, queue: str, message: Message, delay_s: int) -> None:
        self.delayed.append((message.id, delay_s))

    def take(self, queue: str, tries: int = 1) -> list[Message]:
        """Deliver what was sent."""
        bodies = self.sent.pop(queue, [])
        return [Message(f"{queue}-{number}", body, tries) for number, body in enumerate(bodies)]


class RecordingPublisher:
    """An `EventPublisher` without subscribers that remembers what was published."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.heard += map(without_cause, events)


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
    )


def series(ticker: str, **closes: str) -> PriceSeries:
    """A series of `day_20240102="185.64"` and so on."""
    days = {name.removeprefix("day_"): close for name, close in closes.items()}
    return PriceSeries.from_bars(ticker, (bar(ticker, day, close) for day, close in days.items()))


def article(
    title: str,
    at: str,
    *tickers: str,
    sentiment: str | None = None,
    relevance: str = "0.5",
    topics: tuple[str, ...] = (),
) -> NewsArticle:
    """An article whose sentiment is the same towards every company."""
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
            TickerSentiment(ticker=ticker, relevance=Decimal(relevance), sentiment=tone)
            for ticker in tickers
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
