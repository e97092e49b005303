"""Alpaca's bodies as pages: what they hold, and the token of the next one."""

from typing import Final, NamedTuple

from ...domain import Ticker
from ...errors import PayloadError
from .. import payload

__all__ = ["Page", "objects", "page", "place"]

_TOKEN: Final = "next_page_token"  # noqa: S105 - a page's, and no secret


class Page(NamedTuple):
    """What a page holds under one name; `token` asks for the next page, `None` ends."""

    found: object
    token: str | None


def place(function: str, ticker: Ticker | None) -> str:
    """Return what messages call a question."""
    return f"alpaca {function}" + (f" {ticker}" if ticker else "")


def page(body: bytes, name: str, where: str) -> Page:
    """Return a page; `PayloadError` where it does not say what it holds, or what follows."""
    found = payload.decode(body, where)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: {type(found).__name__} came in place of an object")
    payload.need(found, (name, _TOKEN), where)
    token = found[_TOKEN]
    if not isinstance(token, str | None):
        raise PayloadError(f"{where}: {_TOKEN} is {token!r:.80}")
    return Page(found[name], token or None)


def objects(found: object, where: str) -> list[dict[str, object]]:
    """Return a list of objects; nothing at all is an empty one."""
    items = [] if found is None else found
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise PayloadError(f"{where}: {found!r:.80} came in place of a list of objects")
    return items
