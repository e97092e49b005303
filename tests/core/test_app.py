import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from signal9_core.bootstrap import App, build
from signal9_core.errors import StoreError
from signal9_core.events import Event, NewsIngested, NewsSentimentAnalyzed, PricesUpdated
from signal9_core.publishers import MemoryNotifier, MemoryPublisher
from signal9_core.repositories import AssetRepository
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import NOW, FakeProvider, SetClock
from tests.spied import SpiedStore


def test_building_opens_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"

    app = build(Settings(home=home))
    app.close()

    assert not home.exists()


def test_the_store_is_opened_on_first_use_and_closed_at_the_end(tmp_path: Path) -> None:
    with build(Settings(home=tmp_path)) as app:
        assert app.list_assets().items == []
        assert (tmp_path / "signal9.db").exists()

    with pytest.raises(StoreError, match="closed"):
        app.list_assets()


def test_a_store_that_needs_no_closing_is_left_alone(app: App) -> None:
    app.close()

    assert app.list_assets().items == []


def test_what_was_ingested_is_there_in_the_next_process(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with build(settings, clock=SetClock()) as app:
        app.provider = FakeProvider()
        app.ingest()
        cursor = app.list_assets(limit=1).next_cursor

    with build(settings, clock=SetClock()) as app:
        app.provider = FakeProvider()

        assert app.is_ingested()
        assert [each.ticker for each in app.list_assets(limit=1, cursor=cursor).items] == ["BRK.B"]


def test_a_given_key_signs_the_cursors(spied: SpiedStore) -> None:
    def page(key: str, cursor: str | None) -> str | None:
        app = build(Settings.model_validate({"cursor_key": key}), clock=SetClock())
        app.store, app.provider = spied, FakeProvider()
        return app.list_assets(limit=1, cursor=cursor).next_cursor

    AssetRepository(spied).sync(FakeProvider().listing)
    first = page("one", None)

    assert first is not None
    assert page("one", first) is not None
    assert ("State", "cursor-key") not in spied.contents()


def test_everything_stays_in_the_process_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    with build(Settings(home=tmp_path)) as app:
        assert isinstance(app.store, SqliteStore)
        assert isinstance(app.publisher, MemoryPublisher)
        assert isinstance(app.notifier, MemoryNotifier)
        assert app.provider.name == "sample"


def test_on_aws_the_named_table_bus_and_topic_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    topic = "arn:aws:sns:us-east-1:123456789012:users"
    settings = Settings(store="dynamodb", event_bus="bus", notification_topic=topic)

    with build(settings) as app:
        kinds = [type(part).__name__ for part in (app.store, app.publisher, app.notifier)]
        assert kinds == ["DynamoStore", "EventBridgePublisher", "SnsNotifier"]
        assert app.take_events() == []


class Listener(MemoryPublisher):
    """Looks, whenever something is announced, at what is stored by then."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._assets = AssetRepository(app.store)
        self.seen: list[tuple[str, str, bool]] = []

    def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, PricesUpdated | NewsIngested):
                profile = self._assets.get(event.ticker)
                stored = profile is not None and bool(profile.freshness)
                self.seen.append((event.detail_type, event.ticker, stored))
        super().publish(events)


def test_an_ingest_stores_then_announces_then_works_out_what_follows(app: App) -> None:
    app.publisher = listener = Listener(app)

    app.ingest()

    assert ("Prices Updated", "AAPL", True) in listener.seen
    assert ("News Ingested", "MSFT", True) in listener.seen
    found = app.get_asset("AAPL").insights
    assert found.range_52_weeks is not None
    assert found.sentiment is not None
    assert app.take_events() == []


def test_settling_goes_on_until_nothing_is_announced_any_more(app: App) -> None:
    class Heard(MemoryPublisher):
        def __init__(self) -> None:
            super().__init__()
            self.kinds: list[type[Event]] = []

        def publish(self, events: Sequence[Event]) -> None:
            self.kinds += map(type, events)
            super().publish(events)

    app.publisher = heard = Heard()
    app.refresh()
    assert NewsSentimentAnalyzed not in heard.kinds

    app.settle()

    assert NewsSentimentAnalyzed in heard.kinds
    assert app.take_events() == []


def test_the_time_is_passed_in(app: App) -> None:
    app.ingest()

    assert app.get_status().ingested_at == NOW


def test_an_application_that_only_lists_loads_neither_aws_nor_a_provider() -> None:
    program = """
import sys
from signal9_core.bootstrap import build
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
app = build(Settings())
app.store = SqliteStore.open(":memory:")
app.list_assets()
heavy = ("boto3", "botocore", "httpx2", "pandas", "signal9_core.providers", "aws_lambda_powertools")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stdout.strip() == "[]"
