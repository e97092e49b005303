"""Random values that facts are made of."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import AwareDatetime

from signal9_core.domain.model import Model

T = TypeVar("T")
M = TypeVar("M", bound=Model)
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2090, 12, 31)
CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY")


def tickers() -> SearchStrategy[str]:
    """Any ticker in canonical form, often with a share class."""
    return st.from_regex(r"[A-Z][A-Z0-9]{0,4}(\.[A-Z]{1,2})?", fullmatch=True)


def texts(max_size: int = 40) -> SearchStrategy[str]:
    """Any text that says something: not blank, and not one of the spellings of nothing."""
    characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
    return st.text(characters, min_size=1, max_size=max_size).filter(
        lambda text: text.strip().lower() not in {"", "-", "none", "null"}
    )


def days(first: date = FIRST_DAY, last: date = LAST_DAY) -> SearchStrategy[date]:
    """Any calendar day of the years that markets are followed in."""
    return st.dates(first, last)


def instants() -> SearchStrategy[datetime]:
    """Any aware moment, to the microsecond."""
    first, last = (datetime.combine(day, time.min) for day in (FIRST_DAY, LAST_DAY))
    return st.datetimes(first, last, timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))


def figures(places: int = 4) -> SearchStrategy[Decimal]:
    """Any reported figure, from large losses to large gains."""
    return st.decimals(-(10**15), 10**15, places=places, allow_nan=False, allow_infinity=False)


def scores() -> SearchStrategy[Decimal]:
    """Any tone from -1 to 1."""
    return st.decimals(-1, 1, places=6)


def any_of(model: type[M], **fields: SearchStrategy[object]) -> SearchStrategy[M]:
    """Any instance of a model with these fields."""
    return st.fixed_dictionaries(fields).map(model.model_validate)


def instances(model: type[M], **fields: SearchStrategy[object]) -> SearchStrategy[M]:
    """Any instance of a model with these fields, and others that follow from their types."""
    types = {name: field.annotation for name, field in model.model_fields.items()}
    rest = {name: _BY_TYPE[kind] for name, kind in types.items() if kind in _BY_TYPE}
    if "currency" in types:
        rest["currency"] = maybe(st.sampled_from(CURRENCIES))
    return any_of(model, **{**rest, **fields})


def one(ticker: str | None) -> SearchStrategy[str]:
    """The ticker, or any where none is given."""
    return tickers() if ticker is None else st.just(ticker)


def maybe(value: SearchStrategy[T]) -> SearchStrategy[T | None]:
    """A value, or none."""
    return st.one_of(st.none(), value)


_BY_TYPE: Final[dict[object, SearchStrategy[object]]] = {
    bool: st.booleans(),
    date: days(),
    AwareDatetime: instants(),
    str: texts(),
    date | None: maybe(days()),
    Decimal | None: maybe(figures()),
    str | None: maybe(texts()),
}
