"""What providers give only in part is marked so, and never taken for the whole."""

from datetime import UTC, datetime, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet, Freshness
from tests.fakes import NOW, FakeProvider, SetClock, article, series


def _freshness(app: App, data_set: DataSet) -> Freshness:
    profile = app.assets.get("AAPL")
    assert profile is not None
    return profile.freshness[data_set]


def _ingest(app: App, data_set: DataSet) -> None:
    assert app.ingest(tickers=["AAPL"], data_sets=[data_set]).failed == []


def test_bars_that_are_all_there_is_are_complete(app: App) -> None:
    _ingest(app, DataSet.PRICES)

    assert _freshness(app, DataSet.PRICES).complete


def test_the_last_bars_alone_are_not(app: App, provider: FakeProvider) -> None:
    provider.limits[DataSet.PRICES] = 4

    _ingest(app, DataSet.PRICES)

    assert not _freshness(app, DataSet.PRICES).complete


@pytest.mark.parametrize(("first", "complete"), [("day_20240103", True), ("day_20240104", False)])
def test_the_last_bars_keep_a_history_complete_where_they_meet_it(
    first: str, complete: bool, app: App, provider: FakeProvider
) -> None:
    _ingest(app, DataSet.PRICES)
    provider.limits[DataSet.PRICES] = 2
    provider.series["AAPL"] = series("AAPL", **{first: "184.25", "day_20240105": "181.18"})

    _ingest(app, DataSet.PRICES)

    assert _freshness(app, DataSet.PRICES).complete is complete
    assert _freshness(app, DataSet.PRICES).count > 4


def test_a_provider_of_many_companies_is_asked_only_for_what_is_new(
    app: App, provider: FakeProvider, clock: SetClock
) -> None:
    provider.covering = None
    provider.articles = [article("Old news", "2024-01-05T10:00:00", "AAPL")]
    _ingest(app, DataSet.NEWS)
    provider.at = NOW + timedelta(days=3)

    _ingest(app, DataSet.NEWS)

    assert provider.asked_since == [None, NOW - timedelta(days=1)]
    assert _freshness(app, DataSet.NEWS).complete


def test_news_that_were_partial_at_first_stay_so(app: App, provider: FakeProvider) -> None:
    provider.covering = None
    provider.limits[DataSet.NEWS] = 1
    provider.articles = [article("Old news", "2024-01-05T10:00:00", "AAPL")]
    _ingest(app, DataSet.NEWS)
    provider.limits[DataSet.NEWS] = 99
    provider.articles.append(article("New news", "2024-01-07T13:00:00", "AAPL"))

    _ingest(app, DataSet.NEWS)

    assert _freshness(app, DataSet.NEWS).count == 2
    assert not _freshness(app, DataSet.NEWS).complete


def test_another_provider_is_asked_for_all_of_its_news(app: App, provider: FakeProvider) -> None:
    provider.covering = None
    provider.articles = [article("Old news", "2024-01-05T10:00:00", "AAPL")]
    _ingest(app, DataSet.NEWS)
    provider.name = "other"

    _ingest(app, DataSet.NEWS)

    assert provider.asked_since == [None, None]


def test_a_provider_of_few_companies_is_asked_for_everything(
    app: App, provider: FakeProvider
) -> None:
    provider.articles = [article("Old news", "2024-01-05T10:00:00", "AAPL")]
    provider.at = datetime(2024, 1, 9, tzinfo=UTC)
    _ingest(app, DataSet.NEWS)

    _ingest(app, DataSet.NEWS)

    assert provider.asked_since == [None, None]
