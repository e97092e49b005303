"""What the price repository promises."""

import doctest
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.prices import Bar, PriceSeries
from signal9_core.errors import StoreError
from signal9_core.ports import Item, Page
from signal9_core.repositories.prices import PriceChange, PriceRepository
from signal9_core.tables import TIME_SERIES, TableSpec
from tests.core.conftest import opened
from tests.core.strategies import days, price_series, walk
from tests.fakes import SERIES, bar, series
from tests.spied import SpiedStore, StoppedError

ROOT = Path(__file__).parents[3]


@settings(deadline=None, max_examples=15)
@given(wanted=price_series("BRK.B", max_size=100))
def test_any_series_comes_back_exactly_and_merging_it_again_writes_nothing(
    wanted: PriceSeries,
) -> None:
    with opened() as store:
        spied = SpiedStore(store)
        repository = PriceRepository(spied)
        change = repository.merge(wanted)
        written = spied.writes
        again = repository.merge(wanted)
        bars = repository.between("BRK.B", consistent=False)

    count = len(wanted)
    assert list(bars) == list(wanted)
    assert bars.currency == (wanted.currency if count else "USD")
    assert (again, spied.writes) == (None, written)
    assert change == (PriceChange(wanted.day(0), wanted.day(-1), count, count) if count else None)


@settings(deadline=None, max_examples=15)
@given(
    older=price_series("AAPL"),
    newer=price_series("AAPL"),
    first=st.none() | days(),
    last=st.none() | days(),
)
def test_a_merge_adds_and_corrects_and_tells_exactly_what_it_did(
    older: PriceSeries,
    newer: PriceSeries,
    first: date | None,
    last: date | None,
) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(older)
        change = repository.merge(newer)
        bars = repository.between("AAPL", first, last)

    before = {bar.day: bar for bar in older}
    after = before | {bar.day: bar for bar in newer}
    changed = sorted(day for day, bar in after.items() if before.get(day) != bar)
    assert list(bars) == [
        after[day]
        for day in sorted(after)
        if (first is None or first <= day) and (last is None or day <= last)
    ]
    assert change == (
        PriceChange(changed[0], changed[-1], len(changed), len(after) - len(before))
        if changed
        else None
    )


