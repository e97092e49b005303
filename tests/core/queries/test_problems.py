import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import SettingsError, StoreUnavailableError
from signal9_core.repositories import StateRepository
from signal9_core.services.queries import NO_DATA, NO_KEY, ListProblems
from signal9_core.settings import Settings
from tests.fakes import NOW, FakeProvider, SetClock
from tests.spied import SpiedStore


@pytest.fixture
def keyless(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """An application whose provider has no key, as in a stage that was just deployed."""
    monkeypatch.delenv("SIGNAL9_ALPHAVANTAGE_KEY", raising=False)
    del app.provider
    app.settings = Settings(provider="alphavantage")
    return app


def test_a_provider_without_a_key_is_a_problem_until_it_has_one(
    keyless: App, provider: FakeProvider, clock: SetClock
) -> None:
    for _ in range(2):
        with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_KEY is not set"):
            keyless.refresh()
        assert keyless.state.refresh_blocked_since() == NOW
        clock.move(hours=1)

    assert ListProblems(lambda: keyless.state)() == [NO_KEY]

    keyless.provider = provider
    keyless.refresh()

    assert ListProblems(lambda: keyless.state)() == []


def test_what_anybody_may_read_names_no_secret_and_no_setting() -> None:
    assert not {"SIGNAL9", "secret", "alphavantage", "alpaca"} & set(f"{NO_KEY} {NO_DATA}".split())


def test_a_store_that_is_away_is_a_problem_and_no_failure() -> None:
    def away() -> StateRepository:
        raise StoreUnavailableError("table signal9-prod-State is throttled")

    assert ListProblems(away)() == [NO_DATA]


def test_many_questions_cause_one_reading_in_ten_seconds(spied: SpiedStore) -> None:
    passed = [0.0]
    state = StateRepository(spied)
    opened: list[float] = []

    def opening() -> StateRepository:
        opened.append(passed[0])
        return state

    problems = ListProblems(opening, lambda: passed[0])
    assert [problems(), problems()] == [[], []]
    state.note_blocked_refresh(NOW)
    passed[0] = 9.9
    assert problems() == []

    passed[0] = 10.0

    assert problems() == [NO_KEY]
    assert opened == [0.0, 10.0]
