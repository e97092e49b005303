"""Splits and dividends come with prices: stored once, announced once, counted apart."""

from datetime import date
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import CorporateAction, DataSet, one_a_day
from signal9_core.errors import ProviderUnavailableError
from signal9_core.events import PricesUpdated
from tests.fakes import NOW, AttentivePublisher, FakeProvider, series
from tests.spied import SpiedStore

SPLIT = CorporateAction(ticker="BRK.B", kind="split", ex_date=date(2024, 1, 3), ratio=Decimal(50))
PAID = CorporateAction(
    ticker="BRK.B", kind="dividend", ex_date=date(2024, 1, 4), amount=Decimal("0.5")
)


def paid(day: int, amount: str) -> CorporateAction:
    return PAID.model_copy(update={"ex_date": date(2024, 1, day), "amount": Decimal(amount)})


@pytest.fixture
def provider() -> FakeProvider:
    bars = series("BRK.B", day_20240102="500", day_20240103="10", day_20240104="10")
    return FakeProvider(
        series={"BRK.B": bars}, actions={"BRK.B": [SPLIT, PAID]}, covering=["BRK.B"]
    )


def _prices_heard(publisher: AttentivePublisher) -> list[PricesUpdated]:
    return [each for each in publisher.heard if isinstance(each, PricesUpdated)]


def test_actions_are_stored_counted_and_announced(app: App, publisher: AttentivePublisher) -> None:
    answer = app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])

    assert answer.stored == answer.changed == {"prices": 3, "actions": 2}
    assert app.actions.known("BRK.B") == ([SPLIT, PAID], (date(2024, 1, 2), date(2024, 1, 4)))
    assert _prices_heard(publisher) == [
        PricesUpdated(at=NOW, ticker="BRK.B", first=first, last=date(2024, 1, 4), count=count)
        for first, count in ((SPLIT.ex_date, 2), (date(2024, 1, 2), 3))
    ]


def test_a_second_ingest_of_the_same_actions_writes_and_announces_nothing(
    app: App, publisher: AttentivePublisher, spied: SpiedStore
) -> None:
    app.ingest(tickers=["BRK.B"])
    written, heard = spied.writes, len(publisher.heard)

    answer = app.ingest(tickers=["BRK.B"])

    assert (answer.stored["actions"], answer.changed["actions"]) == (2, 0)
    assert spied.written[written:] == []
    assert publisher.heard[heard:] == []


def test_only_an_action_that_is_new_is_written_and_announced(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    app.ingest(tickers=["BRK.B"])
    publisher.heard = []
    provider.actions["BRK.B"] = [SPLIT, paid(4, "0.6")]

    answer = app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])

    assert answer.changed == {"prices": 0, "actions": 1}
    assert [(each.first, each.last, each.count) for each in _prices_heard(publisher)] == [
        (PAID.ex_date, PAID.ex_date, 1)
    ]


def test_prices_that_fail_leave_no_action_behind(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    provider.failing["prices"] = ProviderUnavailableError("down")

    assert len(app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES]).failed) == 1

    assert not [key for key in spied.contents() if key[0] == "TimeSeries"]


def test_where_the_provider_tells_of_no_actions_none_are_counted(
    app: App, provider: FakeProvider
) -> None:
    provider.actions.clear()

    answer = app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])

    assert answer.stored == {"prices": 3}
    assert app.actions.known("BRK.B") == ([], None)


def test_what_happens_on_one_day_is_one_action() -> None:
    twice = SPLIT.model_copy(update={"ratio": Decimal("0.5")})

    found = one_a_day([paid(5, "0.1"), SPLIT, PAID, twice, paid(5, "2"), SPLIT])

    assert [(each.kind, each.ratio or each.amount) for each in found] == [
        ("split", Decimal(25)),
        ("dividend", Decimal("0.5")),
        ("dividend", Decimal("2.1")),
    ]
