import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.errors import InputError
from signal9_core.ports import Cursor
from signal9_core.schemas.users import WatchlistPut
from signal9_core.services.parameters import decode_cursor, encode_cursor
from tests.core.storing import store_articles
from tests.fakes import article

QUERY = {"list": "news", "ticker": "AAPL", "from": date(2024, 1, 1), "to": None}
POSITION = {"ticker": "AAPL", "timestamp": "2024-01-05T10:00:00Z#é"}


def test_a_position_comes_back_to_its_query() -> None:
    cursor = encode_cursor(QUERY, POSITION)

    assert decode_cursor(dict(reversed(QUERY.items())), cursor, POSITION) == POSITION
    assert encode_cursor(QUERY, None) is None
    assert decode_cursor(QUERY, None, POSITION) is None


@pytest.mark.parametrize(
    "other",
    [
        QUERY | {"ticker": "MSFT"},
        QUERY | {"from": None},
        QUERY | {"to": "None"},
        QUERY | {"ticker": "AAPL&to=None"},
        {"list": "news"},
    ],
)
def test_a_cursor_of_another_query_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"^cursor: "):
        decode_cursor(other, encode_cursor(QUERY, POSITION), POSITION)


@pytest.mark.parametrize(
    "position",
    [
        {"ticker": "AAPL"},
        POSITION | {"month": "2024-01"},
        POSITION | {"ticker": ""},
        POSITION | {"ticker": "A" * 1_025},
        POSITION | {"ticker": 1},
        POSITION | {"ticker": None},
        POSITION | {"ticker": ["AAPL"]},
        [],
        "AAPL",
    ],
)
def test_a_position_with_other_attributes_or_values_is_refused(position: object) -> None:
    with pytest.raises(InputError, match=r"^cursor: "):
        decode_cursor(QUERY, forged(encode_cursor(QUERY, POSITION), position=position), POSITION)


@given(
    st.one_of(st.text(), st.binary(max_size=60).map(lambda body: urlsafe_b64encode(body).decode()))
)
def test_garbage_is_refused(cursor: str) -> None:
    with pytest.raises(InputError):
        decode_cursor(QUERY, cursor, POSITION)


@given(at=st.integers(0, 200), character=st.characters(codec="utf-8"))
def test_a_changed_cursor_is_refused_or_leads_to_text(at: int, character: str) -> None:
    cursor = encode_cursor(QUERY, POSITION) or ""
    at %= len(cursor)

    try:
        position = decode_cursor(QUERY, cursor[:at] + character + cursor[at + 1 :], POSITION)
    except InputError:
        return

    assert position is not None
    assert position.keys() == POSITION.keys()
    assert all(isinstance(value, str) for value in position.values())


def forged(cursor: str | None, **fields: object) -> str:
    """Return a cursor with another content."""
    assert cursor is not None
    token: dict[str, Any] = json.loads(urlsafe_b64decode(cursor + "=="))
    return urlsafe_b64encode(json.dumps(token | fields).encode()).decode().rstrip("=")


def moved(cursor: str | None, **position: str) -> str:
    """Return a cursor of the same query with another position."""
    assert cursor is not None
    before: Cursor = json.loads(urlsafe_b64decode(cursor + "=="))["position"]
    return forged(cursor, position={**before, **position})


@pytest.fixture
def listed(full: App) -> App:
    full.users.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))
    store_articles(full.news, [article("Apple again", "2024-01-05T11:00", "AAPL")])
    return full


List = Callable[[App, str | None], Any]


@pytest.mark.parametrize(
    ("read", "position"),
    [
        (lambda app, cursor: app.list_assets(limit=1, cursor=cursor), {"status": "inactive"}),
        (lambda app, cursor: app.list_news(limit=1, cursor=cursor), {"month": "9999-99"}),
        (lambda app, cursor: app.list_news(limit=1, cursor=cursor), {"timestamp": "now"}),
        (
            lambda app, cursor: app.list_news(ticker="AAPL", limit=1, cursor=cursor),
            {"ticker": "MSFT"},
        ),
        (
            lambda app, cursor: app.list_news(first=date(2024, 1, 5), limit=1, cursor=cursor),
            {"timestamp": "2023-01-01T00:00:00Z"},
        ),
        (
            lambda app, cursor: app.get_financials("AAPL", limit=1, cursor=cursor),
            {"reportType#date": "earnings.annual#2024-01-01"},
        ),
        (lambda app, cursor: app.get_prices("AAPL", limit=1, cursor=cursor), {"after": "soon"}),
        (
            lambda app, cursor: app.users.briefing("ada", limit=1, cursor=cursor),
            {"month": "2099-01"},
        ),
        (
            lambda app, cursor: app.users.briefing("ada", order="impact", limit=1, cursor=cursor),
            {"impact": "NaN"},
        ),
        (
            lambda app, cursor: app.users.briefing("ada", order="impact", limit=1, cursor=cursor),
            {"published": "0001-01-01T00:00:00+23:00"},
        ),
    ],
)
def test_a_forged_position_outside_of_the_query_is_never_a_failure(
    read: List, position: dict[str, str], listed: App
) -> None:
    cursor = read(listed, None).next_cursor

    with suppress(InputError):
        assert len(read(listed, moved(cursor, **position)).items) <= 1


def test_a_cursor_of_one_list_does_not_continue_another(full: App) -> None:
    cursor = full.list_news(limit=1).next_cursor
    assert cursor is not None

    for read in (
        lambda: full.list_news(limit=1, topic="finance", cursor=cursor),
        lambda: full.list_news(limit=1, ticker="AAPL", cursor=cursor),
        lambda: full.list_assets(limit=1, cursor=cursor),
    ):
        with pytest.raises(InputError):
            read()


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_of_prices_begins_after_the_page_before(
    full: App, order: Literal["asc", "desc"]
) -> None:
    both = full.get_prices("AAPL", limit=4, order=order).items
    first = full.get_prices("AAPL", limit=2, order=order)
    second = full.get_prices("AAPL", limit=2, order=order, cursor=first.next_cursor)

    assert list(both) == [*first.items, *second.items]
