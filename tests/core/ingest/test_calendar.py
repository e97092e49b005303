from datetime import date

from signal9_core.bootstrap import App
from signal9_core.domain import EarningsCalendarEntry
from signal9_core.errors import RateLimitError
from signal9_core.events import EarningsScheduled, IngestionFailed
from tests.fakes import NOW, AttentivePublisher, FakeProvider
from tests.spied import SpiedStore


def entry(ticker: str, day: date) -> EarningsCalendarEntry:
    return EarningsCalendarEntry(
        ticker=ticker, report_date=day, fiscal_date_ending=date(2023, 12, 31)
    )


def test_announced_report_dates_are_stored_and_announced_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher, spied: SpiedStore
) -> None:
    provider.entries = [entry("AAPL", date(2024, 2, 1)), entry("MSFT", date(2024, 1, 30))]

    first = app.ingest()
    written, heard = spied.writes, len(publisher.heard)
    second = app.ingest()

    assert (first.stored["calendar"], first.changed["calendar"]) == (2, 2)
    assert (
        EarningsScheduled(at=NOW, ticker="MSFT", report_date=date(2024, 1, 30)) in publisher.heard
    )
    assert (second.stored["calendar"], second.changed["calendar"]) == (2, 0)
    assert spied.written[written:] == []
    assert publisher.heard[heard:] == []


def test_only_a_moved_date_is_announced_again(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.entries = [entry("AAPL", date(2024, 2, 1)), entry("MSFT", date(2024, 1, 30))]
    app.ingest()
    heard = len(publisher.heard)

    provider.entries = [entry("AAPL", date(2024, 2, 2)), entry("MSFT", date(2024, 1, 30))]
    app.ingest()

    assert publisher.heard[heard:] == [
        EarningsScheduled(at=NOW, ticker="AAPL", report_date=date(2024, 2, 2))
    ]


def test_a_calendar_that_fails_is_reported_and_does_not_stop_the_rest(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.failing = {"calendar": RateLimitError("fake: too many requests")}

    answer = app.ingest()

    assert [(each.data_set, each.transient) for each in answer.failed] == [("calendar", True)]
    assert answer.stored["prices"] == 5
    assert any(isinstance(event, IngestionFailed) for event in publisher.heard)
    assert not app.is_ingested()
