"""In one process: a handler that raises loses no event, one bad item stops no run."""

from collections.abc import Sequence
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.queues import INSIGHTS, NOTIFICATIONS, work_queue
from signal9_core.errors import NotFoundError, StoreUnavailableError
from signal9_core.events import Event, NewsIngested, parse_event
from signal9_core.ports import no_progress
from signal9_core.schemas.users import WatchlistPut
from signal9_core.services.ingest import Ingest
from signal9_core.services.ingest_result import IngestResult
from tests.fakes import AttentivePublisher, FakeProvider


class Broken:
    """A part of the application with a defect, for some events."""

    def __init__(self, kind: type[Event]) -> None:
        self._kind = kind

    def __call__(self, event: Event) -> None:
        if isinstance(event, self._kind):
            raise ZeroDivisionError("a defect")


def notified(app: App) -> list[str]:
    return [item.ticker for item in app.users.list_notifications("ada").items]


def break_insights(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(app), "update_insights", Broken(NewsIngested))


def break_ingest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every ingest of which MSFT is part fail by a defect."""
    works = Ingest.companies

    def fails(ingest: Ingest, tickers: Sequence[str], *more: Any) -> IngestResult:
        if "MSFT" in tickers:
            raise ZeroDivisionError("a defect")
        return works(ingest, tickers, *more)

    monkeypatch.setattr(Ingest, "companies", fails)


def test_a_handler_that_raises_stops_neither_the_ingest_nor_other_handlers(
    app: App, monkeypatch: pytest.MonkeyPatch, publisher: AttentivePublisher
) -> None:
    app.ingest()
    with pytest.MonkeyPatch.context() as patch:
        break_insights(app, patch)
        app.users.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))
        publisher.publish([each for each in publisher.heard if isinstance(each, NewsIngested)])

    assert notified(app) == ["MSFT"]
    failed = app.pipeline.list_failures().items
    assert {letter.queue for letter in failed} == {INSIGHTS}
    assert {letter.reason for letter in failed} == {"ZeroDivisionError: a defect"}


def test_what_a_handler_failed_to_do_is_done_once_it_is_redriven(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_insights(app, monkeypatch)
    assert app.run().failed == []
    failed = app.pipeline.list_failures().items
    assert len(failed) == 3

    still = app.pipeline.redrive([failed[0].id])
    monkeypatch.undo()
    done = app.pipeline.redrive()

    assert (still.redriven, [letter.tries for letter in still.left]) == ([], [2])
    assert (len(done.redriven), done.left) == (3, [])
    assert app.get_asset("AAPL").insights.sentiment is not None
    assert app.pipeline.list_failures().items == []


def test_the_same_event_failing_again_is_one_dead_letter(
    app: App, monkeypatch: pytest.MonkeyPatch, publisher: AttentivePublisher
) -> None:
    break_insights(app, monkeypatch)
    app.run()
    before = len(app.pipeline.list_failures().items)

    publisher.publish([parse_event(each.body) for each in app.pipeline.list_failures().items])

    assert len(app.pipeline.list_failures().items) == before


def test_a_handler_whose_store_is_down_raises_so_that_the_event_stays_in_the_outbox(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise StoreUnavailableError("away")

    break_insights(app, monkeypatch)
    monkeypatch.setattr(app.pipeline.dead_letters, "add", down)
    app.ingest()
    assert any(profile.pending for profile in app.assets.summaries())

    monkeypatch.undo()
    app.run()

    assert not any(profile.pending for profile in app.assets.summaries())
    assert app.get_asset("AAPL").insights.sentiment is not None


def test_an_item_that_fails_as_nobody_expects_stops_no_other_and_is_a_dead_letter(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_ingest(monkeypatch)

    app.run()
    answer = app.run()

    assert [(each.ticker, each.reason) for each in answer.failed] == [
        ("MSFT", "ZeroDivisionError: a defect")
    ]
    assert {"AAPL", "BRK.B"} <= {asset.ticker for asset in app.list_assets().items}
    (letter,) = app.pipeline.list_failures().items
    assert (letter.queue, letter.reason) == (work_queue("fake"), "ZeroDivisionError: a defect")
    monkeypatch.undo()
    assert app.pipeline.redrive([letter.id]).redriven == [letter.id]
    assert app.run().failed == []


def test_a_company_that_fails_as_nobody_expects_fails_alone_in_its_batch(
    app: App, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    app._ingest(provider).update_list("listing", no_progress)
    (item, *_) = (item for item in app.plan() if item.tickers)
    break_ingest(monkeypatch)

    answer = app.work(item.model_copy(update={"tickers": ("MSFT", "AAPL", "BRK.B")}))

    assert [each.ticker for each in answer.failed] == ["MSFT"]
    assert app.get_asset("AAPL").freshness.keys() >= {"prices"}
    assert len(app.pipeline.list_failures().items) == 1


def test_an_id_that_is_not_there_is_an_error(app: App) -> None:
    with pytest.raises(NotFoundError, match="no dead letter 'made-up'"):
        app.pipeline.redrive(["made-up"])


def test_each_handler_has_a_queue() -> None:
    assert {INSIGHTS, NOTIFICATIONS} == {"insights", "notifications"}
