import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signal9_core.aws import aws_client
from signal9_core.bootstrap import App
from signal9_core.errors import StoreError
from signal9_core.events import Event, NewsIngested, NewsSentimentAnalyzed, PricesUpdated
from signal9_core.publishers.in_process import InProcessEventBus
from signal9_core.repositories.companies import AssetRepository
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.emulator import CREDENTIALS
from tests.fakes import NOW, AttentivePublisher, FakeProvider, SetClock
from tests.spied import SpiedStore


def test_making_an_application_opens_nothing(tmp_path: Path) -> None:
    App(Settings(home=tmp_path / "home")).close()

    assert not (tmp_path / "home").exists()


def test_the_store_is_opened_on_first_use_and_closed_at_the_end(tmp_path: Path) -> None:
    with App(Settings(home=tmp_path)) as app:
        assert app.list_assets().items == []
        assert (tmp_path / "signal9.db").exists()

    with pytest.raises(StoreError, match="closed"):
        app.list_assets()


def test_a_store_that_was_passed_in_is_not_closed() -> None:
    with SqliteStore.open(":memory:") as store:
        App(Settings(), store=store).close()

        assert App(Settings(), store=store).list_assets().items == []


def test_what_was_ingested_is_there_in_the_next_process(tmp_path: Path) -> None:
    settings, clock = Settings(home=tmp_path), SetClock()
    with App(settings, provider=FakeProvider(), clock=clock) as app:
        app.ingest()
        cursor = app.list_assets(limit=1).next_cursor

    with App(settings, provider=FakeProvider(), clock=clock) as app:
        assert app.is_ingested()
        assert app.get_status().ingested_at == NOW
        assert [asset.ticker for asset in app.list_assets(limit=1, cursor=cursor).items] == [
            "BRK.B"
        ]


def test_everything_is_local_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    with App(Settings(home=tmp_path)) as app:
        assert isinstance(app.store, SqliteStore)
        assert isinstance(app.bus, InProcessEventBus)
        assert app.provider.name == app.provider_name == "sample"


def test_on_aws_the_named_table_bus_and_topic_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    topic = "arn:aws:sns:us-east-1:123456789012:users"
    settings = Settings(store="dynamodb", event_bus="bus", notification_topic=topic)

    with App(settings) as app:
        kinds = [type(part).__name__ for part in (app.store, app.bus, app.notifier)]

    assert kinds == ["DynamoStore", "EventBridgePublisher", "SnsNotifier"]


def test_events_follow_what_is_stored_and_insights_follow_events(spied: SpiedStore) -> None:
    seen: list[tuple[type[Event], str, bool]] = []
    bus, assets = AttentivePublisher(), AssetRepository(spied)
    provider = FakeProvider(actions={"AAPL": []})
    app = App(Settings(), store=spied, provider=provider, bus=bus, clock=SetClock())

    def look(event: Event) -> None:
        if isinstance(event, PricesUpdated | NewsIngested):
            profile = assets.get(event.ticker)
            seen.append((type(event), event.ticker, bool(profile and profile.freshness)))

    bus.subscribe(look)
    app.ingest()

    assert (PricesUpdated, "AAPL", True) in seen
    assert (NewsIngested, "MSFT", True) in seen
    insights = app.get_asset("AAPL").insights
    assert insights.range_52_weeks is not None
    assert insights.sentiment is not None
    assert any(isinstance(event, NewsSentimentAnalyzed) for event in bus.heard)


_HEAVY = (
    "boto3",
    "botocore",
    "httpx2",
    "pandas",
    "rapidfuzz",
    "stamina",
    "signal9_core.providers",
    "signal9_core.publishers",
    "signal9_core.quota",
    "signal9_core.raw_archive",
    "signal9_core.sentiment",
    "signal9_core.services.ingest",
    "signal9_core.services.insights",
    "signal9_core.services.notifications",
    "signal9_core.services.replay",
    "signal9_core.stores",
)
_PROGRAM = """
import sys
from signal9_core.bootstrap import App
from signal9_core.settings import Settings
app = App(Settings())
made = set(sys.modules)
from signal9_core.stores.sqlite import SqliteStore
App(Settings(), store=SqliteStore.open(":memory:")).list_assets()
import json
print(json.dumps([sorted(made), sorted(sys.modules)]))
"""


def test_an_application_that_only_answers_loads_no_provider_aws_or_ingest() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, encoding="utf-8", check=True
    )
    made, answered = json.loads(done.stdout)

    assert set(_HEAVY) & set(made) == set()
    assert set(_HEAVY) & set(answered) == {"signal9_core.stores"}


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "secretsmanager", "sns"])
def test_a_client_gives_up_in_seconds(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    config: Any = aws_client(service).meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
