import csv
import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.csv_export import to_csv
from signal9_core.domain.adjustment import CorporateAction, adjust
from signal9_core.domain.companies import Asset
from signal9_core.domain.prices import PRICE_COLUMNS, Interval, PriceSeries
from signal9_core.domain.timeseries import resample
from signal9_core.errors import InputError
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.repositories.companies import AssetRepository
from signal9_core.repositories.prices import ActionRepository, PriceRepository
from signal9_core.schemas.base import to_json
from signal9_core.schemas.prices import BarRow, PriceColumns, PricesAnswer
from signal9_core.services.parameters import encode_cursor
from signal9_core.services.prices import Order, bar_rows
from tests.core.conftest import app_over, opened
from tests.core.storing import store_assets
from tests.core.strategies import days, price_series, walk
from tests.fakes import FakeProvider, SetClock

ORDERS: tuple[Order, Order] = ("asc", "desc")
FIELDS = ("date", *PRICE_COLUMNS, "volume")


def rows(answer: PricesAnswer) -> list[BarRow]:
    assert not isinstance(answer.items, PriceColumns)
    return list(answer.items)


def pages(query: Callable[..., PricesAnswer], **options: object) -> Iterator[list[BarRow]]:
    """Yield the rows of every page; a cursor that comes twice would never end."""
    cursors: list[str | None] = [None]
    while True:
        answer = query("AAPL", cursor=cursors[-1], **options)
        yield rows(answer)
        if answer.next_cursor is None:
            return
        assert answer.next_cursor not in cursors
        cursors.append(answer.next_cursor)


def store_prices(app: App, series: PriceSeries) -> App:
    store_assets(AssetRepository(app.store), [Asset(ticker=series.ticker)])
    PriceRepository(app.store).merge(series)
    return app


def store_action(app: App, long: PriceSeries, at: int, **figure: str) -> CorporateAction:
    kind = "split" if "ratio" in figure else "dividend"
    place = {"ticker": long.ticker, "kind": kind, "ex_date": long.day(at)}
    action = CorporateAction.model_validate({**place, **figure})
    actions = ActionRepository(app.store)
    actions.sync([action])
    actions.note_coverage(long.ticker, (long.day(0), long.day(-1)))
    return action


@pytest.fixture
def long(app: App) -> PriceSeries:
    """Thirty stored bars."""
    series = walk(30, "BRK.B")
    store_prices(app, series)
    return series


def test_days_are_served_oldest_first_as_traded(full: App) -> None:
    answer = full.get_prices("AAPL")

    assert [(row.date.isoformat(), row.close) for row in rows(answer)] == [
        ("2023-12-28", Decimal("193.58")),
        ("2023-12-29", Decimal("192.53")),
        ("2024-01-02", Decimal("185.64")),
        ("2024-01-03", Decimal("184.25")),
    ]
    assert (answer.currency, answer.adjusted, answer.next_cursor) == ("USD", False, None)


def test_adjusted_prices_that_nobody_knows_are_refused_rather_than_made_up(
    app: App, long: PriceSeries
) -> None:
    with pytest.raises(InputError, match=r"^adjusted: BRK\.B has no adjusted prices$"):
        app.get_prices(long.ticker, adjusted=True)


def test_prices_are_adjusted_by_splits_and_dividends(app: App, long: PriceSeries) -> None:
    actions = [store_action(app, long, 10, ratio="2"), store_action(app, long, 20, amount="1")]

    answer = app.get_prices("BRK.B", first=long.day(5), last=long.day(12), adjusted=True)

    expected = adjust(long, actions).between(long.day(5), long.day(12))
    assert rows(answer) == bar_rows(expected)
    assert expected.volume[0] == 2 * long.volume[5]


def test_the_answer_names_the_method_and_the_day_of_adjusted_prices(
    app: App, long: PriceSeries
) -> None:
    store_action(app, long, 10, ratio="4")
    store_action(app, long, 20, ratio="7")

    answer = app.get_prices("BRK.B", last=long.day(15), adjusted=True)
    traded = app.get_prices("BRK.B", last=long.day(15))

    assert (answer.adjustment, answer.adjusted_to) == ("splits and dividends", long.day(29))
    assert (traded.adjustment, traded.adjusted_to) == (None, None)
    volumes = [row.volume for row in rows(answer)]
    assert volumes == [28 * volume for volume in long.volume[:10]] + [
        7 * volume for volume in long.volume[10:16]
    ]


