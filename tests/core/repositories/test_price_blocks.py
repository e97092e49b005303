"""What many blocks promise together, shown with blocks of a few bars."""

import contextlib
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import Bar, IntradayInterval, PriceSeries
from signal9_core.ports import Item
from signal9_core.repositories import PriceRepository
from signal9_core.tables import TIME_SERIES
from tests.core.conftest import opened
from tests.spied import SpiedStore, StoppedError

from ..strategies import walk
from .numbered import FIRST_DAY, TICKER, numbered_bar, numbered_series

_NEW_YORK = ZoneInfo("America/New_York")
_SMALL = 150


def small(store: SpiedStore) -> PriceRepository:
    return PriceRepository(store, item_bytes=_SMALL)


Numbers = set[int]


@settings(deadline=None, max_examples=40)
@given(
    st.sets(st.integers(0, 60), max_size=40),
    st.sets(st.integers(0, 60), min_size=1, max_size=40),
    st.integers(0, 12),
)
def test_a_merge_that_was_cut_short_loses_nothing_and_can_be_completed(
    old: Numbers, new: Numbers, stop: int
) -> None:
    wanted = numbered_series(new, 1)
    with opened() as store:
        small(store).merge(numbered_series(old, 0))
        store.stop_before = store.writes + stop
        with contextlib.suppress(StoppedError):
            small(store).merge(wanted)
        store.stop_before = None
        between = {bar.day.toordinal() - FIRST_DAY: bar for bar in small(store).between(TICKER)}
        small(store).merge(wanted)
        written = store.writes
        assert small(store).merge(wanted) is None
        assert store.writes == written
        after = list(small(store).between(TICKER))

    assert old <= between.keys() <= old | new
    assert after == [numbered_bar(each, 1 if each in new else 0) for each in sorted(old | new)]


def test_no_block_costs_more_than_one_write_unit_and_most_are_filled(spied: SpiedStore) -> None:
    PriceRepository(spied).merge(walk(1_500))

    sizes = [dynamodb_bytes(item) for item in blocks(spied)]
    assert max(sizes) <= 1024
    assert min(sizes[:-1]) >= 1000


def test_an_append_is_one_write_and_starts_a_block_before_the_last_one_overflows(
    spied: SpiedStore,
) -> None:
    repository, long = PriceRepository(spied), walk(400)
    repository.merge(long.slice(0, 100))

    for at in range(100, 400):
        written = spied.writes
        repository.merge(long.slice(at, at + 1))
        assert spied.writes == written + 1

    assert repository.between(TICKER) == long
    assert max(dynamodb_bytes(item) for item in blocks(spied)) <= 1024


def test_a_range_touches_only_the_blocks_that_it_needs(spied: SpiedStore) -> None:
    long = walk(1_000)
    PriceRepository(spied).merge(long)
    for item in blocks(spied):
        if not str(long.day(450)) <= str(item["last"]) <= str(long.day(800)):
            spied.put(TIME_SERIES, {**item, "block": b"unreadable"})
    spied.put(TIME_SERIES, {**blocks(spied)[0], "block": b"unreadable"})
    first = next(item for item in blocks(spied) if str(item["last"]) >= str(long.day(450)))
    start = long.days.index(date.fromisoformat(str(first["timestamp"])).toordinal())

    found = PriceRepository(spied).between(TICKER, long.day(start), long.day(start + 9))

    assert found == long.slice(start, start + 10)


@pytest.mark.parametrize("count", [0, 1, 5, 200, 380, 2_000])
def test_the_latest_bars_are_the_last_ones(count: int, spied: SpiedStore) -> None:
    repository, long = PriceRepository(spied), walk(380)
    repository.merge(long)

    found = repository.latest(TICKER, count)

    assert found.days == long.days[max(0, len(long) - count) :]
    assert len(repository.latest("NONE")) == 0


def test_earlier_history_can_come_later(spied: SpiedStore) -> None:
    repository, long = PriceRepository(spied), walk(900)
    repository.merge(long.slice(700, 900))

    repository.merge(long.slice(0, 700))

    assert repository.between(TICKER) == long
    assert len(blocks(spied)) <= 12


