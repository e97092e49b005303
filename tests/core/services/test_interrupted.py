"""Stopped before any single write, a run leaves nothing that the next run does not complete."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import DataSet
from signal9_core.domain.news import TickerSentiment
from signal9_core.domain.reports import EarningsCalendarEntry
from signal9_core.errors import ProviderUnavailableError
from signal9_core.events import Event, NewsIngested, PricesUpdated
from signal9_core.ports import Item
from signal9_core.provider_port import Financials
from signal9_core.tables import TIME_SERIES, TableSpec
from tests.core.conftest import app_over, opened
from tests.fakes import (
    ARTICLES,
    NOW,
    REPORTS,
    AttentivePublisher,
    FakeProvider,
    SetClock,
    article,
    income,
    series,
)
from tests.spied import SpiedStore, StoppedError

Contents = dict[tuple[str, ...], Item]
Run = Callable[[SpiedStore, FakeProvider], list[Event]]
either_time = pytest.mark.parametrize("before", [None, FakeProvider], ids=["first", "later"])


def ingest(spied: SpiedStore, provider: FakeProvider) -> list[Event]:
    """Ingest in a process of its own; return what it announced up to where it was stopped."""
    return _run(spied, provider, lambda app: app.ingest())


def refresh(spied: SpiedStore, provider: FakeProvider) -> list[Event]:
    """Refresh in a process of its own; return what it announced up to where it was stopped."""
    return _run(spied, provider, lambda app: app.run())


def _run(spied: SpiedStore, provider: FakeProvider, run: Callable[..., object]) -> list[Event]:
    publisher = AttentivePublisher()
    app = app_over(spied, SetClock(provider.at), provider, publisher)
    if spied.stop_before is None:
        run(app)
    else:
        with pytest.raises(StoppedError):
            run(app)
    return publisher.heard


def changed_provider() -> FakeProvider:
    """A provider with a correction, a restatement, a new name, and news that changed its mind.

    Reports are due after ninety days.
    """
    provider = FakeProvider(at=NOW + timedelta(days=91))
    provider.series["AAPL"] = series("AAPL", day_20231228="193.50", day_20240104="181.91")
    paid = {"ticker": "AAPL", "kind": "dividend", "exDate": "2024-01-03", "amount": "0.24"}
    provider.actions["AAPL"] = [CorporateAction.model_validate(paid)]
    restated = [
        income("AAPL", "2023-09-30", "383285000001"),
        income("AAPL", "2022-09-30", "394328000000"),  # its end has moved by some days
        REPORTS["AAPL"].statements[2],
    ]
    provider.reports["AAPL"] = Financials(restated, REPORTS["AAPL"].earnings)
    announced = {"ticker": "AAPL", "reportDate": "2024-02-01", "fiscalDateEnding": "2023-12-31"}
    provider.entries = [EarningsCalendarEntry.model_validate(announced)]
    provider.listing[3] = provider.listing[3].model_copy(update={"name": "Zed"})
    named = [TickerSentiment(ticker=ticker, relevance=Decimal(1)) for ticker in ("AAPL", "MSFT")]
    provider.articles[1] = ARTICLES[1].model_copy(update={"tickers": tuple(named)})
    moved = ARTICLES[0].published_at - timedelta(days=10)
    provider.articles[0] = ARTICLES[0].model_copy(update={"published_at": moved})
    provider.articles[2] = ARTICLES[2].model_copy(update={"title": "Microsoft soars"})
    provider.articles.append(article("Berkshire buys", "2024-01-07T10:00", "BRK.B"))
    return provider


@pytest.mark.parametrize("run", [ingest, refresh])
@either_time
def test_the_next_run_completes_what_was_stopped(
    before: type[FakeProvider] | None, run: Run
) -> None:
    provider = FakeProvider() if before is None else changed_provider()
    contents, events, writes = _undisturbed(before, run, provider)

    for stop in range(writes):
        with opened() as spied:
            _prepare(spied, before)
            spied.stop_before = spied.writes + stop
            announced = run(spied, provider)
            spied.stop_before = None
            announced += run(spied, provider)

            assert spied.contents() == contents, f"stopped before write {stop} of {writes}"
            assert all(event in announced for event in events), f"stopped before write {stop}"


def _undisturbed(
    before: type[FakeProvider] | None, run: Run, provider: FakeProvider
) -> tuple[Contents, list[Event], int]:
    with opened() as spied:
        _prepare(spied, before)
        earlier = spied.writes
        events = run(spied, provider)
        assert len(events) > 5
        return spied.contents(), events, spied.writes - earlier


def _prepare(spied: SpiedStore, before: type[FakeProvider] | None) -> None:
    if before is not None:
        ingest(spied, before())


def test_a_run_may_be_stopped_again_and_again() -> None:
    contents, _, writes = _undisturbed(None, ingest, FakeProvider())

    with opened() as spied:
        for _ in range(writes):
            spied.stop_before = spied.writes + 3
            try:
                app_over(spied, SetClock(), replace(FakeProvider())).ingest()
            except StoppedError:
                continue
            break
        spied.stop_before = None
        ingest(spied, FakeProvider())

        assert spied.contents() == contents


@either_time
def test_two_runs_at_once_leave_what_one_leaves(before: type[FakeProvider] | None) -> None:
    provider = FakeProvider() if before is None else changed_provider()
    contents, _, writes = _undisturbed(before, ingest, provider)

    for place in range(0, writes, 3):
        with opened() as spied:
            _prepare(spied, before)
            _let_in_before(spied, spied.writes + place, provider)
            ingest(spied, provider)

            assert spied.contents() == contents, f"another run before write {place}"


def _let_in_before(spied: SpiedStore, write: int, provider: FakeProvider) -> None:
    """Have another process ingest everything, too, just before the write of this number."""

    def meanwhile(_: TableSpec, __: Item) -> None:
        if spied.writes < write:
            spied.meanwhile = meanwhile
        else:
            ingest(spied.another(), provider)

    spied.meanwhile = meanwhile


def test_what_was_stopped_is_announced_once_and_only_with_its_data() -> None:
    with opened() as spied:
        provider = FakeProvider()
        ingest(spied, provider)
        provider.at += timedelta(days=1)
        provider.series["AAPL"] = series("AAPL", day_20240103="184.25", day_20240108="185.56")
        spied.stop_before = spied.writes + 1  # the event is recorded, the bar is not stored
        _run(spied, provider, lambda app: app.ingest(tickers=["AAPL"], data_sets=[DataSet.PRICES]))
        spied.stop_before = None

        provider.failing["prices"] = ProviderUnavailableError("down")
        provider.at += timedelta(hours=1)
        early = ingest(spied, provider)
        provider.failing.clear()
        provider.at += timedelta(hours=1)
        announced = ingest(spied, provider)

    assert [event for event in early if isinstance(event, PricesUpdated)] == []
    assert [event.last for event in announced if isinstance(event, PricesUpdated)] == [
        date(2024, 1, 8)
    ]


def test_an_article_that_a_stopped_run_had_recorded_is_announced_once() -> None:
    with opened() as spied:
        provider = FakeProvider()
        ingest(spied, provider)
        provider.at += timedelta(days=1)
        provider.articles.append(article("Recorded", "2024-01-09T10:00", "AAPL"))
        spied.stop_before = spied.writes + 1  # the event is recorded, the article is not stored
        _run(spied, provider, _ingest_news)
        spied.stop_before = None

        provider.at += timedelta(hours=1)
        provider.articles.append(article("Later", "2024-01-09T11:00", "AAPL"))
        announced = _run(spied, provider, _ingest_news)

    news = [event for event in announced if isinstance(event, NewsIngested)]
    assert sorted((event.first.hour, event.last.hour, event.count) for event in news) == [
        (10, 10, 1),
        (11, 11, 1),
    ]


def _ingest_news(app: App) -> None:
    app.ingest(tickers=["AAPL"], data_sets=[DataSet.NEWS])


def test_what_a_stopped_run_had_recorded_is_announced_after_its_data_whoever_publishes() -> None:
    with opened() as spied:
        provider = FakeProvider()
        ingest(spied, provider)
        provider.at += timedelta(minutes=2)
        provider.series["AAPL"] = series("AAPL", day_20240103="184.25", day_20240108="185.56")
        spied.stop_before = spied.writes + 1  # the event is recorded, the bar is not stored
        _run(spied, provider, _ingest_prices)
        spied.stop_before = None
        provider.at += timedelta(minutes=4)
        sweeper = AttentivePublisher()

        def publish_before_the_bar(table: TableSpec, _: Item) -> None:
            if table is TIME_SERIES:
                clock = SetClock(provider.at + timedelta(minutes=2))
                app_over(spied.another(), clock, provider, sweeper).pipeline.publish_pending()
            else:
                spied.meanwhile = publish_before_the_bar

        spied.meanwhile = publish_before_the_bar
        announced = _run(spied, provider, _ingest_prices)

    early, after = (
        [event.last for event in events if isinstance(event, PricesUpdated)]
        for events in (sweeper.heard, announced)
    )
    assert early == after == [date(2024, 1, 8)]


def _ingest_prices(app: App) -> None:
    app.ingest(tickers=["AAPL"], data_sets=[DataSet.PRICES])
