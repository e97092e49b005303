"""Articles are announced for every company that they mention, and requested as far as new."""

from datetime import date, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet, Freshness
from signal9_core.events import NewsIngested, NewsSentimentAnalyzed
from tests.fakes import NOW, AttentivePublisher, FakeProvider, article


def _freshness(app: App, ticker: str = "AAPL") -> Freshness:
    profile = app.assets.get(ticker)
    assert profile is not None
    return profile.freshness[DataSet.NEWS]


def _ingest(app: App, ticker: str = "AAPL") -> None:
    assert app.ingest(tickers=[ticker], data_sets=[DataSet.NEWS]).failed == []


def _news_heard(publisher: AttentivePublisher) -> list[tuple[str, int]]:
    events = [event for event in publisher.heard if isinstance(event, NewsIngested)]
    return [(event.ticker, event.count) for event in events]


def test_an_article_is_announced_for_every_company_that_it_mentions(
    app: App, publisher: AttentivePublisher
) -> None:
    _ingest(app)

    assert _news_heard(publisher) == [("AAPL", 2), ("BRK.B", 1)]


def test_an_article_that_mentions_no_company_is_announced_for_none(
    app: App,
    provider: FakeProvider,
    publisher: AttentivePublisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = article("Rates", "2024-01-05T10:00")
    monkeypatch.setattr(provider, "news", lambda *_: [rates])
    _ingest(app)

    assert _news_heard(publisher) == []
    assert app.news.recent(limit=10).items == [rates]


def test_articles_that_another_company_brought_are_announced_and_counted_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.covering = ["AAPL"]
    app.ingest()
    publisher.heard, provider.covering = [], ["AAPL", "BRK.B"]

    for _ in range(2):
        app.ingest()
        assert _news_heard(publisher) == [("BRK.B", 1)]
        assert _freshness(app, "BRK.B").count == 1

    provider.at += timedelta(days=2)
    provider.articles.append(article("Both again", "2024-01-09T10:00", "AAPL", "BRK.B"))
    _ingest(app)
    publisher.heard = []
    for _ in range(2):
        provider.at += timedelta(hours=1)
        _ingest(app, "BRK.B")

    assert [type(event) for event in publisher.heard] == [NewsIngested, NewsSentimentAnalyzed]
    assert _freshness(app, "BRK.B").count == 2
    rating = app.get_asset("BRK.B").insights.sentiment
    assert rating is not None
    assert (rating.as_of, rating.sample_size) == (date(2024, 1, 10), 2)


def test_a_provider_of_many_companies_is_asked_for_what_is_new(
    app: App, provider: FakeProvider
) -> None:
    provider.covering = None
    _ingest(app)
    provider.at = NOW + timedelta(days=3)
    _ingest(app)

    assert provider.since("news") == [None, NOW - timedelta(days=1)]
    fresh = _freshness(app)
    assert (fresh.complete, fresh.count) == (True, 2)
    assert fresh.as_of == provider.at.date()  # there was nothing new


@pytest.mark.parametrize("change", ["name", "covering"])
def test_another_provider_or_one_of_few_companies_is_asked_for_everything(
    change: str, app: App, provider: FakeProvider
) -> None:
    provider.covering = None
    _ingest(app)
    setattr(provider, change, {"name": "other", "covering": ["AAPL"]}[change])
    _ingest(app)

    assert provider.since("news") == [None, None]


def test_news_that_were_partial_at_first_stay_so(app: App, provider: FakeProvider) -> None:
    provider.covering = None
    provider.limits[DataSet.NEWS] = 2
    _ingest(app)
    provider.limits[DataSet.NEWS] = 99
    provider.articles.append(article("New news", "2024-01-07T13:00:00", "AAPL"))
    _ingest(app)

    assert (_freshness(app).count, _freshness(app).complete) == (3, False)