def test_bars_without_adjusted_closes_do_not_share_a_block_with_those_that_have_them(
    spied: SpiedStore,
) -> None:
    repository, long, raw = PriceRepository(spied), walk(60), walk(60, adjusted=False)
    repository.merge(long.slice(0, 50))

    repository.merge(raw.slice(50, 55))

    assert repository.between(TICKER, None, long.day(49)) == long.slice(0, 50)
    assert repository.between(TICKER, long.day(50)) == raw.slice(50, 55)
    assert repository.between(TICKER).adjusted_close is None


def test_adjusted_closes_can_be_learnt_later(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(walk(40, adjusted=False))

    repository.merge(walk(40))

    assert repository.between(TICKER) == walk(40)


def test_bars_within_days_are_kept_by_moment_and_found_by_trading_day(spied: SpiedStore) -> None:
    repository, series = PriceRepository(spied), intraday(days=8)

    change = repository.merge(series)
    again = repository.merge(series)

    length = IntradayInterval.FIVE_MINUTES
    assert change is not None
    assert again is None
    assert repository.between(TICKER, interval=length) == series
    third = repository.between(TICKER, series.day(160), series.day(160), interval=length)
    assert list(third) == [bar for bar in series if bar.day == series.day(160)]
    assert repository.latest(TICKER, interval=length).instant(-1) == series.instant(-1)
    assert len(repository.between(TICKER)) == 0


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        (date(2024, 3, 8), date(2024, 3, 11), ["14:30", "13:30"]),
        (date(2024, 11, 1), date(2024, 11, 4), ["13:30", "14:30"]),
    ],
    ids=["spring", "autumn"],
)
def test_the_hours_of_a_session_follow_the_clocks_of_new_york(
    before: date, after: date, opens: list[str], spied: SpiedStore
) -> None:
    repository, length = PriceRepository(spied, item_bytes=300), IntradayInterval.HALF_HOUR
    sessions = [session(day) for day in (before, after)]
    for each in reversed(sessions):
        repository.merge(each)

    found = [repository.between(TICKER, day, day, interval=length) for day in (before, after)]

    assert found == sessions
    assert [f"{each.instant(0):%H:%M}" for each in found] == opens
    assert [each.instant(0).astimezone(_NEW_YORK).time() for each in found] == [time(9, 30)] * 2


def session(day: date) -> PriceSeries:
    """Half hours from half past nine to four in New York."""
    opening = datetime.combine(day, time(9, 30), _NEW_YORK)
    bars = [
        bar.model_copy(update={"day": day, "at": (opening + timedelta(minutes=30 * at))})
        for at, bar in enumerate(walk(13, adjusted=False))
    ]
    return PriceSeries.from_bars(TICKER, bars, interval=IntradayInterval.HALF_HOUR)


def intraday(days: int) -> PriceSeries:
    """Five-minute bars of whole days, the last of which are after midnight in UTC."""
    bars = []
    for number, bar in enumerate(walk(80 * days, adjusted=False)):
        day, minutes = number // 80, 14 * 60 + number % 80 * 10
        at = Bar.model_validate(
            bar.model_dump()
            | {
                "day": date(2024, 1, 1 + day),
                "at": f"2024-01-{1 + day + minutes // 1440:02}T"
                f"{minutes % 1440 // 60:02}:{minutes % 60:02}:00Z",
            }
        )
        bars.append(at)
    return PriceSeries.from_bars(TICKER, bars, interval=IntradayInterval.FIVE_MINUTES)


def blocks(store: SpiedStore) -> list[Item]:
    return [each.item for each in store.query(TIME_SERIES, f"{TICKER}#1d").items]


def dynamodb_bytes(item: Item) -> int:
    """Return what DynamoDB counts for an item, its version included."""
    values = sum(len(value) if isinstance(value, str | bytes) else 3 for value in item.values())
    return sum(map(len, item)) + values + len("version") + 11
