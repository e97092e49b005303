"""Data of the past as if they were of the present, for clients that ask for the latest."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from signal9_core.domain import (
    Asset,
    CorporateAction,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    adjust,
)
from signal9_core.ports import History
from signal9_core.providers.sample.provider import SampleProvider

__all__ = ["RecentSample", "SmallSample", "action"]

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


class SmallSample(RecentSample):
    """The same with a short listing, dates to come, a split and a dividend of IBM."""

    def __init__(self, today: date) -> None:
        bars = RecentSample(today).prices("IBM")
        assert bars is not None
        actions = [
            action("IBM", "split", bars.day(-50), ratio=Decimal(4)),
            action("IBM", "dividend", bars.day(-20), amount=Decimal("0.85")),
        ]
        super().__init__(today, actions)
        self._today = today

    def assets(self) -> list[Asset]:
        listed, covered = list(super().assets()), self.covered()
        return [*(each for each in listed if each.ticker in covered), *listed[1000:1030]]

    def calendar(self) -> list[EarningsCalendarEntry]:
        return [
            EarningsCalendarEntry(
                ticker=each,
                report_date=self._today + timedelta(days=at),
                fiscal_date_ending=self._today,
                estimate=Decimal("1.5"),
                currency="USD",
            )
            for at, each in enumerate(self.covered())
        ]


def action(ticker: str, kind: str, day: date, **figure: Decimal) -> CorporateAction:
    """A split of a `ratio`, or a dividend of an `amount`."""
    return CorporateAction.model_validate({"ticker": ticker, "kind": kind, "exDate": day, **figure})
