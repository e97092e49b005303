from collections.abc import Callable
from datetime import date

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Interval
from signal9_core.errors import InputError, NotFoundError

Ask = Callable[[App], object]


@pytest.mark.parametrize(
    ("field", "ask"),
    [
        ("limit", lambda app: app.list_assets(limit=0)),
        ("limit", lambda app: app.list_assets(limit=1_001)),
        ("limit", lambda app: app.get_prices("AAPL", limit=0)),
        ("limit", lambda app: app.get_prices("AAPL", limit=10_001)),
        ("limit", lambda app: app.get_financials("AAPL", limit=-1)),
        ("limit", lambda app: app.get_financials("AAPL", limit=201)),
        ("limit", lambda app: app.list_news(limit=0)),
        ("limit", lambda app: app.list_news(limit=1_001)),
        ("limit", lambda app: app.search("apple", limit=0)),
        ("limit", lambda app: app.search("apple", limit=51)),
        ("from", lambda app: app.list_news(first=date(2024, 1, 2), last=date(2024, 1, 1))),
        ("from", lambda app: app.get_prices("AAPL", first=date(2024, 2, 1), last=date.min)),
        ("ticker", lambda app: app.get_asset("no ticker")),
        ("ticker", lambda app: app.get_prices("")),
        ("ticker", lambda app: app.get_financials("ÄÖÜ")),
        ("ticker", lambda app: app.list_news(ticker="A" * 21)),
        ("topic", lambda app: app.list_news(topic=" ?! ")),
        ("q", lambda app: app.search("  ")),
        ("q", lambda app: app.search("x" * 201)),
        ("cursor", lambda app: app.list_assets(cursor="")),
        ("cursor", lambda app: app.list_news(cursor="made-up")),
        ("cursor", lambda app: app.get_prices("AAPL", cursor="ö.ü")),
        ("cursor", lambda app: app.get_financials("AAPL", cursor="e30.AAAA")),
    ],
)
def test_what_has_no_meaning_is_named_by_its_field(field: str, ask: Ask, full: App) -> None:
    with pytest.raises(InputError) as caught:
        ask(full)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "ask",
    [
        lambda app: app.list_assets(limit=1_000),
        lambda app: app.get_prices("AAPL", limit=10_000),
        lambda app: app.get_financials("AAPL", limit=200),
        lambda app: app.list_news(limit=1_000),
        lambda app: app.search("apple", limit=50),
        lambda app: app.search("x" * 200),
        lambda app: app.list_news(first=date(2024, 1, 2), last=date(2024, 1, 2)),
    ],
)
def test_the_bounds_themselves_are_allowed(ask: Ask, full: App) -> None:
    assert ask(full) is not None


@pytest.mark.parametrize("interval", list(Interval))
def test_the_ends_of_the_calendar_are_days_like_others(interval: Interval, full: App) -> None:
    found = full.get_prices("AAPL", first=date.min, last=date.max, interval=interval)

    assert found == full.get_prices("AAPL", interval=interval)
    assert full.list_news(first=date.min, last=date.max) == full.list_news()


@pytest.mark.parametrize(
    "ask",
    [
        lambda app: app.get_asset("APPL"),
        lambda app: app.get_prices("APPL"),
        lambda app: app.get_financials("APPL"),
        lambda app: app.list_news(ticker="APPL"),
    ],
)
def test_an_unknown_ticker_comes_with_what_may_have_been_meant(ask: Ask, full: App) -> None:
    with pytest.raises(NotFoundError) as caught:
        ask(full)

    assert caught.value.value == "APPL"
    assert "AAPL" in caught.value.nearest
    assert len(caught.value.nearest) <= 3


@pytest.mark.parametrize("spelling", ["brk.b", " BRK.B ", "BRK.B", "brk-b"])
def test_a_ticker_is_understood_however_it_is_typed(spelling: str, full: App) -> None:
    assert full.get_asset(spelling).ticker == "BRK.B"
    assert full.get_prices(spelling).ticker == "BRK.B"
    assert full.get_financials(spelling).ticker == "BRK.B"
    assert full.list_news(ticker=spelling).items
