"""The bundled sample, moved to the present."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import Asset
from signal9_core.domain.news import NewsArticle
from signal9_core.domain.reports import EarningsCalendarEntry
from signal9_core.provider_port import History
from signal9_core.providers.sample.provider import SampleProvider

__all__ = ["RecentSample", "SmallSample", "action"]

_END = date(2013, 3, 1)
_WEEK = timedelta(days=7)


class RecentSample(SampleProvider):
    """The sample, moved by whole weeks so that its prices and news end in the last two.

    Splits and dividends are those that are given, and no others.
    """

    def __init__(self, today: date, actions: Sequence[CorporateAction] = ()) -> None:
        super().__init__()
        self._by = ((today - _END) // _WEEK - 1) * _WEEK
        self._actions = actions

    def history(self, ticker: str, since: date | None = None) -> History | None:
        history = super().history(ticker)
        if history is None or history.bars is None:
            return None
        days = array("i", (day + self._by.days for day in history.bars.days))
        bars = replace(history.bars, days=days).between(since)
        actions = [action for action in self._actions if action.ticker == ticker]
        return History(bars, actions, ((bars.day(0), bars.day(-1)),) if len(bars) else ())

    def news(self, ticker: str, since: datetime | None = None) -> Iterable[NewsArticle]:
        moved = (
            article.model_copy(update={"published_at": article.published_at + self._by})
            for article in super().news(ticker)
        )
        return [article for article in moved if since is None or article.published_at >= since]


class SmallSample(RecentSample):
    """The same with a short listing, dates to come, a split and a dividend of IBM."""

    def __init__(self, today: date) -> None:
        history = RecentSample(today).history("IBM")
        assert history is not None
        assert history.bars is not None
        actions = [
            action("IBM", "split", history.bars.day(-50), ratio=Decimal(4)),
            action("IBM", "dividend", history.bars.day(-20), amount=Decimal("0.85")),
        ]
        super().__init__(today, actions)
        self._today = today

    def assets(self) -> list[Asset]:
        listed, covered = list(super().assets()), self.covered()
        return [*(asset for asset in listed if asset.ticker in covered), *listed[1000:1030]]

    def calendar(self) -> list[EarningsCalendarEntry]:
        return [
            EarningsCalendarEntry(
                ticker=ticker,
                report_date=self._today + timedelta(days=at),
                fiscal_date_ending=self._today,
                estimate=Decimal("1.5"),
                currency="USD",
            )
            for at, ticker in enumerate(self.covered())
        ]


def action(ticker: str, kind: str, day: date, **figure: Decimal) -> CorporateAction:
    """A split of a `ratio`, or a dividend of an `amount`."""
    return CorporateAction.model_validate({"ticker": ticker, "kind": kind, "exDate": day, **figure})
