"""What an earlier version stored is read, and replaced when it is written to."""

from datetime import date

import pytest

from signal9_core.domain import PRICE_COLUMNS, PriceSeries
from signal9_core.errors import StoreError
from signal9_core.ports import Item
from signal9_core.repositories import PriceChange, PriceRepository
from signal9_core.tables import TIME_SERIES
from tests.spied import SpiedStore

from ..strategies import walk

LONG = walk(700)
"""From January 2010 to September 2012."""


def year_item(series: PriceSeries, year: int) -> Item:
    part = series.between(date(year, 1, 1), date(year, 12, 31))
    assert part.adjusted_close is not None
    return {
        "ticker#dataType": "AAPL#1d",
        "timestamp": f"{year}-01-01",
        "last": str(part.day(-1)),
        "count": len(part),
        "currency": "USD",
        "scale": part.scale,
        "adjustedScale": part.adjusted_scale,
        "days": list(part.days),
        **{name: list(getattr(part, name)) for name in (*PRICE_COLUMNS, "volume")},
        "adjustedClose": list(part.adjusted_close),
    }


@pytest.fixture
def repository(spied: SpiedStore) -> PriceRepository:
    """Prices as an earlier version left them."""
    spied.store.put_many(TIME_SERIES, (year_item(LONG, year) for year in (2010, 2011, 2012)))
    return PriceRepository(spied)


def kinds(store: SpiedStore) -> list[tuple[str, bool]]:
    items = [each.item for each in store.query(TIME_SERIES, "AAPL#1d").items]
    return [(str(item["timestamp"]), "days" in item) for item in items]


def test_years_are_read_as_they_were_stored(repository: PriceRepository) -> None:
    assert repository.between("AAPL") == LONG
    part = repository.between("AAPL", date(2010, 12, 20), date(2011, 1, 10))
    assert part == LONG.between(date(2010, 12, 20), date(2011, 1, 10))
    assert repository.latest("AAPL", 300) == LONG.slice(400, 700)


def test_the_same_bars_again_change_nothing(repository: PriceRepository, spied: SpiedStore) -> None:
    assert repository.merge(LONG) is None
    assert spied.writes == 0


def test_a_year_that_is_written_to_becomes_blocks(
    repository: PriceRepository, spied: SpiedStore
) -> None:
    longer = walk(705)

    change = repository.merge(longer)

    assert change == PriceChange(longer.day(700), longer.day(704), 5)
    assert repository.between("AAPL") == longer
    assert kinds(spied)[:3] == [
        ("2010-01-01", True),
        ("2011-01-01", True),
        ("2012-01-01", False),
    ]
    assert len(kinds(spied)) > 3


def test_bars_between_before_and_after_years_find_their_place(
    repository: PriceRepository, spied: SpiedStore
) -> None:
    spied.store.delete(TIME_SERIES, {"ticker#dataType": "AAPL#1d", "timestamp": "2011-01-01"})
    early = walk(20, first=date(2009, 6, 1))
    late = walk(20, first=date(2013, 6, 3))
    middle = LONG.between(date(2011, 3, 1), date(2011, 9, 30))

    for part in (late, middle, early):
        repository.merge(part)

    expected = [*early, *LONG.between(None, date(2010, 12, 31)), *middle]
    expected += [*LONG.between(date(2012, 1, 1)), *late]
    assert list(repository.between("AAPL")) == expected
    assert list(repository.between("AAPL", date(2011, 1, 1), date(2011, 12, 31))) == list(middle)


@pytest.mark.parametrize("name", ["scale", "close"])
def test_a_year_that_is_damaged_is_named(
    name: str, repository: PriceRepository, spied: SpiedStore
) -> None:
    spied.put(TIME_SERIES, {**year_item(LONG, 2011), name: "x"})

    with pytest.raises(StoreError, match=f"^TimeSeries AAPL#1d/2011-01-01: {name} is 'x'$"):
        repository.between("AAPL")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("block", b"\2", "its format is 02, which is not known here"),
        ("block", b"\1", "it is damaged: its checksum does not fit"),
        ("block", "x", "block is 'x'"),
        ("count", 3, "count is 3, and the block holds 20 bars"),
    ],
)
def test_a_block_that_is_damaged_is_named(
    name: str, value: object, problem: str, spied: SpiedStore
) -> None:
    repository = PriceRepository(spied)
    repository.merge(walk(20))
    [block] = spied.query(TIME_SERIES, "AAPL#1d").items
    spied.put(TIME_SERIES, {**block.item, name: value})  # type: ignore[dict-item]

    with pytest.raises(StoreError, match=f"^TimeSeries AAPL#1d/0001-01-01: {problem}$"):
        repository.between("AAPL")
