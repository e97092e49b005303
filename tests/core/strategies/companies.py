"""Random listings, descriptions, insights, reports and articles."""

from decimal import Decimal
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.companies import (
    Asset,
    AssetProfile,
    CompanyOverview,
    DataSet,
    Freshness,
    PendingEvent,
    PriceCheck,
    Problem,
    ProblemKind,
)
from signal9_core.domain.coverage import PriceHistory, Received
from signal9_core.domain.insights import (
    CashFlowFigures,
    EarningsFigures,
    IncomeFigures,
    Insights,
    PriceFigures,
    PriceRange,
    SentimentRating,
)
from signal9_core.domain.model import Model
from signal9_core.domain.news import NewsArticle, TickerSentiment, label_of
from signal9_core.domain.reports import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Period,
    Report,
    Statement,
)

from .values import days, figures, instances, instants, maybe, one, scores, texts, tickers

_PRICES = st.decimals("0.01", 10**6, places=2)


def assets(ticker: str | None = None) -> SearchStrategy[Asset]:
    """Any listing."""
    return instances(
        Asset,
        ticker=one(ticker),
        exchange=maybe(st.sampled_from(("NASDAQ", "NYSE", "OTC"))),
        status=st.sampled_from(("active", "inactive")),
        rank=maybe(st.integers(1, 20_000)),
    )


def overviews(ticker: str | None = None) -> SearchStrategy[CompanyOverview]:
    """Any description of a company."""
    sectors = st.sampled_from(("TECHNOLOGY", "FINANCE", "ENERGY & TRANSPORTATION"))
    return instances(CompanyOverview, ticker=one(ticker), sector=maybe(sectors))


def freshness() -> SearchStrategy[Freshness]:
    """Any freshness of a data set."""
    return instances(Freshness, count=st.integers(0, 10**6))


def insights() -> SearchStrategy[Insights]:
    """Any derived figures, or none yet."""
    return instances(
        Insights,
        sentiment=maybe(_ratings()),
        range_52_weeks=maybe(_price_ranges()),
        prices=maybe(instances(PriceFigures, currency=st.just("USD"), close=_PRICES)),
        income=maybe(_figures(IncomeFigures)),
        cash_flow=maybe(_figures(CashFlowFigures)),
        earnings=maybe(_figures(EarningsFigures)),
    )


def _figures(model: type[Model]) -> SearchStrategy[Model]:
    reasons = st.dictionaries(st.just("revenue"), texts(), max_size=1)
    periods = st.lists(days(), max_size=4).map(tuple)
    currency = maybe(st.just("USD"))
    return instances(model, currency=currency, periods=periods, insufficient=reasons)


def _ratings() -> SearchStrategy[SentimentRating]:
    return scores().flatmap(
        lambda score: instances(
            SentimentRating,
            window_days=st.integers(1, 365),
            sample_size=st.integers(0, 1000),
            score=st.just(score),
            label=st.just(label_of(score)),
        )
    )


def _price_ranges() -> SearchStrategy[PriceRange]:
    return st.builds(
        lambda prices, as_of, first, low_on, high_on: PriceRange(
            as_of=as_of,
            first=first,
            last=as_of,
            low=min(prices),
            low_on=low_on,
            high=max(prices),
            high_on=high_on,
        ),
        st.tuples(_PRICES, _PRICES),
        days(),
        days(),
        days(),
        days(),
    )


def _price_checks() -> SearchStrategy[PriceCheck]:
    return instances(PriceCheck, source=texts(), difference=_PRICES)


def _problems() -> SearchStrategy[Problem]:
    return instances(Problem, kind=st.sampled_from(ProblemKind), reason=texts())


def price_histories() -> SearchStrategy[PriceHistory]:
    """Any record of which prices came when."""
    received = st.lists(instances(Received, at=instants()), max_size=2).map(tuple)
    spans = st.lists(st.tuples(days(), days()), max_size=2).map(tuple)
    return instances(PriceHistory, spans=spans, bars=received, splits=received)


def asset_profiles(ticker: str | None = None) -> SearchStrategy[AssetProfile]:
    """Any company with all that is known about it."""
    return one(ticker).flatmap(
        lambda name: instances(
            AssetProfile,
            asset=assets(name),
            overview=maybe(overviews(name)),
            insights=insights(),
            history=price_histories(),
            price_check=maybe(_price_checks()),
            problems=st.lists(
                instances(Problem, kind=st.sampled_from(ProblemKind), reason=texts()), max_size=2
            ).map(tuple),
            freshness=st.dictionaries(st.sampled_from(DataSet), freshness()),
            checked_at=maybe(instants()),
            pending=st.lists(
                instances(PendingEvent, detail_type=texts(), detail=texts()), max_size=2
            ).map(tuple),
        )
    )


STATEMENTS: Final[tuple[type[Statement], ...]] = (BalanceSheet, CashFlow, IncomeStatement)
UNKNOWN_FIELDS: Final = ("stockBasedCompensation", "otherNonCurrrentAssets", "restated", "note")
_PERIODS: Final = st.sampled_from(Period)


@st.composite
def statements(
    draw: st.DrawFn, ticker: str | None = None, kind: type[Statement] | None = None
) -> Statement:
    """Any statement of any kind: some known figures, some gaps, some unknown fields."""
    model: type[Statement] = kind or draw(st.sampled_from(STATEMENTS))
    known = sorted(set(model.model_fields) - set(Statement.model_fields))
    values = draw(st.dictionaries(st.sampled_from(known), maybe(figures()), max_size=6))
    head = draw(instances(Report, ticker=one(ticker), period=_PERIODS)).model_dump()
    return model.model_validate(head | values | draw(_unknown_fields()))


@st.composite
def earnings(draw: st.DrawFn, ticker: str | None = None) -> Earnings:
    """Any earnings record; what analysts expected may be unknown."""
    known = draw(instances(Earnings, ticker=one(ticker), period=_PERIODS))
    return Earnings.model_validate(known.model_dump() | draw(_unknown_fields()))


def _unknown_fields() -> SearchStrategy[dict[str, Decimal | str | None]]:
    value = st.one_of(st.none(), figures(), texts(10))
    return st.dictionaries(st.sampled_from(UNKNOWN_FIELDS), value, max_size=2)


def calendar_entries(ticker: str | None = None) -> SearchStrategy[EarningsCalendarEntry]:
    """Any announced earnings report."""
    return instances(EarningsCalendarEntry, ticker=one(ticker))


@st.composite
def articles(draw: st.DrawFn, ticker: str | None = None) -> NewsArticle:
    """Any article; with `ticker` it mentions that company among others."""
    named = draw(st.lists(tickers(), unique=True, max_size=3))
    if ticker is not None and ticker not in named:
        named.append(ticker)
    return draw(
        instances(
            NewsArticle,
            id=st.from_regex(r"[0-9a-f]{20}", fullmatch=True),
            title=texts(80),
            topics=st.lists(st.sampled_from(("earnings", "technology")), unique=True),
            tickers=st.tuples(*map(_mentions, named)),
            sentiment=maybe(scores()),
        )
    )


def _mentions(ticker: str) -> SearchStrategy[TickerSentiment]:
    return instances(
        TickerSentiment,
        ticker=st.just(ticker),
        relevance=st.decimals(0, 1, places=6),
        sentiment=maybe(scores()),
    )
