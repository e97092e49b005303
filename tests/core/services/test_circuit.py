"""A provider that fails again and again is left alone for a while, by all processes."""

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import (
    CredentialsError,
    PayloadError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
)
from signal9_core.services.ingest_result import IngestResult
from signal9_core.services.queued_work import Circuit
from tests.fakes import NOW, FakeProvider, SetClock
from tests.spied import SpiedStore


def failed(error: ProviderError | None = None) -> IngestResult:
    result = IngestResult()
    result.fail(error or ProviderUnavailableError("no answer"), "prices", "AAPL")
    return result


def answered() -> IngestResult:
    result = IngestResult()
    result.count("prices", 3, 0)
    return result


@pytest.fixture
def circuits(spied: SpiedStore, clock: SetClock) -> list[Circuit]:
    """The circuit of a provider, as two processes know it."""
    return [Circuit("fake", spied, clock) for _ in range(2)]


def open_it(circuit: Circuit) -> None:
    for _ in range(5):
        assert circuit.admits()
        circuit.note(failed())


def test_it_opens_after_five_failures_in_a_row_for_all_processes(circuits: list[Circuit]) -> None:
    mine, other = circuits

    open_it(mine)

    assert not mine.admits()
    assert not other.admits()


def test_an_answer_in_between_begins_the_count_again(circuits: list[Circuit]) -> None:
    mine, _ = circuits
    for _ in range(4):
        mine.note(failed())

    mine.note(answered())
    mine.note(failed())

    assert mine.admits()


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (ProviderUnavailableError("no answer"), True),
        (CredentialsError("bad key"), True),
        (PayloadError("no number"), False),
        (QuotaExhaustedError("fake", NOW), False),
    ],
)
def test_only_what_all_companies_suffer_from_opens_it(
    circuits: list[Circuit], error: ProviderError, opens: bool
) -> None:
    for _ in range(5):
        circuits[0].note(failed(error))

    assert circuits[0].admits() is not opens


def test_one_trial_decides_whether_it_closes(circuits: list[Circuit], clock: SetClock) -> None:
    mine, other = circuits
    open_it(mine)
    clock.move(minutes=1)

    assert (mine.admits(), other.admits(), mine.admits()) == (True, False, False)

    mine.note(answered())
    clock.move(seconds=10)
    assert mine.admits()
    assert other.admits()


def test_it_stays_open_for_twice_as_long_after_each_trial_that_fails(
    circuits: list[Circuit], clock: SetClock
) -> None:
    mine, _ = circuits
    open_it(mine)

    waits = []
    for _ in range(7):
        until = mine.open_until()
        assert until is not None
        waits.append((until - clock.now).total_seconds() / 60)
        clock.now = until
        assert mine.admits()
        mine.note(failed())

    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_trial_whose_process_died_is_followed_by_another(
    circuits: list[Circuit], clock: SetClock
) -> None:
    mine, other = circuits
    open_it(mine)
    clock.move(minutes=1)
    assert mine.admits()

    clock.move(minutes=4)
    assert not other.admits()
    clock.move(minutes=1)
    assert other.admits()


def test_a_run_leaves_a_failing_provider_alone_and_its_work_keeps_its_place(
    app: App, provider: FakeProvider, clock: SetClock
) -> None:
    app.run()
    clock.move(days=30)
    provider.at = clock.now
    for method in ("assets", "calendar", "overview", "prices", "financials", "news"):
        provider.failing[method] = ProviderUnavailableError("no answer")
    provider.requests.clear()

    runs = [app.run() for _ in range(3)]
    requests = len(provider.requests)
    assert app.run().left == runs[-1].left > 0
    assert len(provider.requests) == requests

    provider.failing.clear()
    clock.move(minutes=1)
    assert app.run().left == 0


def test_asking_costs_a_read_in_ten_seconds(
    spied: SpiedStore, circuits: list[Circuit], clock: SetClock
) -> None:
    before = spied.calls
    for _ in range(1000):
        assert circuits[0].admits()
        circuits[0].note(answered())

    assert spied.calls == before + 1
