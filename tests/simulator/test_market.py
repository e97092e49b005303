"""The simulated market: the same facts at every moment, and more of them later."""

from datetime import UTC, datetime, timedelta

from signal9_core.providers.calendar import is_trading_day
from signal9_core.providers.simulator.market import Market
from tests.fakes import SetClock

MONDAY = datetime(2024, 1, 8, 22, tzinfo=UTC)


def test_a_later_moment_adds_facts_and_changes_none() -> None:
    clock = SetClock(MONDAY)
    market = Market(clock, 50)
    before = {ticker: _facts(market, ticker) for ticker in market.covered()}
    clock.move(days=3)
    after = {ticker: _facts(market, ticker) for ticker in market.covered()}

    assert all(before[ticker] <= after[ticker] for ticker in before)
    assert all(len(after[ticker]) >= len(before[ticker]) + 3 for ticker in before)


def test_bars_are_of_trading_days_until_the_last_close() -> None:
    history = Market(SetClock(MONDAY), 5, days=100).history("MSFT")

    assert history is not None
    assert history.bars is not None
    days = [bar.day for bar in history.bars]
    assert days[-1] == MONDAY.date()
    assert all(map(is_trading_day, days))
    assert days[0] >= MONDAY.date() - timedelta(days=100)


def test_it_has_as_many_companies_as_wanted_the_largest_first() -> None:
    market = Market(SetClock(MONDAY), 10_000)

    assert len(list(market.assets())) == 10_000
    assert market.covered()[0] == "NVDA"
    assert market.history("NOBODY") is None
    assert len({entry.ticker for entry in market.calendar()}) == 10_000


def _facts(market: Market, ticker: str) -> set[object]:
    history = market.history(ticker)
    assert history is not None
    assert history.bars is not None
    bars = {(bar.day, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in history.bars}
    clipped = {bar for bar in bars if bar[0] > MONDAY.date() - timedelta(days=600)}
    recent = MONDAY - timedelta(days=60)
    return clipped | {article.id for article in market.news(ticker, recent)}
