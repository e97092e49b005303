"""A check finds what is damaged, and a repair leaves nothing that is quietly missing."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.errors import DamagedItemError, StoreUnavailableError
from signal9_core.ports import Item, Key, Stored, no_progress
from signal9_core.provider_port import RawResponse
from signal9_core.repositories.articles import record_key
from signal9_core.schemas.operations import DamageAnswer
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import ASSETS, NEWS, STATE, TIME_SERIES, USERS, TableSpec, state_key
from tests.fakes import NOW, FakeProvider, SetClock
from tests.spied import SpiedStore

BARS = "\n".join(
    [
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        *(f"{date(2023, 8, 1) + timedelta(days=at)},1,1,1,1,1,10,0,1" for at in range(120)),
        "2023-12-01,2,2,2,2,2,20,0.5,2.0",
    ]
)
OVERVIEW = {"Symbol": "IBM", "Name": "Old Iron", "Sector": "TECHNOLOGY"}
ARTICLE = {
    "title": "Iron rises",
    "url": "https://example.com/iron",
    "time_published": "20231201T120000",
    "authors": [],
    "summary": "Good news.",
    "source": "Example",
    "topics": [{"topic": "Earnings", "relevance_score": "0.9"}],
    "ticker_sentiment": [
        {"ticker": "IBM", "relevance_score": "0.5", "ticker_sentiment_score": "0.4"}
    ],
}
QUARTER = {"ticker#dataType": "IBM#1d", "timestamp": "2023-07-01"}
SPLIT = {"ticker#dataType": "IBM#actions", "timestamp": "2023-12-01#split"}


@pytest.fixture
def app(tmp_path: Path, clock: SetClock) -> Iterator[App]:
    """A store that was filled from an archive of raw responses."""
    with App(Settings(home=tmp_path / "home"), clock=clock) as app:
        keep(app, "TIME_SERIES_DAILY_ADJUSTED", BARS)
        keep(app, "OVERVIEW", json.dumps(OVERVIEW))
        keep(app, "NEWS_SENTIMENT", json.dumps({"items": "1", "feed": [ARTICLE]}))
        app.replay()
        yield app


def keep(app: App, function: str, body: str) -> None:
    response = RawResponse("alphavantage", function, "IBM", {}, body.encode(), NOW)
    app.cache.keep(response)


def damage(app: App, table: TableSpec, key: Key) -> None:
    """Change a character of an item."""
    store = app.store
    assert isinstance(store, SqliteStore)
    place = (*key.values(), "")[:2]
    before = store.get(table, key)
    assert before is not None
    store._connection.execute(
        f"UPDATE {table.name} SET body = replace(body, ':', ';') WHERE (partition, sort) = (?, ?)",
        place,
    )
    with pytest.raises(DamagedItemError):
        store.get(table, key)


def answer_of(app: App, *, repair: bool) -> DamageAnswer:
    [answer] = app.check(repair=repair).damaged
    return answer


def test_a_store_that_is_whole_is_counted(app: App) -> None:
    answer = app.check()

    assert not answer.damaged
    assert answer.items["TimeSeries"] >= 4
    assert answer.items["Users"] == 0


@pytest.mark.parametrize(
    ("table", "key"),
    [(TIME_SERIES, QUARTER), (TIME_SERIES, SPLIT), (ASSETS, {"ticker": "IBM"})],
)
def test_what_has_a_raw_copy_is_rebuilt_as_it_was(app: App, table: TableSpec, key: Key) -> None:
    before = app.store.get(table, key)
    profile = app.assets.get("IBM")
    coverage = app.actions.known("IBM")[1]
    damage(app, table, key)

    assert answer_of(app, repair=False).repaired is None
    assert answer_of(app, repair=True).repaired is True

    assert not app.check().damaged
    after = app.store.get(table, key)
    assert before is not None
    assert after is not None
    assert _comparable(after.item) == _comparable(before.item)
    assert app.actions.known("IBM")[1] == coverage
    now = app.assets.get("IBM")
    assert profile is not None
    assert now is not None
    assert now.freshness == profile.freshness
    assert now.insights == profile.insights


def _comparable(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "checkedAt"}


def test_an_article_is_found_by_month_again(app: App) -> None:
    [stored] = app.store.query(NEWS, "IBM").items
    damage(app, NEWS, {name: str(stored.item[name]) for name in NEWS.key_attributes})
    damage(app, NEWS, record_key(str(stored.item["id"])))
    damage(app, STATE, state_key("news-months"))

    answer = app.check(repair=True)

    assert [found.repaired for found in answer.damaged] == [True, True, True]
    assert [article.title for article in app.news.recent(limit=5).items] == ["Iron rises"]


def test_an_article_is_found_by_topic_again(app: App) -> None:
    [stored] = app.store.query(NEWS, "topic#earnings").items
    damage(app, NEWS, {name: str(stored.item[name]) for name in NEWS.key_attributes})

    assert answer_of(app, repair=True).repaired is True

    assert [stored.item] == [row.item for row in app.store.query(NEWS, "topic#earnings").items]


@pytest.mark.parametrize("key", [QUARTER, SPLIT])
def test_what_no_raw_response_has_is_requested_again_and_never_quietly_missing(
    app: App, key: Key
) -> None:
    for file in app.settings.cache.rglob("*DAILY_ADJUSTED*/**/*.*"):
        file.unlink()
    damage(app, TIME_SERIES, key)

    answer = answer_of(app, repair=True)

    assert answer.repaired is False
    assert "no stored raw response has it" in answer.reason
    profile = app.assets.get("IBM")
    assert profile is not None
    assert DataSet.PRICES not in profile.freshness
    assert DataSet.NEWS in profile.freshness
    assert not app.actions.known("IBM")[1]


@pytest.mark.parametrize(
    ("table", "key", "reason"),
    [
        (USERS, {"userId": "u"}, "users' own data have no raw copy"),
        (STATE, state_key("quota/x", "next"), "is created again"),
    ],
)
def test_what_has_no_raw_copy_is_named(app: App, table: TableSpec, key: Key, reason: str) -> None:
    app.store.put(table, {**key, "n": 1})
    damage(app, table, key)

    answer = answer_of(app, repair=True)

    assert (answer.table, answer.key) == (table.name, "/".join(key.values()))
    assert answer.repaired is False
    assert reason in answer.reason
    assert not app.check().damaged


def test_other_companies_are_left_as_they_are(app: App) -> None:
    app.store.put(ASSETS, {"ticker": "AAPL", "name": "Apple"})
    before = app.store.get(ASSETS, {"ticker": "AAPL"})
    damage(app, TIME_SERIES, QUARTER)

    app.check(repair=True)

    assert before is not None
    after = app.store.get(ASSETS, {"ticker": "AAPL"})
    assert after is not None
    assert after.item == before.item


class FailingStore(SpiedStore):
    """A store that cannot be reached when a certain company is read."""

    def __init__(self, store: SqliteStore, ticker: str, error: Exception) -> None:
        super().__init__(store)
        self.ticker = ticker
        self.error = error

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        if table is ASSETS and key["ticker"] == self.ticker:
            raise self.error
        return super().get(table, key)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (StoreUnavailableError("throttled"), True),
        (DamagedItemError("Assets", "IBM", "its checksum differs"), False),
    ],
)
def test_a_store_that_fails_for_one_company_does_not_stop_the_others(
    clock: SetClock, provider: FakeProvider, error: Exception, transient: bool
) -> None:
    with SqliteStore.open(":memory:", clock=clock) as store:
        failing = FailingStore(store, "IBM", error)
        app = App(Settings(), store=failing, provider=provider, clock=clock)

        answer = app.ingest(no_progress, ["IBM", "AAPL"], [DataSet.PRICES])

        assert [(each.ticker, each.transient) for each in answer.failed] == [("IBM", transient)]
        assert answer.failed[0].reason == str(error)
        failing.ticker = ""
        assert not app.ingest(no_progress, ["IBM", "AAPL"], [DataSet.PRICES]).failed
        assert app.prices.latest("AAPL").prices("close") != [Decimal(0)]
