"""INCOME_STATEMENT, BALANCE_SHEET and CASH_FLOW: what was reported, in its own field names."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from ...domain import (
    BalanceSheet,
    CashFlow,
    IncomeStatement,
    Period,
    Statement,
    Ticker,
)
from ...errors import PayloadError
from ..payload import models_of, need
from . import bodies
from .spelling import canonical

__all__ = ["STATEMENTS", "read_statements", "reports_of"]

S = TypeVar("S", bound=Statement)

STATEMENTS: Final[Mapping[str, type[Statement]]] = {
    "BALANCE_SHEET": BalanceSheet,
    "CASH_FLOW": CashFlow,
    "INCOME_STATEMENT": IncomeStatement,
}
"""What AlphaVantage calls each statement."""


def read_statements(body: bytes, ticker: Ticker | None, kind: type[S], function: str) -> list[S]:
    """Return every statement in a body, years before quarters, newest first.

    The statements of one company may cover different quarters: each stands for itself.
    """
    where = bodies.place(function, ticker)
    found = bodies.document(body, where, ("symbol", "annualReports", "quarterlyReports"))
    with models_of(where):
        return [
            kind.model_validate(
                {
                    **{name: raw[name] for name in raw if name != "reportedCurrency"},
                    "ticker": canonical(str(found["symbol"])),
                    "period": period,
                    "currency": raw.get("reportedCurrency"),
                }
            )
            for period in Period
            for raw in reports_of(found, f"{period}Reports", where)
        ]


def reports_of(
    document: Mapping[str, object], name: str, where: str
) -> Iterator[Mapping[str, object]]:
    """Yield the reports of a list, each with the day that its period ended on."""
    reports = document.get(name) or ()
    if not isinstance(reports, list | tuple):
        raise PayloadError(f"{where}: {name} is no list")
    for at, each in enumerate(reports):
        if not isinstance(each, dict):
            raise PayloadError(f"{where}: {name}[{at}] is no object")
        need(each, ("fiscalDateEnding",), f"{where}, {name}[{at}]")
        yield each
