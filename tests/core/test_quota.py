"""A budget of calls is shared, never overdrawn, and says when it refills."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import QuotaExhaustedError
from signal9_core.ports import Store
from signal9_core.quota import Plan, SharedQuota, alpaca_plan, alphavantage_plan
from signal9_core.repositories.state import QuotaRepository
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import NOW, SetClock

from .spending import BUDGET, calls_of_processes, spend
from .stores.conftest import OpenStore, emulated, emulator, open_ministack

__all__ = ["emulated", "emulator", "open_ministack"]

FREE = alphavantage_plan(None)
TOMORROW = datetime(2024, 1, 9, 5, tzinfo=UTC)
"""Midnight in New York."""

MakeQuota = Callable[..., SharedQuota]


@pytest.fixture
def budgets(clock: SetClock) -> Iterator[QuotaRepository]:
    with SqliteStore.open(":memory:", clock=clock) as store:
        yield QuotaRepository(store)


@pytest.fixture
def make(budgets: QuotaRepository, clock: SetClock) -> MakeQuota:
    def quota(plan: Plan, **patience: float) -> SharedQuota:
        return SharedQuota(
            plan,
            budgets,
            clock,
            timedelta(**patience),
            sleep=lambda seconds: clock.move(seconds=seconds),
        )

    return quota


def calls_until_refused(quota: SharedQuota) -> tuple[int, datetime]:
    calls = 0
    while calls < 1000:
        try:
            quota.reserve()
        except QuotaExhaustedError as error:
            return calls, error.until or NOW
        calls += 1
    raise AssertionError("calls are never refused")


def test_a_day_of_the_free_plan_has_25_calls_more_than_a_second_apart(
    make: MakeQuota, clock: SetClock
) -> None:
    calls, until = calls_until_refused(make(FREE, seconds=5))

    assert (calls, until) == (25, TOMORROW)
    assert clock() - NOW == timedelta(seconds=36)


def test_a_call_that_may_not_wait_is_refused_and_costs_nothing(
    make: MakeQuota, clock: SetClock
) -> None:
    quota = make(FREE)
    quota.reserve()

    with pytest.raises(QuotaExhaustedError, match="no call is left before 2024-01-08 12:00:02"):
        quota.reserve()

    assert quota.status().left == 24
    make(FREE, seconds=2).reserve()
    assert clock() == NOW + timedelta(seconds=1.5)


@pytest.mark.parametrize(("plan", "calls"), [(alpaca_plan(3), 3), (FREE, 1)])
def test_a_call_that_may_be_made_at_once_needs_no_patience(
    budgets: QuotaRepository, plan: Plan, calls: int
) -> None:
    ticking = iter(NOW + timedelta(microseconds=number) for number in range(1000))
    quota = SharedQuota(plan, budgets, lambda: next(ticking))

    assert calls_until_refused(quota)[0] == calls


def test_a_call_that_may_wait_long_enough_is_made_in_the_next_window(
    make: MakeQuota, clock: SetClock
) -> None:
    daily, minutely = make(FREE, days=1), make(alpaca_plan(200), minutes=2)

    for _ in range(401):
        minutely.reserve()
    assert clock() == NOW + timedelta(minutes=2)

    for _ in range(26):
        daily.reserve()
    assert clock() == TOMORROW


def test_a_call_that_waits_past_midnight_counts_for_the_day_in_which_it_is_made(
    make: MakeQuota, clock: SetClock
) -> None:
    clock.now = TOMORROW - timedelta(seconds=1)
    quota = make(FREE, seconds=5)

    quota.reserve()
    quota.reserve()

    assert clock() > TOMORROW
    assert quota.status().left == 24


def test_days_end_at_midnight_in_new_york_also_when_the_clocks_change() -> None:
    before = FREE.window(datetime(2024, 3, 10, 4, 59, tzinfo=UTC))
    shortest = FREE.window(datetime(2024, 3, 10, 5, 1, tzinfo=UTC))
    longest = FREE.window(datetime(2024, 11, 3, 12, tzinfo=UTC))

    assert before[1] == datetime(2024, 3, 10, 5, tzinfo=UTC)
    assert shortest[1] == datetime(2024, 3, 11, 4, tzinfo=UTC)
    assert longest[1] == datetime(2024, 11, 4, 5, tzinfo=UTC)
    assert len({before[0], shortest[0], longest[0]}) == 3


@pytest.mark.parametrize("period", ["day", "minute"])
def test_a_window_that_ended_never_counts_against_the_next(
    make: MakeQuota, clock: SetClock, period: str
) -> None:
    quota = make(Plan("few", period, 3))  # type: ignore[arg-type]
    assert calls_until_refused(quota)[0] == 3
    clock.move(days=1)

    quota.refund(2)

    assert quota.status().left == 3
    assert calls_until_refused(quota)[0] == 3
    quota.refund()
    assert calls_until_refused(quota)[0] == 1


@pytest.mark.parametrize("period", ["day", "minute"])
def test_the_counter_of_a_window_that_has_just_ended_is_stored_and_not_counted(
    make: MakeQuota, clock: SetClock, period: str
) -> None:
    plan = Plan("few", period, 3)  # type: ignore[arg-type]
    quota = make(plan)
    ended, ends = plan.window(clock())
    assert calls_until_refused(quota)[0] == 3

    clock.move(seconds=(ends - clock()).total_seconds())

    assert quota.budgets.used(ended) == 3
    assert quota.status().left == 3
    quota.require(3)
    assert calls_until_refused(quota)[0] == 3


def test_what_was_never_sent_is_free_for_the_next_call(make: MakeQuota) -> None:
    quota = make(Plan("few", "day", 3))
    quota.refund()
    quota.reserve()
    quota.refund()

    assert calls_until_refused(quota)[0] == 3


def test_all_or_nothing_is_reserved(make: MakeQuota) -> None:
    quota = make(Plan("few", "day", 5))
    quota.reserve(2)

    with pytest.raises(QuotaExhaustedError):
        quota.reserve(4)

    assert calls_until_refused(quota)[0] == 3


def test_several_calls_can_be_asked_for_before_the_first(make: MakeQuota) -> None:
    quota = make(Plan("few", "day", 4))
    quota.require(4)
    quota.reserve()

    with pytest.raises(QuotaExhaustedError):
        quota.require(4)
    quota.require(3)


@pytest.mark.parametrize("plan", [FREE, Plan("many", "day", 100)])
def test_nothing_is_granted_once_the_provider_says_that_nothing_is_left(
    make: MakeQuota, plan: Plan
) -> None:
    quota, other = make(plan), make(plan)
    quota.reserve()

    until = quota.exhausted()

    assert until == plan.window(NOW)[1]
    for each in (quota, other):
        with pytest.raises(QuotaExhaustedError) as refused:
            each.reserve()
        assert refused.value.until == until
        assert each.status().left == 0


def test_a_shorter_pause_never_ends_a_longer_one(make: MakeQuota, clock: SetClock) -> None:
    quota = make(alpaca_plan(200))
    quota.exhausted(NOW + timedelta(minutes=5))
    quota.exhausted(NOW + timedelta(minutes=1))

    with pytest.raises(QuotaExhaustedError, match="12:05:00"):
        quota.reserve()

    clock.move(minutes=5)
    quota.reserve()


def test_without_a_daily_limit_nobody_knows_when_it_refills(make: MakeQuota) -> None:
    quota = make(alpaca_plan(200))

    assert quota.exhausted() is None
    quota.require(1000)
    quota.reserve()


def test_status_shows_what_is_left_and_when_it_refills(make: MakeQuota) -> None:
    quota = make(FREE, seconds=60)
    for _ in range(7):
        quota.reserve()

    day = quota.status()

    assert (day.period, day.limit, day.left, day.refills_at) == ("day", 25, 18, TOMORROW)


@settings(max_examples=30)
@given(limit=st.integers(0, 60), takers=st.lists(st.integers(0, 2), max_size=80))
def test_in_whatever_order_calls_are_made_the_budget_holds(limit: int, takers: list[int]) -> None:
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        plan = Plan("any", "day", limit)
        quotas = [SharedQuota(plan, QuotaRepository(store), clock) for _ in range(3)]
        made = 0
        for taker in takers:
            try:
                quotas[taker].reserve()
                made += 1
            except QuotaExhaustedError:
                assert made == limit
        made += sum(calls_until_refused(quota)[0] for quota in quotas)

    assert made == limit


@pytest.fixture(params=["file", "ministack"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "ministack":
        opening: OpenStore = request.getfixturevalue("open_ministack")
        with opening(SetClock()) as store:
            yield store
    else:
        with SqliteStore.open(tmp_path / "signal9.db", clock=SetClock()) as store:
            yield store


def test_threads_spend_a_budget_to_the_last_call_and_no_further(shared: Store) -> None:
    with ThreadPoolExecutor(4) as threads:
        calls = list(threads.map(lambda _: spend(shared), range(4)))

    assert sum(calls) == BUDGET


def test_processes_spend_a_budget_to_the_last_call_and_no_further(tmp_path: Path) -> None:
    assert calls_of_processes(str(tmp_path / "signal9.db"), processes=3) == BUDGET


def test_plans_are_those_of_the_providers(make: MakeQuota) -> None:
    free = Plan("alphavantage", "day", 25, timedelta(seconds=1.5), "America/New_York")
    assert alphavantage_plan(None) == free
    assert alphavantage_plan(75) == Plan("alphavantage", "minute", 75)
    assert alpaca_plan(200) == Plan("alpaca", "minute", 200)
    assert make(free).left_today() == 25
    assert make(alpaca_plan(200)).left_today() is None
