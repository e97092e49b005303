"""AlphaVantage's responses: how it spells tickers, and the errors that it sends instead of data.

Errors come with HTTP 200 as JSON, even where CSV was requested.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

from ...domain.model import Ticker
from ...errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    RateLimitError,
    RequestRefusedError,
)
from ..parsing import csv_rows, decode, is_ticker, require

_PREFERRED: Final = re.compile(r"([A-Z0-9]+)[-/]P-?([A-Z])")
_CLASS: Final = re.compile(r"([A-Z0-9]+)[-/]([A-Z]{1,2})")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")
_CANONICAL_CLASS: Final = re.compile(r"([A-Z0-9]+)\.([A-Z]{1,2})")

_ERROR_FIELDS: Final = frozenset({"Error Message", "Information", "Note"})
_NO_DATA: Final = "no articles found"
_ECHO: Final = re.compile(r"(API key as )\S+", re.IGNORECASE)
_QUOTED: Final = 300
# The first match counts: the text of the burst limit also names the daily limit.
_ERRORS: Final[tuple[tuple[str, type[ProviderError], str], ...]] = (
    (
        r"sparingly|per second\)|(calls|requests) per minute|optimizing your api call",
        RateLimitError,
        "too many calls within a short time",
    ),
    (r"premium endpoint", PlanError, "only for premium keys"),
    (r"premium feature", PlanError, "a parameter is only for premium keys"),
    (r"(calls|requests) per day", DailyQuotaError, "no calls are left today"),
    (
        r"apikey is invalid|api ?key.{0,40}(invalid|missing)|demo.{0,20} api key",
        CredentialsError,
        "invalid API key",
    ),
    (r"invalid api call", RequestRefusedError, "unknown symbol"),
    (r"invalid inputs?", RequestRefusedError, "invalid request"),
)


def canonical(symbol: str) -> Ticker:
    """Return a symbol in the stored form: `BRK.B` for `BRK-B`, `ABR.PD` for `ABR-P-D`.

    Exchanges (`TSCO.LON`) are spelled alike on both sides. The result may not be a ticker at all.
    """
    text = symbol.strip().upper()
    if match := _PREFERRED.fullmatch(text):
        return f"{match[1]}.P{match[2]}"
    match = _CLASS.fullmatch(text)
    return f"{match[1]}.{match[2]}" if match else text


@lru_cache(maxsize=1 << 15)
def ticker_of(symbol: str) -> Ticker | None:
    """Return a symbol as a ticker in the stored form; `None` for a placeholder."""
    ticker = canonical(symbol)
    return ticker if is_ticker(ticker) else None


def spelled(ticker: Ticker) -> str:
    """Return a ticker as AlphaVantage spells it."""
    if match := _CANONICAL_PREFERRED.fullmatch(ticker):
        return f"{match[1]}-P-{match[2]}"
    match = _CANONICAL_CLASS.fullmatch(ticker)
    return f"{match[1]}-{match[2]}" if match else ticker


def is_json(body: bytes) -> bool:
    """Return whether a body is JSON, as errors are even where CSV was requested."""
    return body.lstrip()[:1] == b"{"


def document(body: bytes, required: Collection[str] = ()) -> dict[str, Any]:
    """Return a JSON body, or `{}` if there is no data; the required fields are in any other."""
    content = decode(body)
    if not isinstance(content, dict):
        raise PayloadError(f"{type(content).__name__} instead of an object")
    if not content:
        return {}
    if content.keys() <= _ERROR_FIELDS:
        text = " ".join(map(str, content.values()))
        if _NO_DATA in text.lower():
            return {}
        raise _error(text)
    require(content, required)
    return content


def table(body: bytes, required: Collection[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV body."""
    if not is_json(body):
        return csv_rows(body, required)
    content = document(body)
    if content:
        raise PayloadError(f"an object instead of a table: {', '.join(content)}")
    return []


def _error(text: str) -> ProviderError:
    """Return the error that a text means; it contains no key."""
    for pattern, kind, meaning in _ERRORS:
        if re.search(pattern, text.replace("*", ""), re.IGNORECASE):
            return kind(meaning)
    quoted = _ECHO.sub(r"\1[key]", text)[:_QUOTED]
    return PayloadError(f"a text instead of data: {quoted!r}")
