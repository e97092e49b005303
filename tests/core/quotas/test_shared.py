from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import QuotaExhaustedError
from signal9_core.quota import Plan, SharedQuota, alpaca_plan, alphavantage_plan
from signal9_core.repositories import QuotaRepository
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import NOW, SetClock

FREE = alphavantage_plan(None)
TOMORROW = datetime(2024, 1, 9, 5, tzinfo=UTC)
"""Midnight in New York."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def budgets(clock: SetClock) -> Iterator[QuotaRepository]:
    with SqliteStore.open(":memory:", clock=clock) as store:
        yield QuotaRepository(store)


def quota_of(
    plan: Plan, budgets: QuotaRepository, clock: SetClock, patience: timedelta = timedelta(0)
) -> SharedQuota:
    def sleep(seconds: float) -> None:
        clock.move(seconds=seconds)

    return SharedQuota(plan, budgets, clock, patience, sleep=sleep)


def calls_until_refused(quota: SharedQuota) -> tuple[int, datetime]:
    calls = 0
    while calls < 1000:
        try:
            quota.reserve()
        except QuotaExhaustedError as error:
            return calls, error.until or NOW
        calls += 1
    raise AssertionError("there is no end of calls")


def test_a_day_of_the_free_plan_has_25_calls_more_than_a_second_apart(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(FREE, budgets, clock, timedelta(seconds=5))

    calls, until = calls_until_refused(quota)

    assert (calls, until) == (25, TOMORROW)
    assert clock() - NOW == timedelta(seconds=36)


def test_whoever_may_not_wait_hears_until_when(budgets: QuotaRepository, clock: SetClock) -> None:
    quota = quota_of(FREE, budgets, clock)
    quota.reserve()

    with pytest.raises(QuotaExhaustedError, match="no call is left before 2024-01-08 12:00:02"):
        quota.reserve()

    quota_of(FREE, budgets, clock, timedelta(seconds=2)).reserve()
    assert clock() == NOW + timedelta(seconds=1.5)


def test_whoever_waits_long_enough_goes_on_the_next_day(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(FREE, budgets, clock, timedelta(days=1))

    for _ in range(26):
        quota.reserve()

    assert clock() == TOMORROW


def test_a_minute_is_filled_and_the_next_one_waited_for(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(alpaca_plan(200), budgets, clock, timedelta(minutes=2))

    for _ in range(401):
        quota.reserve()

    assert clock() == NOW + timedelta(minutes=2)


def test_days_end_at_midnight_in_new_york_also_when_the_clocks_change() -> None:
    before = FREE.windows(datetime(2024, 3, 10, 4, 59, tzinfo=UTC))[0]
    changing = FREE.windows(datetime(2024, 3, 10, 5, 1, tzinfo=UTC))[0]
    longest = FREE.windows(datetime(2024, 11, 3, 12, tzinfo=UTC))[0]

    assert before.ends == datetime(2024, 3, 10, 5, tzinfo=UTC)
    assert changing.ends == datetime(2024, 3, 11, 4, tzinfo=UTC)
    assert longest.ends == datetime(2024, 11, 4, 5, tzinfo=UTC)
    assert len({before.name, changing.name, longest.name}) == 3


def test_what_was_never_sent_is_used_for_the_next_call(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(Plan("few", per_day=3), budgets, clock)
    quota.reserve()
    quota.refund()

    assert calls_until_refused(quota)[0] == 3


def test_all_or_nothing_is_reserved(budgets: QuotaRepository, clock: SetClock) -> None:
    quota = quota_of(Plan("few", per_day=3), budgets, clock)

    with pytest.raises(QuotaExhaustedError):
        quota.reserve(4)

    assert calls_until_refused(quota)[0] == 3


def test_what_is_leased_and_not_used_comes_back_at_the_end(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    plan = Plan("many", per_day=100)
    first, second = quota_of(plan, budgets, clock), quota_of(plan, budgets, clock)
    first.reserve()
    assert second.levels()[0].left < 99

    first.close()

    assert second.levels()[0].left == 99
    assert calls_until_refused(second)[0] == 99


def test_a_lease_does_not_outlive_its_window(budgets: QuotaRepository, clock: SetClock) -> None:
    plan = Plan("many", per_day=100)
    quota = quota_of(plan, budgets, clock)
    quota.reserve()
    clock.move(days=1)

    assert calls_until_refused(quota)[0] == 100
    quota.close()
    assert quota.levels()[0].left == 0


@pytest.mark.parametrize("plan", [FREE, Plan("many", per_day=100)])
def test_the_provider_knows_better(budgets: QuotaRepository, clock: SetClock, plan: Plan) -> None:
    quota, other = (quota_of(plan, budgets, clock) for _ in range(2))
    quota.reserve()

    until = quota.exhausted()

    assert until == plan.windows(NOW)[0].ends
    for each in (quota, other):
        with pytest.raises(QuotaExhaustedError) as refused:
            each.reserve()
        assert refused.value.until == until
        assert each.levels()[0].left == 0


def test_a_shorter_pause_never_ends_a_longer_one(budgets: QuotaRepository, clock: SetClock) -> None:
    quota = quota_of(Plan("many", per_day=100), budgets, clock)
    quota.exhausted(NOW + timedelta(minutes=5))
    quota.exhausted(NOW + timedelta(minutes=1))

    with pytest.raises(QuotaExhaustedError, match="12:05:00"):
        quota.reserve()

    clock.move(minutes=5)
    quota.reserve()


def test_where_no_day_is_counted_its_end_cannot_be_told(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(alpaca_plan(200), budgets, clock)

    assert quota.exhausted() is None
    quota.require(1000)
    quota.reserve()


def test_several_calls_are_asked_for_before_the_first(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(Plan("few", per_day=4), budgets, clock)
    quota.require(4)
    quota.reserve()

    with pytest.raises(QuotaExhaustedError):
        quota.require(4)
    quota.require(3)


def test_status_tells_what_is_left_and_when_it_refills(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    quota = quota_of(FREE, budgets, clock)
    quota.reserve()
    quota.close()

    (day,) = quota.levels()

    assert (day.period, day.limit, day.left, day.refills_at) == ("day", 25, 24, TOMORROW)


@settings(max_examples=30)
@given(
    limit=st.integers(0, 60),
    takers=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=120),
)
def test_whoever_calls_and_closes_in_whatever_order_the_budget_holds(
    limit: int, takers: list[tuple[int, bool]]
) -> None:
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        plan = Plan("any", per_day=limit)
        quotas = [quota_of(plan, QuotaRepository(store), clock) for _ in range(3)]
        made = 0
        for taker, closes in takers:
            try:
                quotas[taker].reserve()
                made += 1
            except QuotaExhaustedError:
                pass
            if closes:
                quotas[taker].close()
        made += sum(calls_until_refused(quota)[0] for quota in quotas)

    assert made == limit


def test_calls_that_wait_for_their_turn_do_not_look_like_a_closed_budget(
    budgets: QuotaRepository, clock: SetClock
) -> None:
    budgets.book("alphavantage", clock(), timedelta(seconds=1.5), 20, clock())
    waiting = quota_of(FREE, budgets, clock).levels()[0]
    budgets.close("alphavantage", NOW + timedelta(minutes=5))

    closed = quota_of(FREE, budgets, clock).levels()[0]

    assert (waiting.left, closed.left) == (25, 0)
