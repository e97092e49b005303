"""AlphaVantage's tables of all companies: the listing and the earnings calendar."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from ...domain.companies import Asset
from ...domain.model import Ticker
from ...domain.reports import EarningsCalendarEntry
from ..parsing import clean_fields
from .responses import table, ticker_of

_LISTING: Final = ("symbol", "name", "exchange", "assetType", "status")
_CALENDAR: Final = ("symbol", "reportDate", "fiscalDateEnding")
_STATUS: Final = {"active": "active", "delisted": "inactive"}


def parse_listing(body: bytes, ticker: Ticker | None = None) -> list[Asset]:  # noqa: ARG001
    """Return the listed companies."""
    return [Asset.model_validate(row | _status(row["status"])) for row in _rows(body, _LISTING)]


def _status(text: object) -> dict[str, str]:
    status = str(text).strip().lower()
    return {"status": _STATUS.get(status, status)}


def parse_calendar(body: bytes, ticker: Ticker | None = None) -> list[EarningsCalendarEntry]:  # noqa: ARG001
    """Return the announced dates of earnings reports."""
    return [EarningsCalendarEntry.model_validate(row) for row in _rows(body, _CALENDAR)]


def _rows(body: bytes, required: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows with a ticker, without placeholders such as `NXT(EXP20091224)`."""
    for row in table(body, required):
        ticker = ticker_of(row["symbol"])
        if ticker is not None:
            yield clean_fields(row, ("symbol",)) | {"ticker": ticker}
