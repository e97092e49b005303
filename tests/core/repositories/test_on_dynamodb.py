"""What the repositories make of a store, made of DynamoDB, too."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from signal9_core.bootstrap import App
from signal9_core.domain import PriceSeries
from signal9_core.repositories.prices import PriceRepository
from signal9_core.schemas import to_json
from signal9_core.tables import TIME_SERIES
from tests.core.conftest import app_over, opened
from tests.core.strategies import price_series, walk
from tests.fakes import FakeProvider, SetClock
from tests.spied import SpiedStore

from .mocked import on_dynamodb


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[App]:
    """An application over DynamoDB that has ingested everything."""
    with on_dynamodb() as store:
        app = app_over(SpiedStore(store), SetClock(), FakeProvider())
        app.ingest()
        yield app


@pytest.fixture(scope="module")
def sqlite() -> Iterator[App]:
    """The same over SQLite."""
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        app.ingest()
        yield app


def spy(app: App) -> SpiedStore:
    assert isinstance(app.store, SpiedStore)
    return app.store


def test_an_ingest_leaves_the_same_contents_in_both_stores(dynamodb: App, sqlite: App) -> None:
    assert spy(dynamodb).contents() == spy(sqlite).contents()


def test_a_second_ingest_writes_nothing(dynamodb: App) -> None:
    written = spy(dynamodb).writes

    dynamodb.ingest()

    assert spy(dynamodb).written[written:] == []


def test_the_same_questions_get_the_same_answers(dynamodb: App, sqlite: App) -> None:
    def answers(app: App) -> list[bytes]:
        first = app.list_news(limit=1)
        return [
            to_json(answer)
            for answer in (
                app.list_assets(exchange="nasdaq"),
                app.get_asset("BRK.B"),
                app.get_prices("AAPL", adjusted=True),
                app.get_financials("AAPL"),
                app.list_news(ticker="AAPL", topic="finance"),
                first.model_copy(update={"next_cursor": None}),
                app.list_news(limit=5, cursor=first.next_cursor),
                app.search("micro"),
            )
        ]

    assert answers(dynamodb) == answers(sqlite)


def test_lists_page_without_gaps_and_end_honestly(dynamodb: App) -> None:
    first = dynamodb.list_assets(limit=3)
    second = dynamodb.list_assets(limit=3, cursor=first.next_cursor)

    assert [each.ticker for each in (*first.items, *second.items)] == [
        "AAPL",
        "BRK.B",
        "MSFT",
        "ZZZ",
    ]
    assert second.next_cursor is None


def test_blocks_of_prices_are_the_same_and_read_the_same(dynamodb: App, sqlite: App) -> None:
    long = walk(420, "LONG")

    for app in (dynamodb, sqlite):
        repository = PriceRepository(app.store)
        for part in (long.slice(200, 380), long.slice(0, 150), long.slice(140, 420)):
            repository.merge(part)
        assert repository.merge(long) is None
        assert repository.between("LONG") == long
        assert repository.between("LONG", long.day(90), long.day(260)) == long.slice(90, 261)
        assert repository.latest("LONG", 150) == long.slice(270, 420)
    items = [
        [each.item for each in app.store.query(TIME_SERIES, "LONG#1d").items]
        for app in (dynamodb, sqlite)
    ]
    assert items[0] == items[1]
    assert len(items[0]) > 3


@settings(deadline=None, max_examples=8)
@given(wanted=price_series("ANY", max_size=60))
def test_any_series_comes_back_bit_for_bit(wanted: PriceSeries) -> None:
    with on_dynamodb() as store:
        repository = PriceRepository(store)
        repository.merge(wanted)

        found = repository.between("ANY", consistent=False)

    assert list(found) == list(wanted)
    if len(wanted):
        assert (found.days, found.volume) == (wanted.days, wanted.volume)
        assert found.currency == wanted.currency
