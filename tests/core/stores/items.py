"""Items of every table, as small as the tests need them."""

from signal9_core.ports import Value
from signal9_core.tables import TTL_ATTRIBUTE

__all__ = ["article", "asset", "lease", "report"]


def asset(ticker: str, **attributes: Value) -> dict[str, Value]:
    return {"ticker": ticker, **attributes}


def article(ticker: str, timestamp: str, **attributes: Value) -> dict[str, Value]:
    return {"ticker": ticker, "timestamp": timestamp, **attributes}


def report(ticker: str, kind: str, date: str, **attributes: Value) -> dict[str, Value]:
    place = {"ticker": ticker, "reportType#date": f"{kind}#{date}"}
    return {**place, "reportType": kind, "date": date, **attributes}


def lease(name: str, expires_at: int | None = None, **attributes: Value) -> dict[str, Value]:
    expiry = {} if expires_at is None else {TTL_ATTRIBUTE: expires_at}
    return {"name": name, **expiry, **attributes}