def test_a_split_after_the_last_bar_changes_no_price_yet(app: App, long: PriceSeries) -> None:
    store_action(app, long, 10, amount="0.5")
    before = app.get_prices("BRK.B", adjusted=True)
    split = {"ticker": "BRK.B", "kind": "split", "ratio": "2"}
    tomorrow = long.day(29) + timedelta(days=1)
    app.actions.sync([CorporateAction.model_validate({**split, "ex_date": tomorrow})])

    assert app.get_prices("BRK.B", adjusted=True) == before
    assert app.get_prices.last_year("BRK.B").bars.day(-1) == long.day(29)
    assert app.get_prices.last_year("BRK.B").bars.volume == long.volume


def test_actions_of_unknown_completeness_adjust_nothing(app: App, long: PriceSeries) -> None:
    dividend = {"ticker": "BRK.B", "kind": "dividend", "amount": "0.5", "ex_date": long.day(10)}
    app.actions.sync([CorporateAction.model_validate(dividend)])

    with pytest.raises(InputError, match=r"^adjusted: BRK\.B has no adjusted prices$"):
        app.get_prices("BRK.B", adjusted=True)


def test_the_last_year_is_in_shares_of_its_last_close(app: App, long: PriceSeries) -> None:
    unknown = app.get_prices.last_year("BRK.B")
    store_action(app, long, 20, ratio="4")
    store_action(app, long, 25, amount="1")

    known = app.get_prices.last_year("BRK.B")

    assert (unknown.comparable, unknown.bars) == (False, long)
    assert known.comparable
    assert known.bars.price("close", 0) == long.price("close", 0) / 4
    assert known.bars.price("close", 24) == long.price("close", 24)
    assert app.get_prices.last_year("AAPL") == (PriceSeries.empty("AAPL"), True)


def test_where_nothing_happened_adjusted_prices_are_those_traded(
    app: App, long: PriceSeries
) -> None:
    ActionRepository(app.store).note_coverage("BRK.B", (long.day(0), long.day(-1)))

    assert rows(app.get_prices("BRK.B", adjusted=True)) == bar_rows(long.rescaled(6))


def test_adjusted_prices_are_refused_where_a_split_may_be_missing(
    app: App, long: PriceSeries
) -> None:
    first, last = long.day(7), long.day(20)
    ActionRepository(app.store).note_coverage("BRK.B", (first, last))

    for start, end in ((None, None), (first, None), (None, last)):
        with pytest.raises(InputError, match=f"adjusted prices from {first} to {last} only"):
            app.get_prices("BRK.B", first=start, last=end, adjusted=True, limit=5)

    assert len(rows(app.get_prices("BRK.B", first=first, last=last, adjusted=True))) == 14


def test_a_dividend_beside_a_close_of_zero_is_refused_by_the_name_of_the_parameter(
    app: App,
) -> None:
    series = walk(30, "BRK.B")
    for name in PRICE_COLUMNS:
        getattr(series, name)[10] = 0
    store_prices(app, series)
    store_action(app, series, 10, amount="0.5")

    with pytest.raises(InputError, match=r"^adjusted: BRK\.B on .*: a dividend of 0\.5 leaves"):
        app.get_prices("BRK.B", adjusted=True)


@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("interval", list(Interval))
def test_a_company_without_prices_has_an_empty_answer(
    interval: Interval, adjusted: bool, full: App
) -> None:
    answer = full.get_prices("MSFT", interval=interval, adjusted=adjusted)

    assert (rows(answer), answer.next_cursor) == ([], None)


@pytest.mark.parametrize(
    ("interval", "first", "last", "expected"),
    [
        (Interval.WEEK, date(2023, 12, 29), date(2024, 1, 3), ["2023-12-29", "2024-01-03"]),
        (Interval.WEEK, date(2023, 12, 30), date(2024, 1, 2), []),
        (Interval.MONTH, date(2023, 12, 29), date(2023, 12, 31), ["2023-12-29"]),
        (Interval.MONTH, date(2023, 12, 28), date(2023, 12, 28), []),
    ],
)
def test_a_range_selects_whole_periods_by_their_last_trading_day(
    interval: Interval, first: date, last: date, expected: list[str], full: App
) -> None:
    answer = full.get_prices("AAPL", first=first, last=last, interval=interval)

    assert [row.date.isoformat() for row in rows(answer)] == expected
    assert all(row.volume == 2000 for row in rows(answer))


def test_a_month_is_made_of_all_its_days_wherever_the_range_begins(app: App) -> None:
    history = SampleProvider().history("IBM")
    assert history is not None
    assert history.bars is not None
    store_prices(app, history.bars)

    for first in (date(2012, 3, 1), date(2012, 3, 15), date(2012, 3, 30)):
        answer = app.get_prices("IBM", first=first, last=date(2012, 4, 1), interval=Interval.MONTH)
        [march] = rows(answer)
        assert (str(march.open), str(march.close)) == ("197.23", "208.65")


