"""Data of the past as if they were of the present, for clients that ask for the latest."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from signal9_core.domain import CorporateAction, NewsArticle, PriceSeries, adjust
from signal9_core.ports import History
from signal9_core.providers.sample import SampleProvider

__all__ = ["RecentSample"]

_END = date(2013, 3, 1)
_WEEK = timedelta(days=7)


class RecentSample(SampleProvider):
    """The sample, its prices and news moved by whole weeks so that they end in the last two.

    With `actions`, adjusted closes follow from these, and from nothing else.
    """

    def __init__(self, today: date, actions: Sequence[CorporateAction] = ()) -> None:
        super().__init__()
        self._by = ((today - _END) // _WEEK - 1) * _WEEK
        self._actions = actions

    def prices(self, ticker: str, first: date | None = None) -> PriceSeries | None:
        found = super().prices(ticker)
        if found is None:
            return None
        days = array("i", (day + self._by.days for day in found.days))
        return replace(found, days=days).between(first)

    def history(self, ticker: str, first: date | None = None) -> History | None:
        bars = self.prices(ticker, first)
        actions = [each for each in self._actions if each.ticker == ticker]
        if bars is None or not actions:
            return None if bars is None else History(bars)
        adjusted = adjust(bars, actions)
        bars = replace(bars, adjusted_close=adjusted.close, adjusted_scale=adjusted.scale)
        return History(bars, actions)

    def news(self, ticker: str, since: datetime | None = None) -> Iterable[NewsArticle]:
        moved = (
            each.model_copy(update={"published_at": each.published_at + self._by})
            for each in super().news(ticker)
        )
        return [each for each in moved if since is None or each.published_at >= since]
