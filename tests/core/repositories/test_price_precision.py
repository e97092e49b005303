from datetime import date
from decimal import Decimal

import pytest

from signal9_core.domain import Bar, PriceSeries
from signal9_core.repositories import PriceRepository
from tests.core.conftest import opened

DAY = date(2013, 3, 1)


def one(price: str, adjusted: str) -> PriceSeries:
    exact = Decimal(price)
    bar = Bar(
        ticker="IBM",
        day=DAY,
        open=exact,
        high=exact,
        low=exact,
        close=exact,
        volume=1,
        adjusted_close=Decimal(adjusted),
    )
    return PriceSeries.from_bars("IBM", [bar])


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (one("1.2345", "1.23"), one("2.50", "1.23")),
        (one("1.23", "0.000001"), one("1.23", "0.00015")),
        (one("2.50", "1.23"), one("1.2345", "1.23456")),
    ],
    ids=["coarser prices", "coarser adjusted closes", "finer ones"],
)
def test_bars_of_another_precision_replace_all_that_are_stored(
    older: PriceSeries, newer: PriceSeries
) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(older)

        change = repository.merge(newer)

        assert change is not None
        assert list(repository.between("IBM")) == list(newer)
        assert repository.merge(newer) is None


def test_the_same_price_in_coarser_units_is_no_change() -> None:
    finer = one("1.5000", "1.25")

    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(PriceSeries.from_bars("IBM", [*one("1.5", "1.250")]))

        assert repository.merge(finer) is None
