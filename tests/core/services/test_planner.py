"""What is requested next."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.companies import DataSet, Failures, ListName, PendingEvent
from signal9_core.domain.work import ListState, WorkItem
from signal9_core.repositories.companies import CompanySummary
from signal9_core.services.planner import (
    MaxAge,
    Plan,
    Planner,
    Published,
)

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LAST_CLOSE = datetime(2026, 3, 3, 21, 30, tzinfo=UTC)
PUBLISHED = Published(LAST_CLOSE, {})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FREE = Planner(
    "fake",
    {
        "listing": 1,
        "calendar": 1,
        DataSet.OVERVIEW: 1,
        DataSet.PRICES: 1,
        DataSet.FINANCIALS: 4,
        DataSet.NEWS: 1,
    },
)
PRICES = Planner("fake", {DataSet.PRICES: 1})
BATCHES = Planner(
    "fake",
    {"listing": 1, DataSet.PRICES: 2, DataSet.NEWS: 1},
    batch_sizes={DataSet.PRICES: 2, DataSet.NEWS: 4},
)


def summary(
    ticker: str, requested: Mapping[DataSet, datetime], rank: int | None = None
) -> CompanySummary:
    return CompanySummary(ticker=ticker, status="active", rank=rank, requested=dict(requested))


def company(ticker: str, rank: int | None = None, **requested: datetime) -> CompanySummary:
    return summary(ticker, {DataSet(name): at for name, at in requested.items()}, rank)


def tickers(items: Plan) -> list[str]:
    return [ticker for item in items.now for ticker in item.tickers]


def test_an_empty_stage_asks_for_its_lists() -> None:
    items = FREE.lists({}, NOW)

    assert [(item.name, item.due_since, item.calls) for item in items] == [
        ("listing", None, 1),
        ("calendar", None, 1),
    ]


def test_lists_are_due_a_day_after_they_were_requested() -> None:
    states: Mapping[ListName, ListState] = {
        "listing": ListState(requested_at=NOW - DAY),
        "calendar": ListState(requested_at=NOW - DAY + HOUR),
    }

    assert [item.name for item in FREE.lists(states, NOW)] == ["listing"]


def test_a_list_that_has_failed_waits_as_companies_do() -> None:
    failed = Failures(count=1, at=NOW - HOUR / 2, reason="unreadable")
    planner = Planner("fake", {"listing": 1})
    states: Mapping[ListName, ListState] = {
        "listing": ListState(requested_at=NOW - 2 * DAY, failures=failed)
    }

    assert planner.lists(states, NOW) == []
    assert [item.due_since for item in planner.lists(states, NOW + HOUR)] == [NOW + HOUR / 2]


def test_a_list_that_the_provider_does_not_have_is_never_due() -> None:
    assert PRICES.lists({}, NOW) == []


def test_everything_of_a_new_company_is_due_the_largest_company_first() -> None:
    companies = [company("SMALL"), company("MID", 20), company("BIG", 3)]

    plan = FREE.plan(companies, PUBLISHED, NOW)

    assert tickers(plan) == ["BIG", "MID", "SMALL"]
    assert {item.data_sets for item in plan.now} == {tuple(DataSet)}
    assert {item.calls for item in plan.now} == {7}


@pytest.mark.parametrize(
    ("data_set", "fresh", "old"),
    [
        (DataSet.PRICES, LAST_CLOSE, LAST_CLOSE - HOUR),
        (DataSet.OVERVIEW, NOW - 29 * DAY, NOW - 30 * DAY),
        (DataSet.FINANCIALS, NOW - 89 * DAY, NOW - 90 * DAY),
        (DataSet.NEWS, NOW - HOUR + timedelta(seconds=1), NOW - HOUR),
    ],
)
def test_nothing_is_asked_twice_within_its_age(
    data_set: DataSet, fresh: datetime, old: datetime
) -> None:
    others = dict.fromkeys(DataSet, NOW)

    assert FREE.due(summary("IBM", others | {data_set: fresh}), PUBLISHED, NOW) == ()
    due = FREE.due(summary("IBM", others | {data_set: old}), PUBLISHED, NOW)
    assert due == (data_set,)


@pytest.mark.parametrize(
    ("reported_on", "due"),
    [
        (date(2026, 3, 3), (DataSet.FINANCIALS,)),
        (date(2026, 3, 4), ()),  # it comes today, so that a provider has it tomorrow
        (date(2026, 3, 1), ()),  # it was there already
        (None, ()),
    ],
)
def test_reports_are_due_when_a_company_has_reported_since(
    reported_on: date | None, due: tuple[DataSet, ...]
) -> None:
    requested = dict.fromkeys(DataSet, NOW) | {
        DataSet.FINANCIALS: datetime(2026, 3, 2, 9, tzinfo=UTC)
    }
    reported = {} if reported_on is None else {"IBM": reported_on}

    assert FREE.due(summary("IBM", requested), Published(LAST_CLOSE, reported), NOW) == due


def test_what_is_missing_comes_before_what_is_old_and_the_oldest_before_the_others() -> None:
    old, older = LAST_CLOSE - HOUR, LAST_CLOSE - 2 * HOUR
    companies = [
        company("OLD", 1, prices=old),
        company("NEW", 9),
        company("OLDER", 2, prices=older),
    ]

    plan = PRICES.plan(companies, PUBLISHED, NOW)

    assert tickers(plan)[0] == "NEW"
    assert {item.due_since for item in plan.now[1:]} == {LAST_CLOSE}


def test_prices_are_due_since_a_day_after_their_last_request_or_since_the_close() -> None:
    old, recent = LAST_CLOSE - 3 * DAY, LAST_CLOSE - HOUR

    plan = PRICES.plan([company("A", prices=old), company("B", prices=recent)], PUBLISHED, NOW)

    assert [item.due_since for item in plan.now] == [old + DAY, LAST_CLOSE]


def test_what_is_overdue_takes_turns_with_what_is_missing() -> None:
    planner = Planner("fake", {DataSet.OVERVIEW: 1})
    companies = [
        company("NEW1", 1),
        company("NEW2", 2),
        company("OLD1", 3, overview=NOW - 38 * DAY),
        company("OLD2", 4, overview=NOW - 50 * DAY),
        company("DUE", 5, overview=NOW - 37 * DAY),
        company("NEW3", 6),
        company("NEW4", 7),
    ]

    plan = planner.plan(companies, PUBLISHED, NOW)

    assert tickers(plan) == ["NEW1", "OLD2", "NEW2", "OLD1", "NEW3", "NEW4", "DUE"]


def test_a_company_whose_run_was_stopped_comes_first_and_as_a_whole() -> None:
    event = PendingEvent(detail_type="PricesUpdated.v1", detail="{}", at=NOW)
    stopped = company("STOPPED", 9, prices=NOW, news=NOW, overview=NOW)
    stopped = stopped.model_copy(update={"pending": (event,)})

    plan = FREE.plan([company("NEW", 1), stopped], PUBLISHED, NOW, budget=8)

    assert [(item.tickers, item.is_unpublished) for item in plan.now] == [
        (("STOPPED",), True),
        (("NEW",), False),
    ]
    assert (plan.now[0].data_sets, plan.now[0].due_since) == ((DataSet.FINANCIALS,), None)
    assert [item.tickers for item in plan.later] == [("NEW",)]
    assert FREE.plan([stopped], PUBLISHED, NOW, budget=3).now == []
    others = [stopped.model_copy(update={"ticker": name}) for name in ("ONE", "TWO")]
    assert tickers(PRICES.plan(others, PUBLISHED, NOW)) == ["ONE", "TWO"]
    assert [item.tickers for item in PRICES.plan(others, PUBLISHED, NOW).now] == [
        ("ONE",),
        ("TWO",),
    ]


def test_an_item_that_does_not_fit_is_begun_and_ends_the_plan() -> None:
    companies = [company("A", 1), company("B", 2), company("C", 3)]

    plan = FREE.plan(companies, PUBLISHED, NOW, budget=10)

    assert [(item.tickers[0], item.calls) for item in plan.now] == [("A", 7), ("B", 3)]
    assert DataSet.FINANCIALS not in plan.now[1].data_sets
    assert [(item.tickers[0], item.calls) for item in plan.later] == [("B", 4), ("C", 7)]


past = st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda ago: NOW - ago)
moments = st.none() | past
states = st.builds(
    summary,
    ticker=st.text("ABC", min_size=1, max_size=3),
    requested=st.dictionaries(st.sampled_from(DataSet), past),
    rank=st.none() | st.integers(1, 50),
)
reported = st.dictionaries(
    st.text("ABC", min_size=1, max_size=3), st.dates(date(2025, 1, 1), date(2026, 6, 1))
)


listings = st.lists(states, unique_by=lambda state: state.ticker)
list_states = st.dictionaries(
    st.sampled_from(get_args(ListName)),
    st.builds(ListState, requested_at=moments),
)
planners = st.sampled_from((FREE, BATCHES, replace(BATCHES, batch_sizes={DataSet.PRICES: 3})))


@given(planners, listings, list_states, reported, st.integers(0, 60))
def test_a_plan_is_never_over_budget_and_loses_nothing(
    planner: Planner,
    companies: list[CompanySummary],
    requested: dict[ListName, ListState],
    reported: dict[str, date],
    budget: int,
) -> None:
    published, lists = Published(LAST_CLOSE, reported), planner.lists(requested, NOW)
    plan = planner.plan(companies, published, NOW, budget, lists)
    whole = planner.plan(companies, published, NOW, lists=lists).now

    spent = sum(item.calls for item in plan.now)
    assert spent <= budget
    assert spent + sum(item.calls for item in plan.later) == sum(item.calls for item in whole)
    assert budget - spent < max((item.calls for item in plan.later), default=budget + 1)
    assert sorted(_requests([*plan.now, *plan.later])) == sorted(_requests(whole))
    assert len(set(_requests(whole))) == len(_requests(whole))


def _requests(items: Iterable[WorkItem]) -> list[tuple[str, str]]:
    return [
        (name, part)
        for item in items
        for name in item.tickers or ("",)
        for part in item.data_sets or (item.name or "",)
    ]


@given(planners, listings, list_states)
def test_what_is_old_is_planned_oldest_first(
    planner: Planner, companies: list[CompanySummary], requested: dict[ListName, ListState]
) -> None:
    plan = planner.plan(companies, PUBLISHED, NOW, lists=planner.lists(requested, NOW))

    since = [item.due_since for item in plan.now if item.due_since is not None]
    assert since == sorted(since)


@given(planners, listings)
def test_a_batch_is_of_companies_that_a_call_may_be_about(
    planner: Planner, companies: list[CompanySummary]
) -> None:
    for item in planner.plan(companies, PUBLISHED, NOW).now:
        sizes = [planner.batch_sizes.get(data_set, 1) for data_set in item.data_sets]
        assert 1 <= len(item.tickers) <= min(sizes)
        assert len(set(item.tickers)) == len(item.tickers)


def test_companies_are_in_the_batch_of_the_oldest_that_has_room() -> None:
    planner = replace(BATCHES, batch_sizes={DataSet.PRICES: 2, DataSet.NEWS: 2})
    old = dict.fromkeys((DataSet.PRICES, DataSet.NEWS), NOW - 2 * DAY)
    companies = [
        summary("NEW1", {}, 1),
        summary("OLD1", old, 2),
        summary("NEWS", old | {DataSet.PRICES: LAST_CLOSE}, 3),
        summary("NEW2", {}, 4),
        summary("OLD2", old, 5),
        summary("OLD3", old, 6),
    ]

    plan = planner.plan(companies, PUBLISHED, NOW)

    assert [(item.tickers, item.calls) for item in plan.now] == [
        (("NEW1", "NEW2"), 3),
        (("OLD1", "OLD2"), 3),
        (("NEWS",), 1),
        (("OLD3",), 3),
    ]


def test_data_sets_of_one_company_a_call_are_apart_from_those_of_many() -> None:
    planner = replace(FREE, batch_sizes={DataSet.PRICES: 2, DataSet.NEWS: 1})

    plan = planner.plan([company("A", 1), company("B", 2)], PUBLISHED, NOW)

    alone = (DataSet.OVERVIEW, DataSet.FINANCIALS, DataSet.NEWS)
    assert [(item.tickers, item.data_sets) for item in plan.now] == [
        (("A",), alone),
        (("A", "B"), (DataSet.PRICES,)),
        (("B",), alone),
    ]


def test_what_is_older_than_a_moment_can_be_told() -> None:
    known = company("A", prices=NOW - HOUR, news=NOW - 2 * HOUR, overview=NOW)

    assert BATCHES.older(known, NOW - HOUR) == (DataSet.NEWS,)
    assert BATCHES.older(known, NOW) == (DataSet.PRICES, DataSet.NEWS)
    assert BATCHES.older(company("B"), NOW) == (DataSet.PRICES, DataSet.NEWS)


def test_what_has_failed_waits_from_the_moment_on_at_which_it_is_due() -> None:
    failed = Failures(count=1, at=NOW - HOUR / 2, reason="unreadable")
    broken = summary("IBM", dict.fromkeys(DataSet, NOW) | {DataSet.NEWS: NOW - HOUR})
    broken = broken.model_copy(update={"failures": {DataSet.NEWS: failed}})

    assert FREE.plan([broken], PUBLISHED, NOW).now == []


@dataclass
class Stage:
    """Days of a stage: every hour, a plan is made and done with the calls that are left."""

    count: int
    budget: int
    failing: Collection[str] = ()
    planner: Planner = FREE
    requests: dict[tuple[str, DataSet], list[datetime]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        names = [f"T{number}" for number in range(self.count)]
        self.companies = {name: summary(name, {}, rank) for rank, name in enumerate(names, 1)}

    def run(self, days: int, every: timedelta) -> None:
        now, left = NOW, self.budget
        for step in range(int(days * DAY / every)):
            moment = NOW + step * every
            if moment.date() != now.date():
                left = self.budget
            now = moment
            if not left:
                continue
            close = LAST_CLOSE + (now - LAST_CLOSE) // DAY * DAY
            plan = self.planner.plan(self.companies.values(), Published(close, {}), now, left)
            for item in plan.now:
                left -= item.calls
                self._do(item, now)
            assert left >= 0

    def _do(self, item: WorkItem, now: datetime) -> None:
        (ticker,) = item.tickers
        company = self.companies[ticker]
        if ticker in self.failing:
            failures = dict(company.failures)
            for name in item.data_sets:
                count = 1 + (failures[name].count if name in failures else 0)
                failures[name] = Failures(count=count, at=now, reason="unreadable")
            self.companies[ticker] = company.model_copy(update={"failures": failures})
            return
        requested = company.requested | dict.fromkeys(item.data_sets, now)
        self.companies[ticker] = company.model_copy(update={"requested": requested})
        for name in item.data_sets:
            self.requests[ticker, name].append(now)

    def longest_wait(self, data_set: DataSet, days: int) -> timedelta:
        """Return the longest time without a request of a data set, of all that do not fail."""
        ends = NOW, NOW + days * DAY
        return max(
            later - earlier
            for ticker in self.companies.keys() - set(self.failing)
            for earlier, later in pairwise([ends[0], *self.requests[ticker, data_set], ends[1]])
        )


@settings(deadline=None, max_examples=12)
@given(
    st.integers(3, 10),
    st.integers(7, 30),
    st.sampled_from((HOUR, 6 * HOUR, DAY)),
    st.integers(0, 2),
)
def test_no_company_and_no_data_set_waits_longer_than_a_bound(
    count: int, budget: int, every: timedelta, failing: int
) -> None:
    stage, days = Stage(count, budget, [f"T{number}" for number in range(failing)]), 40

    stage.run(days, every)

    # Financials take four calls, so that three of a day may be left.
    round_trip = -(-2 * 7 * count // (budget - 3)) * DAY
    for data_set, age in (
        (DataSet.PRICES, DAY),
        (DataSet.NEWS, HOUR),
        (DataSet.OVERVIEW, 30 * DAY),
    ):
        bound = age + round_trip + FREE.patience + DAY
        assert stage.longest_wait(data_set, days) <= bound


def test_small_companies_do_not_wait_for_large_ones_for_ever() -> None:
    stage = Stage(10, 4, planner=PRICES)

    stage.run(40, HOUR)

    assert stage.longest_wait(DataSet.PRICES, 40) <= 4 * DAY


def test_the_ages_can_be_chosen() -> None:
    planner = Planner("fake", {DataSet.NEWS: 1}, MaxAge(news=DAY))

    assert planner.due(company("A", news=NOW - HOUR), PUBLISHED, NOW) == ()
    assert planner.due(company("A", news=NOW - DAY), PUBLISHED, NOW) == (DataSet.NEWS,)


@pytest.mark.parametrize(
    ("count", "delay"), [(1, HOUR), (2, 2 * HOUR), (4, 8 * HOUR), (8, 128 * HOUR), (99, 7 * DAY)]
)
def test_what_fails_again_and_again_is_requested_less_and_less_often(
    count: int, delay: timedelta
) -> None:
    failed = Failures(count=count, at=NOW - delay, reason="unreadable")
    broken = summary("IBM", dict.fromkeys(DataSet, NOW) | {DataSet.NEWS: NOW - 10 * DAY})
    broken = broken.model_copy(update={"failures": {DataSet.NEWS: failed}})

    assert FREE.plan([broken], PUBLISHED, NOW - HOUR / 2).now == []
    (item,) = FREE.plan([broken], PUBLISHED, NOW).now
    assert (item.tickers[0], item.data_sets) == ("IBM", (DataSet.NEWS,))


def test_what_is_requested_by_name_does_not_wait_after_a_failure() -> None:
    failed = Failures(count=9, at=NOW, reason="unreadable")
    broken = company("IBM").model_copy(update={"failures": {DataSet.PRICES: failed}})

    assert PRICES.due(broken, PUBLISHED, NOW) == (DataSet.PRICES,)


@given(st.lists(states, unique_by=lambda state: state.ticker))
def test_an_item_can_be_handed_to_another_process(companies: list[CompanySummary]) -> None:
    for item in FREE.plan(companies, PUBLISHED, NOW, lists=FREE.lists({}, NOW)).now:
        assert WorkItem.model_validate_json(item.model_dump_json()) == item
