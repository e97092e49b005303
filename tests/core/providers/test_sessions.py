from datetime import date, datetime

import pytest

from signal9_core.providers.calendar import last_finished_day


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2024-01-08T21:29:00Z", date(2024, 1, 7)),
        ("2024-01-08T21:30:00Z", date(2024, 1, 8)),
        ("2024-01-09T03:00:00Z", date(2024, 1, 8)),
        ("2024-07-08T20:29:00Z", date(2024, 7, 7)),
        ("2024-07-08T20:30:00Z", date(2024, 7, 8)),
    ],
)
def test_a_day_is_over_half_an_hour_after_the_close_in_new_york(now: str, day: date) -> None:
    assert last_finished_day(datetime.fromisoformat(now)) == day
