"""No bar is ever served under a company that did not have the ticker on that day.

A market is made up: companies take tickers, leave them, and take those of others. A provider knows
some of what identifies them, and returns the bars of a ticker's owner, or of all its owners.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset
from signal9_core.domain.prices import Interval, PriceSeries
from tests.core.conftest import app_over, opened
from tests.fakes import FakeProvider, SetClock, bar

FIRST = date(2024, 1, 1)
TICKERS = ("AA", "BB", "CC")
NAMES = ("Alpha", "Beta", "Gamma", "Delta")
OTHERS = [Asset(ticker=f"X{number}", name=f"Other {number}") for number in range(40)]

Owners = Mapping[str, int | None]
"""The number of the company that has a ticker."""


class Evidence(NamedTuple):
    """What a provider knows of companies beside their names, and whose bars it returns."""

    cik: bool
    id: bool
    listing_date: bool
    all_owners: bool


class Day(NamedTuple):
    """Who has which ticker on a day, and whether data are ingested after the listing."""

    owners: Owners
    is_ingested: bool


def _owners() -> st.SearchStrategy[Owners]:
    """No company has two tickers, so that none can be told from another by its CIK."""
    slots = st.permutations([*range(len(NAMES)), None, None])
    return slots.map(lambda companies: dict(zip(TICKERS, companies, strict=False)))


@st.composite
def markets(draw: st.DrawFn) -> list[Day]:
    """Some weeks, in which owners change now and then."""
    owners, days = draw(_owners()), list[Day]()
    for _ in range(draw(st.integers(2, 14))):
        if draw(st.sampled_from((True, False, False))):
            owners = draw(_owners())
        days.append(Day(owners, draw(st.booleans())))
    return [*days, Day(owners, is_ingested=True)]


def _asset(ticker: str, company: int, market: list[Day], evidence: Evidence) -> Asset:
    listed = (at for at, day in enumerate(market) if company in day.owners.values())
    fields: dict[str, object] = {"ticker": ticker, "name": NAMES[company]}
    if evidence.cik:
        fields["cik"] = str(100 + company)
    if evidence.id:
        fields["id"] = f"id-{company}"
    if evidence.listing_date:
        # No two companies were first listed on one day, or it would tell that they are the same.
        fields["ipo_date"] = FIRST + timedelta(days=next(listed) - 30 * company)
    return Asset.model_validate(fields)


def _series(ticker: str, market: list[Day], evidence: Evidence) -> PriceSeries | None:
    """Return bars whose close names the owner: 1 for the first company, and so on."""
    now = market[-1].owners[ticker]
    bars = [
        bar(ticker, str(FIRST + timedelta(days=at)), str(owner + 1))
        for at, owner in enumerate(day.owners[ticker] for day in market)
        if owner is not None and (evidence.all_owners or owner == now)
    ]
    return PriceSeries.from_bars(ticker, bars) if bars else None


def _ingest(app: App, provider: FakeProvider, market: list[Day], evidence: Evidence) -> None:
    provider.at = datetime.combine(FIRST, datetime.min.time(), UTC)
    provider.at += timedelta(days=len(market) - 1, hours=23)
    listed = [
        _asset(ticker, company, market, evidence)
        for ticker, company in market[-1].owners.items()
        if company is not None
    ]
    provider.listing = [*listed, *OTHERS]
    series = {ticker: _series(ticker, market, evidence) for ticker in TICKERS}
    provider.series = {ticker: bars for ticker, bars in series.items() if bars is not None}
    app.ingest()
    if market[-1].is_ingested:
        app.ingest(tickers=TICKERS)


def _check(app: App) -> None:
    for ticker in TICKERS:
        profile = app.assets.get(ticker)
        if profile is None:
            continue
        bars = app.get_prices.series(ticker, None, None, Interval.DAY, adjusted=False)
        owners = {NAMES[int(close) - 1] for close in bars.prices("close")}
        assert owners <= {profile.asset.name}, (ticker, profile)


@settings(deadline=None, max_examples=150)
@given(markets(), st.builds(Evidence, *[st.booleans()] * 4))
def test_no_bar_is_served_under_a_company_that_did_not_have_the_ticker(
    market: list[Day], evidence: Evidence
) -> None:
    provider = FakeProvider(covering=None, overviews={}, series={}, reports={}, articles=[])
    with opened() as store:
        app = app_over(store, SetClock(), provider)
        for until in range(1, len(market) + 1):
            _ingest(app, provider, market[:until], evidence)
            _check(app)
