from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import Bar, PriceSeries
from signal9_core.ports import Item
from signal9_core.repositories import PriceChange, PriceRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.strategies import days, price_series, walk
from tests.fakes import SERIES, bar, series
from tests.spied import SpiedStore


@settings(deadline=None, max_examples=40)
@given(wanted=price_series("BRK.B", max_size=100))
def test_any_series_comes_back_as_it_was_and_merging_it_again_writes_nothing(
    wanted: PriceSeries,
) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        change = repository.merge(wanted)
        written = store.writes

        assert repository.merge(wanted) is None
        assert store.writes == written
        found = repository.between("BRK.B")

    assert list(found) == list(wanted)
    assert change == (
        PriceChange(wanted.day(0), wanted.day(-1), len(wanted)) if len(wanted) else None
    )


@settings(deadline=None, max_examples=40)
@given(
    older=price_series("AAPL", adjusted=True),
    newer=price_series("AAPL", adjusted=True),
    first=st.none() | days(),
    last=st.none() | days(),
)
def test_a_merge_adds_and_corrects_and_tells_exactly_what_it_did(
    older: PriceSeries, newer: PriceSeries, first: date | None, last: date | None
) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(older)
        change = repository.merge(newer)
        found = repository.between("AAPL", first, last)

    before = {each.day: each for each in older}
    after = before | {each.day: each for each in newer}
    differing = sorted(day for day, each in after.items() if before.get(day) != each)
    assert list(found) == [
        after[day]
        for day in sorted(after)
        if (first is None or first <= day) and (last is None or day <= last)
    ]
    assert change == (
        PriceChange(differing[0], differing[-1], len(differing)) if differing else None
    )


def test_the_turn_of_a_year_is_no_edge(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(SERIES["AAPL"])

    around = repository.between("AAPL", date(2023, 12, 29), date(2024, 1, 2))

    assert [each.day.isoformat() for each in around] == ["2023-12-29", "2024-01-02"]


def test_a_year_without_trading_in_between_is_no_end(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(series("AAPL", day_20211231="177.57", day_20240102="185.64"))

    assert [each.day.year for each in repository.between("AAPL")] == [2021, 2024]
    assert len(repository.between("AAPL", date(2022, 1, 1), date(2023, 12, 31))) == 0


def test_a_correction_is_told_with_the_days_it_concerns(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(SERIES["AAPL"])

    change = repository.merge(series("AAPL", day_20231229="192.53", day_20240103="184.26"))

    assert change == PriceChange(date(2024, 1, 3), date(2024, 1, 3), 1)
    assert len(repository.between("AAPL")) == 4


def test_a_correction_writes_only_the_block_that_it_concerns(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    long = walk(600)
    repository.merge(long)
    blocks, written = list(spied.written), spied.writes

    repository.merge(corrected(long, 400))

    assert len(blocks) > 3
    assert len(spied.written[written:]) == 1
    assert spied.written[written] in blocks[1:-1]


def test_what_is_about_to_change_is_told_before_the_first_write(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    told: list[tuple[int, PriceChange]] = []

    repository.merge(SERIES["AAPL"], lambda change: told.append((spied.writes, change)))
    repository.merge(SERIES["AAPL"], lambda change: told.append((spied.writes, change)))

    assert told == [(0, PriceChange(date(2023, 12, 28), date(2024, 1, 3), 4))]


def test_two_writers_never_lose_a_bar(spied: SpiedStore) -> None:
    mine, yours = PriceRepository(spied), PriceRepository(spied.store)
    mine.merge(SERIES["AAPL"])

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.merge(series("AAPL", day_20240104="181.91"))

    spied.meanwhile = meanwhile
    mine.merge(series("AAPL", day_20240105="181.18"))

    found = [each.day for each in mine.between("AAPL", date(2024, 1, 3))]
    assert found == [date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5)]


def test_two_first_writers_never_lose_a_bar(spied: SpiedStore) -> None:
    mine, yours = PriceRepository(spied), PriceRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.merge(series("AAPL", day_20240104="181.91"))

    spied.meanwhile = meanwhile
    mine.merge(series("AAPL", day_20240105="181.18"))

    assert [each.day.day for each in mine.between("AAPL")] == [4, 5]


def test_companies_do_not_mix(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(series("BRK", day_20240102="1"))
    repository.merge(series("BRK.B", day_20240102="2"))

    assert [each.close for each in repository.between("BRK.B")] == [Decimal(2)]
    assert len(repository.between("BRK.A")) == 0


def test_adjusted_closes_are_there_only_where_all_bars_have_them(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(SERIES["AAPL"])
    plain: Bar = bar("AAPL", "2025-01-02", "243.85").model_copy(update={"adjusted_close": None})
    repository.merge(PriceSeries.from_bars("AAPL", [plain]))

    assert repository.between("AAPL").adjusted_close is None
    assert repository.between("AAPL", None, date(2024, 12, 31)).adjusted_close is not None


def corrected(long: PriceSeries, at: int) -> PriceSeries:
    """Return a series whose bar at one position has another volume."""
    volume = long.volume[:]
    volume[at] += 100
    return replace(long, volume=volume)
