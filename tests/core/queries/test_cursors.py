from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.errors import InputError
from signal9_core.events import NewsIngested
from signal9_core.ports import Cursor
from signal9_core.schemas import WatchlistPut
from signal9_core.services import cursors
from signal9_core.services.cursors import CursorSigner
from tests.fakes import NOW, article

QUERY = {"of": "news", "ticker": "AAPL", "from": date(2024, 1, 1), "to": None}
POSITION = {"ticker": "AAPL", "timestamp": "2024-01-05T10:00:00Z#é"}


def test_a_position_comes_back_to_the_query_that_gave_it() -> None:
    signer = CursorSigner("key")

    token = signer.sign(QUERY, POSITION)

    assert token is not None
    assert CursorSigner("key").read(dict(reversed(QUERY.items())), token) == POSITION


def test_the_end_has_no_token_and_the_beginning_needs_none() -> None:
    signer = CursorSigner("key")

    assert signer.sign(QUERY, None) is None
    assert signer.read(QUERY, None) is None


@pytest.mark.parametrize(
    "other",
    [
        QUERY | {"ticker": "MSFT"},
        QUERY | {"from": None},
        QUERY | {"to": "None"},
        QUERY | {"ticker": "AAPL&to=None"},
        {"of": "news"},
    ],
)
def test_a_token_of_another_query_is_refused(other: dict[str, object]) -> None:
    signer = CursorSigner("key")
    token = signer.sign(QUERY, POSITION)

    with pytest.raises(InputError, match=r"^cursor: "):
        signer.read(other, token)


def test_a_token_signed_with_another_key_is_refused() -> None:
    token = CursorSigner("one").sign(QUERY, POSITION)

    with pytest.raises(InputError):
        CursorSigner("another").read(QUERY, token)


def test_an_old_token_whose_position_was_written_down_otherwise_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(cursors, "FORMAT", cursors.FORMAT - 1)
        token = CursorSigner("key").sign(QUERY, {"place": "AAPL"})

    with pytest.raises(InputError):
        CursorSigner("key").read(QUERY, token)


class _Noting(CursorSigner):
    """Notes which attributes positions have, by list."""

    def __init__(self) -> None:
        super().__init__("key")
        self.noted: dict[str, list[str]] = {}

    def sign(self, query: Mapping[str, object], position: Cursor | None) -> str | None:
        self.noted[f"{query['of']} {query.get('order', '')}".strip()] = sorted(position or ())
        return super().sign(query, position)


def test_whoever_writes_positions_down_otherwise_raises_the_format(full: App) -> None:
    full.cursors = noting = _Noting()
    full.own.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))
    for moment in ("2024-01-05T10:00", "2024-01-05T11:00"):
        full.news.sync([article(f"Apple at {moment}", moment, "AAPL")])
    full.notify(NewsIngested(at=NOW, ticker="AAPL", first=NOW - DAYS, last=NOW, count=2))

    full.list_assets(limit=1)
    full.list_news(limit=1)
    full.get_financials("AAPL", limit=1)
    full.get_prices("AAPL", limit=1)
    full.own.list_notifications("ada", limit=1)
    full.own.briefing("ada", order="newest", limit=1)
    full.own.briefing("ada", order="impact", limit=1)

    assert (cursors.FORMAT, noting.noted) == (1, POSITIONS)


POSITIONS = {
    "assets": ["nameKey", "status", "ticker"],
    "briefing impact": ["id", "impact", "published"],
    "briefing newest": ["month", "ticker", "timestamp"],
    "financials": ["reportType#date", "ticker"],
    "news": ["month", "ticker", "timestamp"],
    "notifications": ["after"],
    "prices": ["after"],
}
DAYS = timedelta(days=30)


def read(token: str) -> Cursor | None:
    """Return where a token leads, `None` where it is refused."""
    try:
        return CursorSigner("key").read(QUERY, token)
    except InputError:
        return None


@given(at=st.integers(0, 200), put=st.characters(codec="utf-8"))
def test_a_token_with_a_character_changed_never_leads_elsewhere(at: int, put: str) -> None:
    token = CursorSigner("key").sign(QUERY, POSITION) or ""
    place = at % len(token)

    forged = token[:place] + put + token[place + 1 :]

    assert read(forged) in (None, POSITION)


def test_a_token_with_another_position_is_refused() -> None:
    token, other = (
        CursorSigner("key").sign(QUERY, POSITION | {"ticker": ticker}) or "" for ticker in "AB"
    )

    assert read(other.rpartition(".")[0] + "." + token.rpartition(".")[2]) is None


@given(token=st.text())
def test_whatever_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InputError):
        CursorSigner("key").read(QUERY, token)


def test_a_cursor_of_one_list_does_not_continue_another(full: App) -> None:
    cursor = full.list_news(limit=1).next_cursor
    assert cursor is not None

    for ask in (
        lambda: full.list_news(limit=1, topic="finance", cursor=cursor),
        lambda: full.list_news(limit=1, ticker="AAPL", cursor=cursor),
        lambda: full.list_assets(limit=1, cursor=cursor),
    ):
        with pytest.raises(InputError):
            ask()


def test_a_page_may_change_its_size_on_the_way(full: App) -> None:
    first = full.list_assets(limit=1)

    rest = full.list_assets(limit=100, cursor=first.next_cursor)

    assert [each.ticker for each in rest.items] == ["BRK.B", "MSFT", "ZZZ"]
