"""The price history of one company: bars, and the splits and dividends that explain them."""

from dataclasses import dataclass
from datetime import date

from ..domain import CorporateAction, DataSet, Freshness, PriceSeries, Ticker
from ..events import PricesUpdated
from ..ports import Clock, History, Provider
from ..repositories import ActionRepository, PriceChange, PriceRepository
from .announcing import Announcer
from .step import Step, subject_of

__all__ = ["IngestHistory"]


@dataclass(frozen=True)
class IngestHistory:
    """Bring bars, splits and dividends up to the provider's.

    Actions are written first, so that no bar is ever without the split that explains it.
    """

    provider: Provider
    prices: PriceRepository
    actions: ActionRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, ticker: Ticker, known: Freshness | None) -> Step:
        """Ingest it; `known` is how fresh the bars were before."""
        found = self.provider.history(ticker)
        if found is None:
            return Step()
        actions = self._sync_actions(ticker, found)
        if found.bars is None or not len(found.bars):
            return Step(actions=actions)

        def foretell(change: PriceChange) -> None:
            self._foretell(ticker, change.first, change.last, change.count)

        change = self.prices.merge(found.bars, foretell)
        stored = self.prices.between(ticker)
        return Step(
            len(stored),
            0 if change is None else change.count,
            stored.day(-1),
            found.complete or _meets(known, found.bars),
            actions,
        )

    def _sync_actions(self, ticker: Ticker, found: History) -> tuple[int, int] | None:
        """Return how many splits and dividends are stored, and how many of them are new."""

        def foretell(changed: list[CorporateAction]) -> None:
            days = [each.ex_date for each in changed]
            self._foretell(ticker, min(days), max(days), len(days))

        if not found.actions and found.told is None:
            return None
        changed = self.actions.sync(found.actions, foretell)
        if found.told is not None:
            self.actions.note_told(ticker, *found.told)
        return len(self.actions.since(ticker)), changed

    def _foretell(self, ticker: Ticker, first: date, last: date, count: int) -> None:
        event = PricesUpdated(at=self.clock(), ticker=ticker, first=first, last=last, count=count)
        self.announcer.foretell(subject_of(ticker, DataSet.PRICES), event)


def _meets(known: Freshness | None, series: PriceSeries) -> bool:
    """Tell whether bars reach back to what was stored completely, so that all are stored now."""
    return known is not None and known.complete and series.day(0) <= known.as_of
