"""What goes back over the wire: data, error texts, and every way in which a provider fails."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final


@dataclass(frozen=True)
class Reply:
    """A response; `cut` breaks the connection off in the middle of the body."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


def as_json(value: Any, status: int = 200) -> Reply:
    """Return a response of JSON."""
    return Reply(json.dumps(value).encode(), status)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Reply:
    """Return a response of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([columns, *rows])
    return Reply(text.getvalue().encode(), content_type="application/x-download")


_SITE: Final = "https://www.alphavantage.co"
_THANKS: Final = "Thank you for using Alpha Vantage!"
_SUBSCRIBE: Final = f"You may subscribe to any of the premium plans at {_SITE}/premium/ to"
_BURST: Final = (
    f"{_THANKS} Please consider spreading out your free API requests more sparingly (1 request "
    f"per second). {_SUBSCRIBE} lift the free key rate limit (25 requests per day) and "
    "instantly remove all daily rate limits."
)
_DAILY: Final = (
    "We have detected your API key as {key} and our standard API rate limit is 25 requests "
    f"per day. Please subscribe to any of the premium plans at {_SITE}/premium/ to instantly "
    "remove all daily rate limits."
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
    f"({_SITE}/support/#api-key). It should take less than 20 seconds."
)
_SYMBOL: Final = (
    "Invalid API call. Please retry or visit the documentation "
    f"({_SITE}/documentation/) for {{function}}."
)
_NOTHING: Final = (
    "No articles found. Please adjust the time range or refer to the API documentation "
    f"{_SITE}/documentation#newsapi and try again."
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
    "401": (40110000, "access key verification failed : verification failure"),
    "403": (42210000, "subscription does not permit querying recent SIP data"),
    "404": (40410000, "asset not found for BLAH"),
    "422": (40010001, "at least one symbol is required"),
    "429": (42910000, "too many requests."),
}
_ANY: Final = ("500", "503", "html", "truncated", "cut", "content_type")

ALPHAVANTAGE_FAULTS: Final = tuple(name for name in (*_TEXTS, *_ANY) if name != "no_articles")
ALPACA_FAULTS: Final = (*_REFUSALS, *_ANY)


def error(name: str, key: str = "", function: str = "") -> Reply:
    """Return AlphaVantage's text instead of data, or Alpaca's refusal by status."""
    if name in _REFUSALS:
        code, message = _REFUSALS[name]
        return as_json({"code": code, "message": message}, int(name))
    speaker, text = _TEXTS[name]
    return as_json({speaker: text.format(key=key, function=function)})


def fault(name: str, reply: Reply, key: str = "", function: str = "") -> Reply:
    """Return what comes instead of a reply."""
    if name in _TEXTS or name in _REFUSALS:
        return error(name, key, function)
    if name in {"500", "503"}:
        return Reply(b'{"message": "internal server error"}', int(name))
    page = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"
    # A brace makes sure that half a body is never valid by chance.
    half = reply.body[: len(reply.body) // 2] + b"{"
    return {
        "html": Reply(page, content_type="text/html; charset=utf-8"),
        "truncated": replace(reply, body=half),
        "cut": replace(reply, cut=True),
        "content_type": replace(reply, content_type="image/png"),
    }[name]
