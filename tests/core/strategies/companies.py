"""Random listings, descriptions and what is derived from them."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import (
    Asset,
    AssetProfile,
    CompanyOverview,
    DataSet,
    Freshness,
    Insights,
    PriceRange,
    SentimentRating,
    label_of,
)

from .values import CURRENCIES, any_of, days, figures, instants, maybe, one, scores, texts


def assets(ticker: str | None = None) -> SearchStrategy[Asset]:
    """Any listing."""
    return any_of(
        Asset,
        ticker=one(ticker),
        name=maybe(texts()),
        exchange=maybe(st.sampled_from(("NASDAQ", "NYSE", "OTC"))),
        asset_type=maybe(st.sampled_from(("Stock", "ETF"))),
        status=st.sampled_from(("active", "inactive")),
        cik=maybe(st.integers(1, 10**10 - 1).map(str)),
        rank=maybe(st.integers(1, 20_000)),
        ipo_date=maybe(days()),
        delisting_date=maybe(days()),
    )


def overviews(ticker: str | None = None) -> SearchStrategy[CompanyOverview]:
    """Any description of a company."""
    return any_of(
        CompanyOverview,
        ticker=one(ticker),
        name=maybe(texts()),
        description=maybe(texts(200)),
        exchange=maybe(st.sampled_from(("NASDAQ", "NYSE"))),
        sector=maybe(st.sampled_from(("TECHNOLOGY", "FINANCE", "ENERGY & TRANSPORTATION"))),
        industry=maybe(texts()),
        country=maybe(st.sampled_from(("USA", "Germany"))),
        currency=maybe(st.sampled_from(CURRENCIES)),
        cik=maybe(st.integers(1, 10**10 - 1).map(str)),
        fiscal_year_end=maybe(st.sampled_from(("June", "September", "December"))),
        latest_quarter=maybe(days()),
        market_capitalization=maybe(figures(0)),
        shares_outstanding=maybe(figures(0)),
    )


def freshness() -> SearchStrategy[Freshness]:
    """Any reach of a data set."""
    return any_of(
        Freshness,
        as_of=days(),
        source=st.sampled_from(("sample", "alphavantage", "alpaca")),
        complete=st.booleans(),
        fetched_at=instants(),
        count=st.integers(0, 10**6),
    )


def insights() -> SearchStrategy[Insights]:
    """Any derived figures, or none yet."""
    return any_of(Insights, sentiment=maybe(_ratings()), range_52_weeks=maybe(_price_ranges()))


@st.composite
def _ratings(draw: st.DrawFn) -> SentimentRating:
    score = draw(scores())
    return SentimentRating(
        as_of=draw(days()),
        window_days=draw(st.integers(1, 365)),
        sample_size=draw(st.integers(0, 1000)),
        score=score,
        label=label_of(score),
    )


@st.composite
def _price_ranges(draw: st.DrawFn) -> PriceRange:
    low, high = sorted(draw(st.lists(st.decimals("0.01", 10**6, places=2), min_size=2, max_size=2)))
    return PriceRange(
        as_of=draw(days()), low=low, low_on=draw(days()), high=high, high_on=draw(days())
    )


def asset_profiles(ticker: str | None = None) -> SearchStrategy[AssetProfile]:
    """Any company with everything that is kept in one place about it."""
    return one(ticker).flatmap(
        lambda name: any_of(
            AssetProfile,
            asset=assets(name),
            overview=maybe(overviews(name)),
            insights=insights(),
            freshness=st.dictionaries(st.sampled_from(DataSet), freshness()),
            checked_at=maybe(instants()),
        )
    )
