"""OVERVIEW: a company's description and ratios."""

import re
from typing import Final

from ...domain import CompanyOverview, Ticker
from ..payload import figure, models_of, plain
from . import bodies
from .spelling import canonical

__all__ = ["read_overview"]

_FIRST_WORD: Final = re.compile(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])")
_TEXTS: Final = frozenset(
    {"name", "description", "exchange", "sector", "industry", "country", "currency", "cik"}
)


def read_overview(body: bytes, ticker: Ticker | None) -> CompanyOverview | None:
    """Return the description in a body; `None` where it is empty.

    Fields beyond those of `CompanyOverview` come along under their names in camelCase
    (`PERatio` as `peRatio`), as numbers where they spell one.
    """
    where = bodies.place("OVERVIEW", ticker)
    found = bodies.document(body, where, ("Symbol",))
    if not found:
        return None
    fields = {_field(name): plain(value) for name, value in found.items() if name != "Symbol"}
    figures = {name: value if name in _TEXTS else figure(value) for name, value in fields.items()}
    with models_of(where):
        return CompanyOverview.model_validate(
            {**figures, "ticker": canonical(str(found["Symbol"]))}
        )


def _field(name: str) -> str:
    return _FIRST_WORD.sub(lambda word: word[0].lower(), name)
