from datetime import date
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.domain import PRICE_COLUMNS, Asset, CorporateAction, Interval, PriceSeries, adjust
from signal9_core.errors import InputError
from signal9_core.repositories import ActionRepository, AssetRepository, PriceRepository
from signal9_core.schemas import BarRow, PriceColumns, PricesAnswer
from tests.core.conftest import app_over, opened
from tests.core.strategies import days, price_series, walk
from tests.fakes import FakeProvider, SetClock, bar


def rows(answer: PricesAnswer) -> list[BarRow]:
    assert not isinstance(answer.items, PriceColumns)
    return list(answer.items)


def knowing(app: App, series: PriceSeries) -> App:
    AssetRepository(app.store).sync([Asset(ticker=series.ticker)])
    PriceRepository(app.store).merge(series)
    return app


def test_days_are_served_oldest_first_as_traded(full: App) -> None:
    answer = full.get_prices("AAPL")

    assert [(each.date.isoformat(), each.close) for each in rows(answer)] == [
        ("2023-12-28", Decimal("193.58")),
        ("2023-12-29", Decimal("192.53")),
        ("2024-01-02", Decimal("185.64")),
        ("2024-01-03", Decimal("184.25")),
    ]
    assert (answer.currency, answer.adjusted, answer.next_cursor) == ("USD", False, None)


def test_both_days_of_a_range_are_included(full: App) -> None:
    answer = full.get_prices("AAPL", first=date(2023, 12, 29), last=date(2024, 1, 2))

    assert [each.date for each in rows(answer)] == [date(2023, 12, 29), date(2024, 1, 2)]


def test_adjusted_prices_are_scaled_by_the_adjusted_close(full: App) -> None:
    answer = full.get_prices("AAPL", adjusted=True)

    assert answer.adjusted
    assert [each.close for each in rows(answer)] == [
        Decimal("96.79"),
        Decimal("96.265"),
        Decimal("92.82"),
        Decimal("92.125"),
    ]


def test_adjusted_prices_that_nobody_knows_are_refused_rather_than_made_up(app: App) -> None:
    plain = bar("BRK.B", "2024-01-02", "362").model_copy(update={"adjusted_close": None})
    knowing(app, PriceSeries.from_bars("BRK.B", [plain]))

    with pytest.raises(InputError, match=r"^adjusted: BRK\.B has no adjusted prices$"):
        app.get_prices("BRK.B", adjusted=True)


def test_prices_without_adjusted_closes_are_adjusted_by_splits_and_dividends(app: App) -> None:
    long = walk(30, "BRK.B", adjusted=False)
    knowing(app, long)
    split = CorporateAction(ticker="BRK.B", kind="split", ex_date=long.day(10), ratio=Decimal(2))
    dividend = CorporateAction(
        ticker="BRK.B", kind="dividend", ex_date=long.day(20), amount=Decimal(1)
    )
    actions = [split, dividend]
    ActionRepository(app.store).sync(actions)

    answer = app.get_prices("BRK.B", first=long.day(5), last=long.day(12), adjusted=True)

    expected = adjust(long, actions).between(long.day(5), long.day(12))
    assert [each.close for each in rows(answer)] == expected.prices("close")
    assert [each.volume for each in rows(answer)] == list(expected.volume)
    assert expected.volume[0] == 2 * long.volume[5]


def test_where_nothing_ever_happened_adjusted_prices_are_those_traded(app: App) -> None:
    long = walk(30, "BRK.B", adjusted=False)
    knowing(app, long)
    ActionRepository(app.store).note_told("BRK.B", long.day(0), long.day(-1))

    answer = app.get_prices("BRK.B", adjusted=True)

    assert [each.close for each in rows(answer)] == long.prices("close")


def test_adjusted_prices_are_refused_where_a_split_may_be_missing(app: App) -> None:
    long = walk(30, "BRK.B", adjusted=False)
    knowing(app, long)
    first, last = long.day(7), long.day(20)
    ActionRepository(app.store).note_told("BRK.B", first, last)

    for start, end in ((None, None), (first, None), (None, last)):
        with pytest.raises(InputError, match=f"adjusted prices from {first} to {last} only"):
            app.get_prices("BRK.B", first=start, last=end, adjusted=True)

    assert len(rows(app.get_prices("BRK.B", first=first, last=last, adjusted=True))) == 14


def acted(app: App, long: PriceSeries, **figure: str) -> None:
    """Store bars without adjusted closes, and what the company did on the tenth day."""
    knowing(app, long)
    kind = "split" if "ratio" in figure else "dividend"
    place = {"ticker": long.ticker, "kind": kind, "ex_date": long.day(10)}
    ActionRepository(app.store).sync([CorporateAction.model_validate({**place, **figure})])


def test_prices_since_the_last_split_are_adjusted_as_they_are(app: App) -> None:
    long = walk(30, "BRK.B", adjusted=False)
    acted(app, long, ratio="7")

    adjusted, traded = (
        app.get_prices("BRK.B", first=long.day(20), adjusted=each) for each in (True, False)
    )

    assert rows(adjusted) == rows(traded)