@settings(deadline=None, max_examples=25)
@given(
    stored=price_series("AAPL", max_size=100),
    limit=st.integers(1, 120),
    newest_first=st.booleans(),
    span=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
def test_a_limit_takes_the_oldest_bars_of_a_range_or_the_newest(
    stored: PriceSeries, limit: int, newest_first: bool, span: tuple[int, int]
) -> None:
    first, last = (stored.day(min(at, len(stored) - 1)) if len(stored) else None for at in span)
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(stored)
        bars = list(repository.between("AAPL", first, last, limit=limit, newest_first=newest_first))
        latest = list(repository.latest("AAPL", limit))

    whole = list(stored.between(first, last))
    assert bars == (whole[-limit:] if newest_first else whole[:limit])
    assert latest == list(stored)[-limit:]


class CountingStore(SpiedStore):
    """A store that counts the items that were read."""

    items_read = 0

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        page = super().query(table, partition, **options)
        self.items_read += len(page.items)
        return page


def test_a_few_bars_of_a_long_history_cost_a_few_items(spied: SpiedStore) -> None:
    long, store = walk(5_000), CountingStore(spied)
    repository = PriceRepository(store)
    repository.merge(long)
    first, last = long.day(2_000), long.day(2_050)

    for read, most in (
        (lambda: repository.latest("AAPL"), 2),
        (lambda: repository.latest("AAPL", 250), 6),
        (lambda: repository.between("AAPL", first, last), 2),
        (lambda: repository.between("AAPL", limit=20), 2),
        (lambda: repository.merge(corrected(long, 2_000).slice(2_000, 2_001)), 1),
    ):
        before = store.items_read
        read()
        assert store.items_read - before <= most


@pytest.mark.parametrize("stored", [[], ["AAPL"]], ids=["first bars", "more bars"])
def test_concurrent_writers_lose_no_bar(stored: list[str]) -> None:
    with opened() as store:
        spied = SpiedStore(store)
        mine, yours = PriceRepository(spied), PriceRepository(store)
        for ticker in stored:
            mine.merge(SERIES[ticker])

        def meanwhile(_: TableSpec, __: Item) -> None:
            yours.merge(series("AAPL", day_20240104="181.91"))

        spied.meanwhile = meanwhile
        mine.merge(series("AAPL", day_20240105="181.18"))
        bars = mine.between("AAPL", date(2024, 1, 4))

    assert [bar.day.day for bar in bars] == [4, 5]


def test_an_interrupted_merge_is_completed_by_the_next_one(spied: SpiedStore) -> None:
    repository, long = PriceRepository(spied), walk(600)
    spied.stop_before = 4
    with pytest.raises(StoppedError):
        repository.merge(long)

    spied.stop_before = None
    partly = len(repository.between("AAPL"))
    change = repository.merge(long)

    assert 0 < partly < 600
    assert change is not None
    assert change.count == change.added == 600 - partly
    assert repository.between("AAPL") == long


def test_companies_do_not_mix(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(series("BRK", day_20240102="1"))
    repository.merge(series("BRK.B", day_20240102="2"))

    assert [bar.close for bar in repository.between("BRK.B")] == [Decimal(2)]
    assert len(repository.between("BRK.A")) == 0


def test_years_without_trading_are_no_end(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    repository.merge(series("AAPL", day_20211231="177.57", day_20240102="185.64"))

    assert [bar.day.year for bar in repository.between("AAPL")] == [2021, 2024]
    assert len(repository.between("AAPL", date(2022, 1, 1), date(2023, 12, 31))) == 0


def one(price: str) -> PriceSeries:
    return PriceSeries.from_bars("IBM", [bar("IBM", "2013-03-01", price)])


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (one("1.2345"), one("2.50")),
        (one("2.50"), one("1.2345")),
    ],
    ids=["coarser prices", "finer ones"],
)
def test_a_correction_may_have_another_precision(older: PriceSeries, newer: PriceSeries) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(older)

        change = repository.merge(newer)

        assert change == PriceChange(date(2013, 3, 1), date(2013, 3, 1), 1, 0)
        assert list(repository.between("IBM")) == list(newer)


def test_the_same_price_with_more_zeros_is_no_change(spied: SpiedStore) -> None:
    repository, coarse = PriceRepository(spied), one("1.5")
    repository.merge(coarse)

    assert repository.merge(coarse.rescaled(6)) is None


def test_a_bar_of_which_only_the_volume_changed_is_a_change(spied: SpiedStore) -> None:
    repository, long = PriceRepository(spied), walk(200)
    newer = corrected(long, 150)
    repository.merge(long)

    change = repository.merge(newer)

    assert change == PriceChange(long.day(150), long.day(150), 1, 0)
    assert list(repository.between("AAPL").volume) == list(newer.volume)


def test_quarters_of_different_scales_are_read_as_one_exact_range(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    prices = {"day_20130328": "438.1799", "day_20130401": "428.91", "day_20130701": "409.2"}
    for day, price in prices.items():
        repository.merge(series("AAPL", **{day: price}))

    bars = repository.between("AAPL")

    assert bars.prices("close") == [Decimal(price) for price in prices.values()]
    assert list(bars.between(None, date(2013, 6, 30))) == list(
        repository.between("AAPL", None, date(2013, 6, 30))
    )


@pytest.mark.parametrize("payload", [b"", b"\x02damaged", None, "text"])
def test_a_damaged_item_is_named_and_yields_no_bars(
    spied: SpiedStore, payload: bytes | str | None
) -> None:
    repository, long = PriceRepository(spied), walk(200)
    repository.merge(long)
    [stored, *_] = spied.query(TIME_SERIES, "AAPL#1d", newest_first=True).items
    spied.put(TIME_SERIES, {**stored.item, "bars": payload})

    place = f"TimeSeries AAPL#1d/{stored.item['timestamp']!s}: "
    for read in (repository.between, repository.latest):
        with pytest.raises(StoreError, match=f"^{place}"):
            read("AAPL")
    with pytest.raises(StoreError, match=place):
        repository.merge(long)


def test_the_examples_of_the_documentation_show_what_happens() -> None:
    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", text, re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(examples, {}, "prices.md", None, 0)
    said: list[str] = []

    result = doctest.DocTestRunner().run(parsed, out=said.append, clear_globs=False)
    parsed.globs["store"].close()

    assert result.attempted > 5
    assert result.failed == 0, "".join(said)


def corrected(long: PriceSeries, at: int) -> PriceSeries:
    """Return a series whose bar at one position has another volume."""
    volume = long.volume[:]
    volume[at] += 100
    return replace(long, volume=volume)


def test_quarters_of_different_precision_are_read_together(spied: SpiedStore) -> None:
    repository = PriceRepository(spied)
    precise = Bar.model_validate(
        {
            "ticker": "AAPL",
            "day": date(2012, 3, 30),
            **dict.fromkeys(("open", "high", "low", "close"), "438.1799"),
            "volume": 1,
        }
    )
    in_cents = precise.model_copy(
        update={
            "day": date(2012, 4, 2),
            **dict.fromkeys(("open", "high", "low", "close"), Decimal("618.63")),
        }
    )

    for day in (precise, in_cents):
        repository.merge(PriceSeries.from_bars("AAPL", [day]))

    assert list(repository.between("AAPL")) == [precise, in_cents]
