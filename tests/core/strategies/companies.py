"""Random listings, descriptions and insights."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import (
    Asset,
    AssetProfile,
    CompanyOverview,
    DataSet,
    Freshness,
    Insights,
    PendingEvent,
    PriceCheck,
    PriceRange,
    Problem,
    ProblemKind,
    SentimentRating,
    label_of,
)
from signal9_core.domain.coverage import PriceHistory, Received

from .values import days, instances, instants, maybe, one, scores, texts

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
    return instances(Insights, sentiment=maybe(_ratings()), range_52_weeks=maybe(_price_ranges()))


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
        lambda prices, as_of, low_on, high_on: PriceRange(
            as_of=as_of, low=min(prices), low_on=low_on, high=max(prices), high_on=high_on
        ),
        st.tuples(_PRICES, _PRICES),
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