def test_a_dividend_beside_a_close_of_zero_is_told_to_whoever_wants_adjusted_prices(
    app: App,
) -> None:
    long = walk(30, "BRK.B", adjusted=False)
    for name in PRICE_COLUMNS:
        getattr(long, name)[10] = 0
    acted(app, long, amount="0.5")

    with pytest.raises(InputError, match=r"^adjusted: BRK\.B on .*: a dividend of 0\.5 leaves"):
        app.get_prices("BRK.B", adjusted=True)


@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("interval", list(Interval))
def test_a_company_without_prices_has_an_empty_answer(
    interval: Interval, adjusted: bool, full: App
) -> None:
    answer = full.get_prices("MSFT", interval=interval, adjusted=adjusted)

    assert (rows(answer), answer.next_cursor) == ([], None)


def test_a_week_around_the_turn_of_the_year_is_one_week(full: App) -> None:
    answer = full.get_prices("AAPL", interval=Interval.WEEK)

    assert [
        (each.date, each.open, each.high, each.low, each.close, each.volume)
        for each in rows(answer)
    ] == [
        (date(2023, 12, 29), Decimal("193.58"), Decimal("193.58"), Decimal("192.53"),
         Decimal("192.53"), 2000),
        (date(2024, 1, 3), Decimal("185.64"), Decimal("185.64"), Decimal("184.25"),
         Decimal("184.25"), 2000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("interval", "first", "last", "found"),
    [
        (Interval.WEEK, date(2023, 12, 29), date(2024, 1, 3), ["2023-12-29", "2024-01-03"]),
        (Interval.WEEK, date(2023, 12, 30), date(2024, 1, 2), []),
        (Interval.MONTH, date(2023, 12, 29), date(2023, 12, 31), ["2023-12-29"]),
        (Interval.MONTH, date(2023, 12, 28), date(2023, 12, 28), []),
    ],
)
def test_a_range_selects_whole_periods_by_their_last_trading_day(
    interval: Interval, first: date, last: date, found: list[str], full: App
) -> None:
    answer = full.get_prices("AAPL", first=first, last=last, interval=interval)

    assert [each.date.isoformat() for each in rows(answer)] == found
    assert all(each.volume == 2000 for each in rows(answer))


@settings(deadline=None, max_examples=40)
@given(
    series=price_series("AAPL", max_size=60, adjusted=True),
    interval=st.sampled_from(Interval),
    first=st.none() | days(),
    last=st.none() | days(),
    limit=st.integers(1, 20),
    adjusted=st.booleans(),
)
def test_pages_of_any_range_hold_what_all_of_it_holds(
    series: PriceSeries,
    interval: Interval,
    first: date | None,
    last: date | None,
    limit: int,
    adjusted: bool,
) -> None:
    if first is not None and last is not None and first > last:
        first, last = last, first
    with opened() as store:
        app = knowing(app_over(store, SetClock(), FakeProvider()), series)
        whole = rows(app.get_prices("AAPL", interval=interval, adjusted=adjusted))
        paged: list[BarRow] = []
        cursor = None
        while True:
            page = app.get_prices(
                "AAPL",
                first=first,
                last=last,
                interval=interval,
                adjusted=adjusted,
                limit=limit,
                cursor=cursor,
            )
            paged += rows(page)
            cursor = page.next_cursor
            assert rows(page) or not paged
            if cursor is None:
                break

    assert paged == [
        each
        for each in whole
        if (first is None or first <= each.date) and (last is None or each.date <= last)
    ]


@settings(deadline=None, max_examples=30)
@given(series=price_series("AAPL", max_size=60), interval=st.sampled_from(Interval))
def test_longer_bars_are_made_of_the_days_within(series: PriceSeries, interval: Interval) -> None:
    def period(day: date) -> tuple[int, ...]:
        if interval is Interval.DAY:
            return (day.toordinal(),)
        return day.isocalendar()[:2] if interval is Interval.WEEK else (day.year, day.month)

    with opened() as store:
        app = knowing(app_over(store, SetClock(), FakeProvider()), series)
        found = rows(app.get_prices("AAPL", interval=interval))

    groups = [list(group) for _, group in groupby(series, lambda each: period(each.day))]
    assert [(each.date, each.open, each.high, each.low, each.close) for each in found] == [
        (
            group[-1].day,
            group[0].open,
            max(each.high for each in group),
            min(each.low for each in group),
            group[-1].close,
        )
        for group in groups
    ]
    assert [each.volume for each in found] == [sum(bar.volume for bar in g) for g in groups]


@pytest.mark.parametrize("interval", list(Interval))
def test_columns_and_rows_agree(interval: Interval, full: App) -> None:
    expected = rows(full.get_prices("AAPL", interval=interval, limit=3))

    answer = full.get_prices("AAPL", interval=interval, limit=3, shape="columns")

    assert isinstance(answer.items, PriceColumns)
    columns = answer.items
    assert [
        BarRow(date=day, open=opened, high=high, low=low, close=close, volume=volume)
        for day, opened, high, low, close, volume in zip(
            columns.date,
            columns.open,
            columns.high,
            columns.low,
            columns.close,
            columns.volume,
            strict=True,
        )
    ] == expected


def test_the_shape_may_change_from_page_to_page(full: App) -> None:
    cursor = full.get_prices("AAPL", limit=3).next_cursor

    answer = full.get_prices("AAPL", limit=3, cursor=cursor, shape="columns")

    assert isinstance(answer.items, PriceColumns)
    assert list(answer.items.date) == [date(2024, 1, 3)]
