"""Items of every table, as small as the tests need them, and random values."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.ports import Value
from signal9_core.tables import TTL_ATTRIBUTE, state_key

__all__ = ["article", "asset", "attributes", "kinds_of", "lease", "numbers", "report"]


def asset(ticker: str, **attributes: Value) -> dict[str, Value]:
    return {"ticker": ticker, **attributes}


def article(ticker: str, timestamp: str, **attributes: Value) -> dict[str, Value]:
    return {"ticker": ticker, "timestamp": timestamp, **attributes}


def report(ticker: str, kind: str, date: str, **attributes: Value) -> dict[str, Value]:
    key = {"ticker": ticker, "reportType#date": f"{kind}#{date}"}
    return {**key, "reportType": kind, "date": date, **attributes}


def lease(name: str, expires_at: int | None = None, **attributes: Value) -> dict[str, Value]:
    expiry = {} if expires_at is None else {TTL_ATTRIBUTE: expires_at}
    return {**state_key(name), **expiry, **attributes}


def texts(min_size: int = 0) -> SearchStrategy[str]:
    """Any text that has a UTF-8 form, often one that looks like a tag."""
    free = st.text(st.characters(codec="utf-8"), min_size=min_size, max_size=12)
    return st.one_of(free, st.sampled_from(["$bytes:", "$$", "$", '"$', "\0", "\ue000", "𝄞"]))


def numbers() -> SearchStrategy[int | Decimal]:
    """Any number of up to 38 digits between 1E-130 and 1E+126, or zero."""
    whole = st.integers(-(10**38) + 1, 10**38 - 1)
    placed = st.builds(_decimal, whole, st.integers(-130, 125))
    return st.one_of(whole, placed, st.just(Decimal("0.00")), st.just(Decimal("-0")))


def _decimal(digits: int, adjusted: int) -> Decimal:
    sign, places, _ = Decimal(digits).as_tuple()
    return Decimal((sign, places, adjusted - len(places) + 1)) if digits else Decimal(0)


def attributes() -> SearchStrategy[dict[str, Value]]:
    """Any attributes that no table uses for itself, nested a little."""
    scalars = st.one_of(st.none(), st.booleans(), texts(), numbers(), st.binary(max_size=12))
    values: SearchStrategy[Value] = st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(texts(1), inner, max_size=3)
        ),
        max_leaves=8,
    )
    return st.dictionaries(texts(1).map(lambda name: f"x{name}"), values, max_size=4)


def kinds_of(value: Value) -> object:
    """Return what is equal for equal values of one kind only: `1` and `True` differ here."""
    if isinstance(value, bool | str | bytes) or value is None:
        return type(value).__name__, value
    if isinstance(value, int | Decimal):
        return "number", Decimal(value)
    if isinstance(value, Mapping):
        return {name: kinds_of(inner) for name, inner in value.items()}
    assert isinstance(value, Sequence)
    return [kinds_of(inner) for inner in value]
