"""A night of a hundred companies under faults."""

import pytest

from .night import Night, StoreName

BAD = ("lost", "duplicated", "overdrawn", "stuck", "notifiedTwice")
STRUCK = {"delivered twice", "delivered late", "store unavailable", "killed", "dead enhancer"}


@pytest.mark.parametrize("store", ["sqlite", "dynamodb"])
def test_nothing_is_lost_nor_done_twice(store: StoreName) -> None:
    report = Night(100, store, seed=5, rate=2).run()

    assert {name: getattr(report, name) for name in BAD} == dict.fromkeys(BAD, 0), report.remarks
    assert report.faults > 50
    assert report.faultsByKind.keys() >= STRUCK
    assert report.notifications > 5


def test_a_calm_night_takes_few_calls_and_little_time() -> None:
    report = Night(300, "dynamodb", rate=0).run()

    assert {name: getattr(report, name) for name in BAD} == dict.fromkeys(BAD, 0), report.remarks
    assert report.priceCalls <= 250 * 300 / 10_000
    assert report.minutes <= 10
    assert report.faults == 0


def test_what_is_wrong_is_noticed() -> None:
    night = Night(20, "sqlite", rate=0)
    night._fill()
    night._begin()
    night._check()

    assert night.report.stuck == 17
    assert night.report.lost >= 34
