"""`/v1/corporate-actions`: splits and dividends; mergers, spin-offs and new names are not read."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from ...domain import CorporateAction, Ticker, one_a_day
from ...errors import PayloadError
from ..payload import models_of, need, plain
from ..tickers import is_ticker
from .bodies import objects, page, place
from .spelling import canonical

__all__ = ["ActionsPage", "read_actions", "read_actions_page"]

Raw = Mapping[str, object]


class ActionsPage(NamedTuple):
    """Actions; `token` asks for the next page, `None` ends."""

    actions: list[CorporateAction]
    token: str | None


class _Kind(NamedTuple):
    kind: str
    field: str
    needs: tuple[str, ...]
    figure: Callable[[Raw], Decimal]


def _number(raw: Raw, name: str) -> Decimal:
    return Decimal(str(raw[name]))


def _split(raw: Raw) -> Decimal:
    return _number(raw, "new_rate") / _number(raw, "old_rate")


def _stock_dividend(raw: Raw) -> Decimal:
    return 1 + _number(raw, "rate")


def _cash(raw: Raw) -> Decimal:
    return _number(raw, "rate")


_RATES: Final = ("new_rate", "old_rate")
_KINDS: Final[Mapping[str, _Kind]] = {
    "cash_dividends": _Kind("dividend", "amount", ("rate",), _cash),
    "forward_splits": _Kind("split", "ratio", _RATES, _split),
    "reverse_splits": _Kind("split", "ratio", _RATES, _split),
    "stock_dividends": _Kind("split", "ratio", ("rate",), _stock_dividend),
}


def read_actions_page(body: bytes, where: str) -> ActionsPage:
    """Return the splits and dividends of a page; paying in new shares is a split."""
    found, token = page(body, "corporate_actions", where)
    if not isinstance(found, dict | None):
        raise PayloadError(f"{where}: {found!r:.80} came in place of an object")
    with models_of(where):
        actions = [
            _action(raw, name, kind, where)
            for name, kind in _KINDS.items()
            for raw in objects((found or {}).get(name), where)
            if is_ticker(canonical(str(raw.get("symbol"))))
        ]
    return ActionsPage(actions, token)


def read_actions(body: bytes, ticker: Ticker | None = None) -> list[CorporateAction]:
    """Return the splits and dividends in a body, oldest first."""
    return one_a_day(read_actions_page(body, place("corporate_actions", ticker)).actions)


def _action(raw: Raw, name: str, kind: _Kind, where: str) -> CorporateAction:
    need(raw, ("symbol", "ex_date", *kind.needs), f"{where}, {name}")
    kept = {each: plain(value) for each, value in raw.items() if each != "symbol"}
    return CorporateAction.model_validate(
        {
            **kept,
            "ticker": canonical(str(raw["symbol"])),
            "kind": kind.kind,
            "exDate": raw["ex_date"],
            kind.field: kind.figure(raw),
            "type": name,
        }
    )
