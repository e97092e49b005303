"""Of several responses about one company's prices the newest of each fact counts, in any order."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from signal9_core.adapters import make_parsers
from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import adjust
from signal9_core.domain.companies import DataSet
from signal9_core.domain.prices import Interval
from signal9_core.errors import InputError
from signal9_core.provider_port import RawCopy, UnreadFile
from signal9_core.schemas.operations import ReplayAnswer
from signal9_core.services.replay import Replay
from tests.core.conftest import app_over, opened
from tests.fakes import FakeProvider, SetClock
from tests.recordings import needs_recordings, recorded

HEAD: Final = (
    "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
)
START: Final = date(2024, 1, 1)

Row = tuple[str, str, str, str]
"""Day, close, dividend and split."""


@dataclass(frozen=True)
class Vintage:
    """The rows of a response, and when it came."""

    hour: int
    rows: tuple[Row, ...]

    @property
    def at(self) -> datetime:
        return datetime(2024, 6, 1, self.hour, tzinfo=UTC)

    def copy(self) -> RawCopy:
        lines = (
            f"{day},{close},{close},{close},{close},{close},100,{paid},{split}"
            for day, close, paid, split in self.rows
        )
        return raw("\n".join([HEAD, *lines]), self.at)


def raw(text: str, at: datetime) -> RawCopy:
    body = text.encode()
    name = f"alphavantage/TIME_SERIES_DAILY_ADJUSTED/IBM_{at:%Y%m%d%H}.csv"
    function = "TIME_SERIES_DAILY_ADJUSTED"
    return RawCopy(name, "alphavantage", function, "IBM", at, lambda: body)


@dataclass(frozen=True)
class Copies:
    """Responses in memory."""

    held: Sequence[RawCopy]

    def copies(self) -> Iterable[RawCopy]:
        return self.held

    def unread(self) -> Iterable[UnreadFile]:
        return ()


def replay(app: App, *held: RawCopy) -> ReplayAnswer:
    play = Replay(make_parsers(), app._ingest, app.assets, app.clock)
    return play(Copies(held), lambda *_: None)


def answers(batches: Iterable[Sequence[RawCopy]]) -> tuple[object, ...]:
    """Return all that is answered about the company after replays, one after another."""
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        for batch in batches:
            replay(app, *batch)
        profile = app.assets.get("IBM")
        assert profile is not None
        try:
            adjusted: object = app.get_prices("IBM", adjusted=True)
        except InputError as error:
            adjusted = str(error)
        return (
            app.get_prices("IBM"),
            app.actions.known("IBM"),
            adjusted,
            profile.insights,
            profile.freshness[DataSet.PRICES],
        )


@st.composite
def vintages(draw: st.DrawFn) -> list[Vintage]:
    """Some days of twelve, as many as a timeline has parts."""
    hours = draw(st.permutations(range(1, draw(st.integers(2, 4)) + 1)))
    return [Vintage(hour, draw(_rows(hour))) for hour in hours]


def _rows(hour: int) -> SearchStrategy[tuple[Row, ...]]:
    row = st.tuples(
        st.integers(0, 11),
        st.sampled_from(["100", f"100.{hour}"]),
        st.sampled_from(["0", "0", "0", "0.5", f"0.{hour}"]),
        st.sampled_from(["1", "1", "1", "1", "2", "3"]),
    )
    some = st.lists(row, min_size=1, max_size=12, unique_by=lambda values: values[0])
    return some.map(
        lambda rows: tuple(
            (str(START + timedelta(days=day)), close, paid, split)
            for day, close, paid, split in sorted(rows)
        )
    )


def batches_of(data: DataObject, some: Sequence[RawCopy]) -> list[list[RawCopy]]:
    """Return responses in any order, some of them in one replay, others on their own."""
    batches: list[list[RawCopy]] = []
    order: list[RawCopy] = data.draw(st.permutations(list(some)))
    for copy in order:
        together: bool = data.draw(st.booleans())
        if batches and together:
            batches[-1].append(copy)
        else:
            batches.append([copy])
    return batches


@settings(deadline=None, max_examples=60)
@given(vintages(), st.data())
def test_no_order_of_arrival_gives_another_answer(some: list[Vintage], data: DataObject) -> None:
    in_order = sorted(some, key=lambda vintage: vintage.hour)
    expected = answers([vintage.copy()] for vintage in in_order)

    assert answers([[vintage.copy() for vintage in some]]) == expected
    assert answers(batches_of(data, [vintage.copy() for vintage in some])) == expected

    newest = {row[0]: row for vintage in in_order for row in vintage.rows}
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        for vintage in some:
            replay(app, vintage.copy())
        bars = app.prices.between("IBM")
        actions = app.actions.since("IBM")
    assert [(str(bar.day), bar.close) for bar in bars] == [
        (day, Decimal(newest[day][1])) for day in sorted(newest)
    ]
    dividends: dict[str, Decimal] = {}
    splits: dict[str, Decimal] = {}
    for vintage in in_order:
        first, last = vintage.rows[0][0], vintage.rows[-1][0]
        for found in (dividends, splits):  # what a later response does not have was withdrawn
            for day in [day for day in found if first <= day <= last]:
                del found[day]
        dividends |= {row[0]: Decimal(row[2]) for row in vintage.rows if Decimal(row[2])}
        splits |= {row[0]: Decimal(row[3]) for row in vintage.rows if Decimal(row[3]) != 1}
    assert {str(action.ex_date): action.amount for action in actions if action.amount} == dividends
    assert {str(action.ex_date): action.ratio for action in actions if action.ratio} == splits


@needs_recordings
@settings(deadline=None, max_examples=8)
@given(st.data())
def test_recorded_responses_give_one_answer_in_any_order(data: DataObject) -> None:
    recordings = {
        hour: body
        for hour, (_, body) in enumerate(
            recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", "IBM_*"), 1
        )
    }
    some = []
    for hour, body in recordings.items():
        if body.startswith(b"timestamp"):
            lines = body.decode().splitlines()[:400]
            some.append(raw("\n".join(lines), datetime(2026, 6, 1, hour, tzinfo=UTC)))
            some.append(raw("\n".join(lines[:90]), datetime(2026, 6, 2, hour, tzinfo=UTC)))
    chosen = data.draw(st.lists(st.sampled_from(some), min_size=1, unique_by=lambda copy: copy.at))
    in_order = sorted(chosen, key=lambda copy: str(copy.at))

    assert answers(batches_of(data, chosen)) == answers([in_order])


def test_a_copy_before_a_split_and_one_after_it_make_one_continuous_history() -> None:
    days = [START + timedelta(days=number) for number in range(12)]
    old = [(str(day), "133.95", "0", "1") for day in days[:8]]
    new = [*((str(day), "133.95", "0", "1") for day in days[4:9])]
    new += [(str(days[9]), "66.9", "0", "2.0"), (str(days[10]), "66.5", "0.2", "1")]

    for batches in ([[1, 2]], [[1], [2]], [[2], [1]]):
        by_hour = {1: Vintage(1, tuple(old)).copy(), 2: Vintage(2, tuple(new)).copy()}
        with opened() as store:
            app = app_over(store, SetClock(), FakeProvider())
            for batch in batches:
                replay(app, *(by_hour[hour] for hour in batch))
            series = app.get_prices.series("IBM", None, None, Interval.DAY, adjusted=True)
            raw_bars, actions = app.prices.between("IBM"), app.actions.since("IBM")

        closes = list(map(float, series.prices("close")))
        assert max(before / after for before, after in pairwise(closes)) < 1.01
        assert series == adjust(raw_bars, actions)
        assert closes[0] == pytest.approx(133.95 / 2 * 66.5 / 66.7)


def test_adjusted_prices_are_refused_across_days_that_no_response_covers() -> None:
    early = tuple((str(START + timedelta(days=day)), "100", "0", "1") for day in range(3))
    late = tuple((str(START + timedelta(days=day)), "50", "0", "1") for day in range(6, 9))
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        replay(app, Vintage(1, early).copy(), Vintage(2, late).copy())

        with pytest.raises(InputError, match="from 2024-01-01 to 2024-01-03, from 2024-01-07 to"):
            app.get_prices("IBM", adjusted=True)
        answer = app.get_prices("IBM", last=START + timedelta(days=2), adjusted=True)
        profile = app.assets.get("IBM")

    assert answer.adjusted_to == START + timedelta(days=2)
    assert profile is not None
    assert profile.insights.range_52_weeks is None
    assert not profile.freshness[DataSet.PRICES].complete


def test_a_replay_after_an_ingest_replaces_its_facts_and_no_newer_ones() -> None:
    rows = [(str(START + timedelta(days=day)), "100", "0", "1") for day in range(3)]
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        replay(app, Vintage(2, tuple(rows)).copy())
        again = [(day, "101", "0.5", split) for day, _, _, split in rows]

        older = replay(app, Vintage(1, tuple(again)).copy())
        same = replay(app, Vintage(2, tuple(again)).copy())

    assert older.changed == 0
    assert same.changed == 6


def test_lists_of_splits_and_dividends_together_leave_none_unknown() -> None:
    rows = tuple((str(START + timedelta(days=day)), "100", "0", "1") for day in range(3))
    at = datetime(2024, 6, 1, 5, tzinfo=UTC)
    bars = "\n".join(
        ["timestamp,open,high,low,close,volume", *(f"{row[0]},1,1,1,1,9" for row in rows)]
    )
    bodies = {
        "TIME_SERIES_DAILY": bars,
        "SPLITS": "effective_date,split_factor\n2024-01-02,1.0460\n",
        "DIVIDENDS": "ex_dividend_date,amount\n2024-01-03,0.5\n",
    }
    copies = {
        function: RawCopy(
            f"alphavantage/{function}/IBM.csv",
            "alphavantage",
            function,
            "IBM",
            at,
            text.encode,
        )
        for function, text in bodies.items()
    }
    for left_out, known in ((None, True), ("SPLITS", False), ("DIVIDENDS", False)):
        with opened() as store:
            app = app_over(store, SetClock(), FakeProvider())
            replay(app, *(copy for function, copy in copies.items() if function != left_out))
            coverage = app.actions.known("IBM")[1]
        assert bool(coverage) is known


@needs_recordings
def test_recorded_closes_agree_in_a_replay() -> None:
    for ticker in ("AMD", "FB", "GOOG", "IBM", "MSFT"):
        ((_, body),) = recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", f"{ticker}_full_*")
        copy = RawCopy(
            "x",
            "alphavantage",
            "TIME_SERIES_DAILY_ADJUSTED",
            ticker,
            datetime(2020, 11, 30, tzinfo=UTC),
            lambda body=body: body,  # type: ignore[misc]
        )
        with opened() as store:
            app = app_over(store, SetClock(), FakeProvider())
            replay(app, copy)
            check = app.get_asset(ticker).price_check
            assert app.get_status().problems == []
        assert check is not None
        assert check.difference < Decimal("0.00001")
        first = min(row["timestamp"] for row in csv.DictReader(StringIO(body.decode())))
        assert str(check.first) == first


def test_a_split_without_its_row_is_found_by_the_providers_closes() -> None:
    rows = [
        "2024-01-01,100,100,100,100,50.0000,9,0,1",
        "2024-01-02,50,50,50,50,50.0000,9,0,1",
    ]
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider())
        replay(app, raw("\n".join([HEAD, *rows]), datetime(2024, 6, 1, tzinfo=UTC)))

        (problem,) = app.get_status().problems
        check = app.get_asset("IBM").price_check

    assert (problem.ticker, problem.kind, problem.since) == ("IBM", "prices", date(2024, 6, 1))
    assert "differ from those of alphavantage by 99.9999% on 2024-01-01" in problem.reason
    assert check is not None
    assert (check.day, check.source) == (START, "alphavantage")


def test_an_action_that_a_later_response_about_its_day_lacks_was_withdrawn() -> None:
    def rows(*paid: str) -> tuple[Row, ...]:
        days = [str(START + timedelta(days=number)) for number in range(len(paid))]
        return tuple((day, "100", amount, "1") for day, amount in zip(days, paid, strict=True))

    first = Vintage(1, rows("0", "0.5", "0", "0", "0.7"))
    moved = Vintage(2, rows("0", "0", "0.5"))

    for batches in ([[first, moved]], [[first], [moved]], [[moved], [first]]):
        with opened() as store:
            app = app_over(store, SetClock(), FakeProvider())
            for batch in batches:
                replay(app, *(vintage.copy() for vintage in batch))
            paid = [(action.ex_date.day, str(action.amount)) for action in app.actions.since("IBM")]

        assert paid == [(3, "0.5"), (5, "0.7")]
