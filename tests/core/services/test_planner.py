"""What is requested next."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.domain.companies import DataSet, Failures, ListName
from signal9_core.domain.work import WorkItem
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
    requested: Mapping[ListName, datetime] = {"listing": NOW - DAY, "calendar": NOW - DAY + HOUR}

    assert [item.name for item in FREE.lists(requested, NOW)] == ["listing"]


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


def test_what_is_overdue_takes_turns_with_what_is_missing() -> None:
    planner = Planner("fake", {DataSet.OVERVIEW: 1})
    companies = [
        company("NEW1", 1),
        company("NEW2", 2),
        company("OLD1", 3, overview=NOW - 40 * DAY),
        company("OLD2", 4, overview=NOW - 50 * DAY),
        company("DUE", 5, overview=NOW - 31 * DAY),
    ]

    plan = planner.plan(companies, PUBLISHED, NOW)

    assert tickers(plan) == ["NEW1", "OLD2", "NEW2", "OLD1", "DUE"]


def test_an_item_that_does_not_fit_is_begun_and_ends_the_plan() -> None:
    companies = [company("A", 1), company("B", 2), company("C", 3)]

    plan = FREE.plan(companies, PUBLISHED, NOW, budget=10)

    assert [(item.tickers[0], item.calls) for item in plan.now] == [("A", 7), ("B", 3)]
    assert DataSet.FINANCIALS not in plan.now[1].data_sets
    assert [(item.tickers[0], item.calls) for item in plan.later] == [("B", 4), ("C", 7)]


moments = st.one_of(
    st.none(), st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda ago: NOW - ago)
)
states = st.builds(
    summary,
    ticker=st.text("ABC", min_size=1, max_size=3),
    requested=st.dictionaries(st.sampled_from(DataSet), moments.filter(lambda at: at is not None)),
    rank=st.none() | st.integers(1, 50),
)
reported = st.dictionaries(
    st.text("ABC", min_size=1, max_size=3), st.dates(date(2025, 1, 1), date(2026, 6, 1))
)


@given(st.lists(states, unique_by=lambda state: state.ticker), reported, st.integers(0, 60))
def test_a_plan_is_never_over_budget_and_loses_nothing(
    companies: list[CompanySummary], reported: dict[str, date], budget: int
) -> None:
    published = Published(LAST_CLOSE, reported)
    plan = FREE.plan(companies, published, NOW, budget)
    whole = FREE.plan(companies, published, NOW).now

    spent = sum(item.calls for item in plan.now)
    assert spent <= budget
    assert spent + sum(item.calls for item in plan.later) == sum(item.calls for item in whole)
    assert budget - spent < max((item.calls for item in plan.later), default=budget + 1)
    assert _requests(plan.now) | _requests(plan.later) == _requests(whole)
    assert not _requests(plan.now) & _requests(plan.later)


def _requests(items: object) -> set[tuple[object, object]]:
    assert isinstance(items, list | tuple)
    return {(item.tickers, part) for item in items for part in (item.data_sets or (item.name,))}


@given(st.integers(2, 12), st.integers(7, 30))
def test_every_company_has_its_turn_within_the_days_that_the_budget_takes(
    count: int, budget: int
) -> None:
    names = [f"T{number}" for number in range(count)]
    requested: dict[str, dict[DataSet, datetime]] = {name: {} for name in names}
    days = -(-7 * count // (budget - 3))  # financials take four calls, so that three may be left

    for day in range(days):
        now = NOW + day * DAY
        states = [summary(name, requested[name], rank) for rank, name in enumerate(names, 1)]
        for item in FREE.plan(states, Published(LAST_CLOSE + day * DAY, {}), now, budget).now:
            requested[item.tickers[0]] |= dict.fromkeys(item.data_sets, now)

    assert all(requested[name].keys() == set(DataSet) for name in names)


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
