"""Every way in which a provider does not answer, on demand."""

import json
from dataclasses import replace
from typing import Final

from .replies import Reply, as_json

__all__ = ["ALPACA_FAULTS", "ALPHAVANTAGE_FAULTS", "alphavantage_text", "fault"]

_PLANS: Final = "https://www.alphavantage.co/premium/"
_THANKS: Final = "Thank you for using Alpha Vantage!"
_SUBSCRIBE: Final = f"You may subscribe to any of the premium plans at {_PLANS} to"
_BURST: Final = (
    f"{_THANKS} Please consider spreading out your free API requests more sparingly (1 request "
    f"per second). {_SUBSCRIBE} lift the free key rate limit (25 requests per day) and "
    "instantly remove all daily rate limits."
)
_DAILY: Final = (
    "We have detected your API key as {key} and our standard API rate limit is 25 requests "
    f"per day. Please subscribe to any of the premium plans at {_PLANS} to instantly remove "
    "all daily rate limits."
)
_ENDPOINT: Final = (
    f"{_THANKS} This is a premium endpoint. {_SUBSCRIBE} instantly unlock all premium endpoints"
)
_PARAMETER: Final = (
    f"{_THANKS} The outputsize=full parameter value is a premium feature for the "
    f"TIME_SERIES_DAILY endpoint. {_SUBSCRIBE} instantly unlock all premium features"
)
_KEY: Final = (
    "the parameter apikey is invalid or missing. Please claim your free API key on "
    "(https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
)
_SYMBOL: Final = (
    "Invalid API call. Please retry or visit the documentation "
    "(https://www.alphavantage.co/documentation/) for {function}."
)
_NOTHING: Final = (
    "No articles found. Please adjust the time range or refer to the API documentation "
    "https://www.alphavantage.co/documentation#newsapi and try again."
)
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "burst": ("Information", _BURST),
    "daily": ("Information", _DAILY),
    "premium_endpoint": ("Information", _ENDPOINT),
    "premium_parameter": ("Information", _PARAMETER),
    "bad_key": ("Error Message", _KEY),
    "bad_symbol": ("Error Message", _SYMBOL),
    "no_articles": ("Information", _NOTHING),
    "unknown_text": ("Information", "The moon is in the seventh house; your key is {key}."),
}
_REFUSALS: Final = {
    "401": (401, 40110000, "access key verification failed : verification failure"),
    "403": (403, 42210000, "subscription does not permit querying recent SIP data"),
    "404": (404, 40410000, "asset not found for BLAH"),
    "422": (422, 40010001, "at least one symbol is required"),
    "429": (429, 42910000, "too many requests."),
}
_ANY: Final = ("500", "503", "html", "truncated", "cut", "content_type")

ALPHAVANTAGE_FAULTS: Final = (*_TEXTS, *_ANY)
ALPACA_FAULTS: Final = (*_REFUSALS, *_ANY)


def alphavantage_text(name: str, key: str = "", function: str = "") -> Reply:
    """Return a text in place of data."""
    speaker, text = _TEXTS[name]
    return as_json({speaker: text.format(key=key, function=function)})


def fault(name: str, reply: Reply, key: str = "", function: str = "") -> Reply:
    """Return what comes in place of a reply."""
    if name in _TEXTS:
        return alphavantage_text(name, key, function)
    if name in _REFUSALS:
        status, code, message = _REFUSALS[name]
        return as_json({"code": code, "message": message}, status)
    if name in {"500", "503"}:
        return Reply(b'{"message": "internal server error"}', int(name))
    page = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"
    return {
        "html": Reply(page, content_type="text/html; charset=utf-8"),
        "truncated": replace(reply, body=_half(reply.body)),
        "cut": replace(reply, cut=True),
        "content_type": replace(reply, content_type="image/png"),
    }[name]


def _half(body: bytes) -> bytes:
    """Return the first half of a body, which must not be whole by chance."""
    half = body[: len(body) // 2]
    try:
        json.loads(half)
    except ValueError:
        return half
    return half + b"{"