@settings(deadline=None, max_examples=50)
@given(
    series=price_series("AAPL", max_size=60),
    interval=st.sampled_from(Interval),
    order=st.sampled_from(ORDERS),
    first=st.none() | days(),
    last=st.none() | days(),
    limit=st.integers(1, 20),
    adjusted=st.booleans(),
)
def test_pages_of_any_range_hold_what_all_of_it_holds(
    series: PriceSeries,
    interval: Interval,
    order: Order,
    first: date | None,
    last: date | None,
    limit: int,
    adjusted: bool,
) -> None:
    if first is not None and last is not None and first > last:
        first, last = last, first
    with opened() as store:
        app = store_prices(app_over(store, SetClock(), FakeProvider()), series)
        actions = []
        if len(series):
            actions = [store_action(app, series, len(series) // 2, ratio="2")]
        options = {"first": first, "last": last, "interval": interval, "order": order}
        paged = list(pages(app.get_prices, adjusted=adjusted, limit=limit, **options))

    daily = adjust(series, actions) if adjusted and len(series) else series
    whole = bar_rows(resample(daily, interval).between(first, last))
    assert [row for page in paged for row in page] == (whole if order == "asc" else whole[::-1])
    assert [len(page) for page in paged[:-1]] == [limit] * (len(paged) - 1)
    assert paged[-1] or len(paged) == 1


@pytest.mark.parametrize("day", ["yesterday", "9999-12-31"])
def test_a_cursor_that_names_no_day_is_refused(full: App, day: str) -> None:
    query = {"list": "prices", "ticker": "AAPL", "from": None, "to": None, "interval": "1d"}
    cursor = encode_cursor({**query, "adjusted": False}, {"after": day})

    with pytest.raises(InputError, match=r"^cursor: is not a cursor of this query$"):
        full.get_prices("AAPL", cursor=cursor)


def test_a_page_of_a_long_history_is_read_without_the_rest_of_it(app: App) -> None:
    store_prices(app, walk(3_000, "AAPL"))
    whole = app.get_prices.prices.between
    read: list[int] = []

    def between(*arguments: object, **options: object) -> PriceSeries:
        series = whole(*arguments, **options)  # type: ignore[arg-type]
        read.append(len(series))
        return series

    app.get_prices.prices.between = between  # type: ignore[method-assign]
    for interval in Interval:
        app.get_prices("AAPL", interval=interval, limit=3, order="desc")

    assert len(read) == len(Interval)
    assert max(read) < 200


@settings(deadline=None, max_examples=40)
@given(price_series("AAPL", max_size=10), st.sampled_from(ORDERS))
def test_json_and_csv_have_the_digits_that_are_stored(series: PriceSeries, order: Order) -> None:
    with opened() as store:
        app = store_prices(app_over(store, SetClock(), FakeProvider()), series)
        answer = app.get_prices("AAPL", order=order)

    in_json = json.loads(to_json(answer), parse_float=str, parse_int=str)["items"]
    in_csv = list(csv.DictReader(StringIO(to_csv(answer).decode())))
    expected = [
        {name: str(getattr(row, name)) for name in FIELDS} for row in bar_rows(series, order)
    ]
    assert in_json == in_csv == expected
    assert to_csv(answer, ["close"]).split() == [
        b"close",
        *(row["close"].encode() for row in expected),
    ]


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (45_385_00, 4, "453.85"),
        (45_381_230, 5, "453.8123"),
        (7, 6, "0.000007"),
        (0, 6, "0.00"),
        (5, 0, "5"),
        (-12_345, 4, "-1.2345"),
    ],
)
def test_a_price_has_two_decimals_or_as_many_more_as_it_needs(
    value: int, scale: int, text: str
) -> None:
    series = replace(walk(1), close=array("q", [value]), scale=scale)

    [row] = bar_rows(series)

    assert str(row.close) == text


def test_columns_and_rows_agree_and_may_change_from_page_to_page(full: App) -> None:
    for order in ORDERS:
        expected = rows(full.get_prices("AAPL", order=order))
        first = full.get_prices("AAPL", limit=3, order=order)
        for answer, part in (
            (full.get_prices("AAPL", shape="columns", order=order), expected),
            (
                full.get_prices("AAPL", cursor=first.next_cursor, shape="columns", order=order),
                expected[3:],
            ),
        ):
            assert isinstance(answer.items, PriceColumns)
            columns = [getattr(answer.items, name) for name in FIELDS]
            assert list(zip(*columns, strict=True)) == [
                tuple(getattr(row, name) for name in FIELDS) for row in part
            ]
