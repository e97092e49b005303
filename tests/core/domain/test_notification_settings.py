"""Notifications are due by the clocks and wishes of their user."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signal9_core.domain.users import Delivery, NotificationSettings, time_zone

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
clock_times = st.times().map(lambda time: f"{time:%H:%M}")
quiet_hours = st.none() | st.tuples(clock_times, clock_times)


def settings_of(
    delivery: Delivery, daily_at: str, quiet: tuple[str, str] | None, zone: str
) -> NotificationSettings:
    first, end = quiet or (None, None)
    return NotificationSettings(
        delivery=delivery, daily_at=daily_at, quiet_from=first, quiet_until=end, time_zone=zone
    )


@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    delivery=st.sampled_from(Delivery),
    daily_at=clock_times,
    quiet=quiet_hours,
    zone=st.sampled_from(ZONES),
)
@example(  # clocks skip this hour
    datetime(2024, 3, 31, 0, 59, tzinfo=UTC), Delivery.DAILY, "02:30", None, "Europe/Berlin"
)
@example(  # clocks show this hour twice
    datetime(2024, 10, 27, 0, 45, tzinfo=UTC), Delivery.DAILY, "02:30", None, "Europe/Berlin"
)
def test_what_happens_is_due_soon_and_outside_of_quiet_hours(
    at: datetime, delivery: Delivery, daily_at: str, quiet: tuple[str, str] | None, zone: str
) -> None:
    settings = settings_of(delivery, daily_at, quiet, zone)

    due = settings.due(at)

    assert at <= due < at + timedelta(days=2, hours=2)
    assert settings.quiet_end(due) is None
    if delivery is Delivery.AT_ONCE and settings.quiet_end(at) is None:
        assert due == at
    if delivery is Delivery.DAILY:
        assert due > at


@pytest.mark.parametrize(
    ("quiet", "at", "due"),
    [
        (("22:00", "07:00"), "2024-01-08T21:59", "2024-01-08T21:59"),
        (("22:00", "07:00"), "2024-01-08T22:00", "2024-01-09T07:00"),
        (("22:00", "07:00"), "2024-01-09T06:59", "2024-01-09T07:00"),
        (("22:00", "07:00"), "2024-01-09T07:00", "2024-01-09T07:00"),
        (("12:00", "14:00"), "2024-01-08T13:00", "2024-01-08T14:00"),
        (("12:00", "14:00"), "2024-01-08T11:00", "2024-01-08T11:00"),
    ],
)
def test_quiet_hours_end_when_they_say(quiet: tuple[str, str], at: str, due: str) -> None:
    zone = ZoneInfo("America/New_York")
    settings = settings_of(Delivery.AT_ONCE, "08:00", quiet, zone.key)

    found = settings.due(datetime.fromisoformat(at).replace(tzinfo=zone))

    assert found == datetime.fromisoformat(due).replace(tzinfo=zone)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_names_of_the_iana_database_are_time_zones(name: str) -> None:
    assert time_zone(name) is not None


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "localtime", "posix/UTC", "right/UTC", "../etc/passwd", "America", "a\0"],
)
def test_other_names_are_none(name: str) -> None:
    assert time_zone(name) is None


def test_a_time_zone_that_the_database_has_lost_is_taken_for_utc() -> None:
    settings = NotificationSettings(delivery=Delivery.DAILY, time_zone="Mars/Olympus")

    assert settings.due(datetime(2024, 1, 8, 7, tzinfo=UTC)) == datetime(2024, 1, 8, 8, tzinfo=UTC)
