"""What AlphaVantage says in place of data: always with HTTP 200, as JSON, whatever was asked."""

import re
from collections.abc import Mapping
from typing import Final

from ...errors import (
    BurstError,
    CredentialsError,
    DailyQuotaError,
    PremiumEndpointError,
    PremiumParameterError,
    ProviderError,
    RequestRefusedError,
    UnknownSymbolError,
    UnknownTextError,
)

__all__ = ["is_empty_result", "refusal", "text_of"]

_SPEAKERS: Final = ("Error Message", "Information", "Note")
_EMPTY: Final = "no articles found"
_ECHO: Final = re.compile(r"(API key as )\S+", re.IGNORECASE)
_QUOTED: Final = 300

# The first that fits counts: the text of a burst also names the limit of a day.
_MEANINGS: Final[tuple[tuple[str, type[ProviderError], str], ...]] = (
    (
        r"sparingly|per second\)|(calls|requests) per minute|optimizing your api call",
        BurstError,
        "was asked too often within a short time",
    ),
    (r"premium endpoint", PremiumEndpointError, "answers this only to premium keys"),
    (r"premium feature", PremiumParameterError, "answers this parameter only to premium keys"),
    (r"(calls|requests) per day", DailyQuotaError, "has no more answers for this key today"),
    (
        r"apikey is invalid|api ?key.{0,40}(invalid|missing)|demo.{0,20} api key",
        CredentialsError,
        "does not accept the key",
    ),
    (r"invalid api call", UnknownSymbolError, "knows no such symbol"),
    (r"invalid inputs?", RequestRefusedError, "refused the question"),
)


def text_of(document: Mapping[str, object]) -> str | None:
    """Return the text that came in place of data; `None` where data came."""
    if not document or not set(document) <= set(_SPEAKERS):
        return None
    return " ".join(str(text) for text in document.values())


def is_empty_result(text: str) -> bool:
    """Tell whether a text only says that there is nothing."""
    return _EMPTY in text.lower()


def refusal(text: str, where: str) -> ProviderError:
    """Return the error that a text means; it repeats no key."""
    for pattern, kind, meaning in _MEANINGS:
        if re.search(pattern, text.replace("*", ""), re.IGNORECASE):
            return kind(f"{where}: the provider {meaning}")
    quoted = _ECHO.sub(r"\1[key]", text)[:_QUOTED]
    return UnknownTextError(f"{where}: a text came in place of data: {quoted!r}")
