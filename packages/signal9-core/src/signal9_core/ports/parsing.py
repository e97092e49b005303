"""What a raw body holds, once it is understood; without the network that it came through."""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from ..domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    Report,
    Ticker,
)

__all__ = ["Parser", "Record"]

Record: TypeAlias = (
    Asset
    | CompanyOverview
    | CorporateAction
    | EarningsCalendarEntry
    | NewsArticle
    | PriceSeries
    | Report
)
"""A fact that a body may hold; a `PriceSeries` is a run of them."""


class Parser(Protocol):
    """Reads the bodies of one function of one provider.

    A provider's module `parsers` has them all in a mapping `PARSERS`, by what the provider calls
    the function (`OVERVIEW`, `stocks_bars`), JSON and CSV behind the same name.
    """

    def __call__(self, body: bytes, ticker: Ticker | None) -> Iterable[Record]:
        """Return every fact in `body`; `ticker` is whom it is about where it does not say so.

        `ProviderError` where it is an error text, or not what the provider documents. Nothing for
        an empty answer.
        """
