"""Bars come with splits and dividends; what is stored completely is not requested again."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import AdjustedCloses, CorporateAction, adjust, one_a_day
from signal9_core.domain.companies import DataSet, Freshness
from signal9_core.errors import ProviderUnavailableError
from signal9_core.events import PricesUpdated
from signal9_core.provider_port import History
from signal9_core.settings import Settings
from tests.fakes import NOW, AttentivePublisher, FakeProvider, SetClock, series
from tests.spied import SpiedStore, StoppedError

SPLIT = CorporateAction(ticker="BRK.B", kind="split", ex_date=date(2024, 1, 3), ratio=Decimal(50))
PAID = CorporateAction(
    ticker="BRK.B", kind="dividend", ex_date=date(2024, 1, 4), amount=Decimal("0.5")
)


def paid(day: int, amount: str) -> CorporateAction:
    return PAID.model_copy(update={"ex_date": date(2024, 1, day), "amount": Decimal(amount)})


@pytest.fixture
def provider() -> FakeProvider:
    bars = series("BRK.B", day_20231201="500", day_20240103="10", day_20240104="10")
    return FakeProvider(series={"BRK.B": bars}, actions={"BRK.B": [SPLIT, PAID]}, covering=None)


def _ingest(app: App) -> dict[str, int]:
    answer = app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])
    assert not answer.failed
    return answer.changed


def _freshness(app: App) -> Freshness:
    profile = app.assets.get("BRK.B")
    assert profile is not None
    return profile.freshness[DataSet.PRICES]


def _prices_heard(publisher: AttentivePublisher) -> list[tuple[date, date, int]]:
    return [
        (event.first, event.last, event.count)
        for event in publisher.heard
        if isinstance(event, PricesUpdated)
    ]


def test_actions_are_stored_counted_and_announced_once(
    app: App, publisher: AttentivePublisher
) -> None:
    answer = app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])

    assert answer.stored == answer.changed == {"prices": 3, "actions": 2}
    assert app.actions.known("BRK.B") == ([SPLIT, PAID], ((date(2023, 12, 1), date(2024, 1, 4)),))
    assert _prices_heard(publisher) == [
        (SPLIT.ex_date, PAID.ex_date, 2),
        (date(2023, 12, 1), date(2024, 1, 4), 3),
    ]

    publisher.heard = []
    assert _ingest(app) == {"prices": 0, "actions": 0}
    assert publisher.heard == []


def test_only_an_action_that_is_new_is_announced(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    _ingest(app)
    publisher.heard = []
    provider.actions["BRK.B"] = [SPLIT, paid(4, "0.6")]

    assert _ingest(app) == {"prices": 0, "actions": 1}
    assert _prices_heard(publisher) == [(PAID.ex_date, PAID.ex_date, 1)]


def test_prices_that_fail_leave_no_action_behind(app: App, provider: FakeProvider) -> None:
    provider.failing["prices"] = ProviderUnavailableError("down")

    app.ingest(tickers=["BRK.B"], data_sets=[DataSet.PRICES])

    assert app.actions.known("BRK.B") == ([], ())


def test_a_provider_without_actions_has_none_counted_and_is_asked_for_everything(
    app: App, provider: FakeProvider
) -> None:
    provider.actions.clear()

    assert _ingest(app) == {"prices": 3}
    assert app.actions.known("BRK.B") == ([], ())
    _ingest(app)
    assert provider.since("prices") == [None, None]


def test_what_happens_on_one_day_is_one_action() -> None:
    twice = SPLIT.model_copy(update={"ratio": Decimal("0.5")})

    actions = one_a_day([paid(5, "0.1"), SPLIT, PAID, twice, paid(5, "2"), SPLIT])

    assert [(action.kind, action.ratio or action.amount) for action in actions] == [
        ("split", Decimal(25)),
        ("dividend", Decimal("0.5")),
        ("dividend", Decimal("2.1")),
    ]


def test_a_complete_history_is_continued_with_a_few_days_of_overlap(
    app: App, provider: FakeProvider
) -> None:
    _ingest(app)
    provider.series["BRK.B"] = series(
        "BRK.B", day_20231201="1", day_20240103="10", day_20240104="11", day_20240105="12"
    )

    assert _ingest(app)["prices"] == 2
    assert provider.since("prices") == [None, date(2024, 1, 4) - timedelta(days=7)]
    assert app.prices.between("BRK.B").prices("close") == [500, 10, 11, 12]
    fresh = _freshness(app)
    assert (fresh.as_of, fresh.count, fresh.complete) == (date(2024, 1, 5), 4, True)


@pytest.mark.parametrize("lacking", ["source", "bars", "coverage", "few companies", "some days"])
def test_what_may_lack_something_is_requested_in_full(
    lacking: str, app: App, provider: FakeProvider
) -> None:
    if lacking == "bars":
        provider.limits[DataSet.PRICES] = 3
    if lacking == "coverage":
        provider.actions.clear()
    _ingest(app)
    if lacking == "some days":
        app.actions.note_coverage("BRK.B", (date(2001, 1, 1), date(2002, 1, 1)))
    if lacking == "source":
        provider.name = "other"
    if lacking == "few companies":
        provider.covering = ["BRK.B"]
    provider.actions["BRK.B"] = [SPLIT, PAID]

    _ingest(app)

    assert provider.since("prices") == [None, None]


def test_after_a_run_that_was_stopped_everything_is_requested_and_counted(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    _ingest(app)
    provider.series["BRK.B"] = series(
        "BRK.B", day_20231201="500", day_20240103="10", day_20240104="10", day_20240105="12"
    )
    spied.stop_before = spied.writes + 3  # coverage, event and bar are written, freshness is not
    with pytest.raises(StoppedError):
        _ingest(app)
    spied.stop_before = None

    assert _ingest(app)["prices"] == 0
    assert provider.since("prices")[-1] is None
    assert (_freshness(app).as_of, _freshness(app).count) == (date(2024, 1, 5), 4)


@pytest.mark.parametrize(("first", "complete"), [("day_20240105", True), ("day_20240108", False)])
def test_the_last_bars_keep_a_history_complete_if_they_meet_it(
    first: str, complete: bool, app: App, provider: FakeProvider
) -> None:
    provider.actions.clear()
    _ingest(app)
    assert _freshness(app).complete
    provider.limits[DataSet.PRICES] = 2
    provider.series["BRK.B"] = series("BRK.B", **{first: "10", "day_20240109": "12"})

    _ingest(app)

    assert _freshness(app).complete is complete
    assert _freshness(app).fetched_at == NOW


def test_the_last_bars_alone_are_not_complete(app: App, provider: FakeProvider) -> None:
    provider.limits[DataSet.PRICES] = 3

    _ingest(app)

    assert not _freshness(app).complete


def closes_of(app: App, *actions: CorporateAction) -> AdjustedCloses:
    bars = app.prices.between("BRK.B")
    closes = adjust(bars, actions).prices("close")
    return AdjustedCloses(bars, list(map(float, closes)), decimals=6)


class CheckedProvider(FakeProvider):
    """A provider that sends adjusted closes along."""

    closes: Sequence[AdjustedCloses] = ()

    def history(self, ticker: str, since: date | None = None) -> History | None:
        history = super().history(ticker, since)
        return None if history is None else history._replace(adjusted_closes=self.closes)


def test_a_difference_to_the_providers_closes_is_a_problem_until_it_is_gone(
    app: App, spied: SpiedStore, provider: FakeProvider, clock: SetClock
) -> None:
    checked = CheckedProvider(series=provider.series, actions=provider.actions, covering=None)
    app = App(Settings(), store=spied, provider=checked, bus=AttentivePublisher(), clock=clock)
    _ingest(app)
    assert app.get_asset("BRK.B").price_check is None

    checked.closes = [closes_of(app, SPLIT, paid(4, "2"))]
    _ingest(app)
    (problem,) = app.get_status().problems
    found = app.get_asset("BRK.B").price_check

    checked.closes = [closes_of(app, SPLIT, PAID)]
    _ingest(app)

    assert (problem.ticker, problem.kind, problem.since) == ("BRK.B", "prices", NOW.date())
    assert "by 14.2857% on 2023-12-01" in problem.reason
    assert found is not None
    assert (found.day, found.source, found.checked_at) == (date(2023, 12, 1), "fake", NOW)
    assert checked.since("prices")[-1] is None  # a problem has everything requested again
    assert app.get_status().problems == []
    healed = app.get_asset("BRK.B").price_check
    assert healed is not None
    assert healed.difference == 0


def test_learning_that_nothing_happened_is_announced_and_gives_a_range(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.actions.clear()
    _ingest(app)
    before = app.get_asset("BRK.B").insights
    publisher.heard = []
    provider.actions["BRK.B"] = []

    _ingest(app)
    after = app.get_asset("BRK.B").insights

    assert _prices_heard(publisher) == [(date(2023, 12, 1), date(2024, 1, 4), 1)]
    assert (before.range_52_weeks, after.no_range_reason) == (None, None)
    assert after.range_52_weeks is not None
    assert (after.range_52_weeks.low, after.range_52_weeks.high) == (Decimal(10), Decimal(500))


def test_a_split_that_comes_late_changes_the_range(app: App, provider: FakeProvider) -> None:
    provider.actions["BRK.B"] = []
    _ingest(app)
    provider.actions["BRK.B"] = [SPLIT]

    _ingest(app)

    price_range = app.get_asset("BRK.B").insights.range_52_weeks
    assert price_range is not None
    assert (price_range.low, price_range.high) == (Decimal(10), Decimal(10))


def test_a_dividend_that_the_provider_moved_is_paid_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    _ingest(app)
    publisher.heard = []
    provider.actions["BRK.B"] = [SPLIT, paid(3, "0.5")]

    assert _ingest(app) == {"prices": 0, "actions": 2}
    assert app.actions.since("BRK.B") == [paid(3, "0.5"), SPLIT]
    assert _prices_heard(publisher) == [(date(2024, 1, 3), PAID.ex_date, 2)]
    assert _ingest(app) == {"prices": 0, "actions": 0}


def test_what_came_earlier_replaces_nothing(app: App, provider: FakeProvider) -> None:
    _ingest(app)
    provider.at, provider.covering = NOW - timedelta(days=1), ["BRK.B"]
    provider.series["BRK.B"] = series("BRK.B", day_20231130="495", day_20240103="11")
    provider.actions["BRK.B"] = [paid(4, "0.7"), paid(5, "0.1")]

    assert _ingest(app) == {"prices": 1, "actions": 1}
    assert app.prices.between("BRK.B").prices("close") == [495, 500, 10, 10]
    assert app.actions.since("BRK.B") == [SPLIT, PAID, paid(5, "0.1")]
    assert _freshness(app).fetched_at == NOW
