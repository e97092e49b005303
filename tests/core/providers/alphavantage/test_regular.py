"""Bodies of the usual form are read fast, and say what they say when they are read by name."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import PayloadError, ProviderError
from signal9_core.providers.alphavantage.timeseries import (
    Daily,
    read_by_name,
    read_daily,
    read_regular,
)

HEAD = "timestamp,open,high,low,close,volume"
META = {"1. Information": "Daily Prices (open, high)", "2. Symbol": "IBM"}
SPACINGS: tuple[Mapping[str, Any], ...] = ({}, {"indent": 4}, {"separators": (",", ":")})

Row = tuple[str, ...]


def _price(units: int) -> str:
    return f"{units // 10**4}.{units % 10**4:04}"


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows of days that follow one another, newest first or oldest first."""
    day, found = date(draw(st.integers(1, 9000)), 2, 27), []
    for _ in range(draw(st.integers(1, 6))):
        day += timedelta(draw(st.integers(1, 4)))
        low, *inner, high = sorted(draw(st.lists(st.integers(1, 10**7), min_size=4, max_size=4)))
        first, last = draw(st.permutations(inner))
        volume = str(draw(st.integers(0, 10**12)))
        found.append((str(day), *map(_price, (first, high, low, last)), volume))
    return found[:: draw(st.sampled_from((-1, 1)))]


def as_json(sent: Sequence[Row], spacing: Mapping[str, Any] = SPACINGS[0]) -> bytes:
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    bars = {day: dict(zip(names, texts, strict=True)) for day, *texts in sent}
    return json.dumps({"Meta Data": META, "Time Series (Daily)": bars}, **spacing).encode()


def as_csv(sent: Sequence[Row], line: str = "\r\n") -> bytes:
    return (line.join((HEAD, *map(",".join, sent))) + line).encode()


@settings(deadline=None, max_examples=60)
@given(rows(), st.sampled_from(SPACINGS), st.sampled_from(["\n", "\r\n"]))
def test_usual_bodies_say_the_same_read_either_way(
    sent: list[Row], spacing: Mapping[str, Any], line: str
) -> None:
    for body in (as_json(sent, spacing), as_csv(sent, line)):
        assert read_regular(body) is not None
        assert _said(read_daily, body) == _said(read_by_name, body)


THREE = [
    ("2024-01-04", "0.9876", "12.5000", "0.0001", "12.5000", "0"),
    ("2024-01-03", "101.0000", "101.0100", "99.0000", "100.0000", "1234567890"),
    ("2024-01-02", "100.0000", "100.0000", "100.0000", "100.0000", "12"),
]
BODIES = [*(as_json(THREE, spacing) for spacing in SPACINGS), as_csv(THREE), as_csv(THREE, "\n")]


@pytest.mark.parametrize("body", BODIES)
def test_a_damaged_byte_is_refused_or_read_as_by_name(body: bytes) -> None:
    accepted = 0
    for at, damaged in _damaged(body):
        found = _said(read_daily, damaged)
        if found != "refused":
            # One blank for another in a name is no JSON any more, and yet nothing else is said.
            blanks = (body[at : at + 1] + damaged[at : at + 1]).isspace()
            assert found == _said(read_by_name, body if blanks else damaged)
            accepted += _is_regular(damaged)
    assert accepted > 200


def _damaged(body: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(len(body)):
        for other in b'07 ."\n,}x':
            yield at, body[:at] + bytes([other]) + body[at + 1 :]


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        (b'"12.5000"', b'"12.500"'),
        (b'"12.5000"', b'"1.25000"'),
        (b'"12.5000"', b'"125000."'),
        (b'"12.5000"', b'"12.5000 "'),
        (b'"12.5000"', b"12.5000"),
        (b'"12.5000"', b'"-12.5000"'),
        (b'"1. open"', b'"1.  open"'),
        (b'"1. open"', b'"10. open"'),
        (b'"1. open"', b'"1. Open"'),
        (b'"5. volume": "12"', b'"5. volume": "12", "6. note": ""'),
        (b'"5. volume": "12"', b'"5. volume": ""'),
        (b'"2024-01-04"', b'"2024-1-04"'),
        (b'"2024-01-04"', b'"20240-1-04"'),
        (b'"2024-01-04"', b'"2024-01-04 "'),
        (b"}}}", b"}}, {}}"),
        (b"}}}", b"}}"),
        (b"}}}", b"}}}}"),
        (b'"Time Series (Daily)"', b'"Time Series (Da\xffly)"'),
        (b'"Meta Data"', b'"Mate Data"'),
        (b'"IBM"', b"7"),
    ],
)
def test_whatever_is_unusual_is_left_to_names(usual: bytes, other: bytes) -> None:
    body = as_json(THREE)

    assert usual in body
    assert read_regular(body.replace(usual, other)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HEAD.encode(),
        f"{HEAD}\n".encode(),
        f"{HEAD}\n2024-01-04,1,1,1,1,1".encode(),
        f"{HEAD}\n2024-01-04,1.0000,1.0000,1.0000,1.0000,1\n\n".encode(),
        f"{HEAD}\n2024-01-04,1.0000,1.0000,1.0000,1.0000\n".encode(),
        as_json([]),
    ],
)
def test_a_body_without_usual_rows_is_left_to_names(body: bytes) -> None:
    assert read_regular(body) is None


@pytest.mark.parametrize("body", [as_json(THREE), as_csv(THREE)])
def test_a_day_in_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"TIME_SERIES_DAILY IBM: .* month"):
        read_daily(body.replace(b"2024-01-03", b"2024-02-30"), "IBM")


@pytest.mark.parametrize("write", [as_json, as_csv])
def test_a_long_history_is_read_in_blocks(write: Callable[[Sequence[Row]], bytes]) -> None:
    days = [str(date(2000, 1, 1) + timedelta(at)) for at in range(3000)]
    sent = [(day, "1.0000", "1.0000", "1.0000", "1.0000", str(at)) for at, day in enumerate(days)]

    found = read_regular(write(sent))

    assert found is not None
    assert list(found.volume) == list(range(3000))
    assert [str(date.fromordinal(day)) for day in found.days] == days


def _is_regular(body: bytes) -> bool:
    try:
        return read_regular(body) is not None
    except ValueError:
        return False


def _said(read: Callable[[bytes, str], Daily | None], body: bytes) -> Daily | str | None:
    try:
        return read(body, "IBM")
    except ProviderError:
        return "refused"
