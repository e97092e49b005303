"""Ingest of a company's prices, splits and dividends: the newest of each fact counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet, ProblemKind
from ..domain.coverage import PriceHistory, covering_span, join_spans, moments_of, take_newest
from ..domain.price_check import check_closes
from ..events import PricesUpdated
from .company_record import Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from ..domain.adjustment import CorporateAction
    from ..domain.companies import Freshness
    from ..domain.coverage import Coverage, Days, Received
    from ..domain.model import Ticker
    from ..domain.prices import PriceSeries
    from ..ports import Clock
    from ..provider_port import History, Provider
    from ..repositories.actions import ActionRepository
    from ..repositories.prices import PriceChange, PriceRepository
    from .company_record import CompanyRecord
    from .ingest_result import IngestResult

__all__ = ["IngestPrices"]

_CORRECTIONS: Final = timedelta(days=7)
"""Bars and splits of so many days before the last known one are requested again."""


@dataclass(frozen=True)
class IngestPrices:
    """Bring the bars, splits and dividends of a company up to what the provider has."""

    provider: Provider
    prices: PriceRepository
    actions: ActionRepository
    clock: Clock

    def __call__(
        self, record: CompanyRecord, continued: Freshness | None, result: IngestResult
    ) -> Update | None:
        """Request recent facts, or all where something may be missing; `None` if there is nothing.

        Actions are stored first, so that no bar is ever without the split that explains it.
        """
        known, coverage = self.actions.known(record.ticker)
        # Before the request: the recorded response, received a moment later, replaces its facts.
        at = self.provider.retrieved_at()
        history = self.provider.history(record.ticker, _since(record, continued, coverage))
        if history is None:
            return None
        actions, timeline = _newest_actions(history, known, record.before.history, at)
        new = [action for action in actions if action not in known]
        spans = [span for span in history.coverage if covering_span(coverage, *span) is None]
        change, after = self._compare(history, record.before.history, at)
        after = after.model_copy(update={"actions": timeline})
        if history.bars or not record.is_new:  # without prices, actions change no price
            record.write_events(*self._events(record.ticker, new, change, spans))
        if history.actions or history.coverage:
            result.count("actions", len(actions), self.actions.sync(new) if new else 0)
        if spans:
            self.actions.note_coverage(record.ticker, *spans)
        record.add_history(after)
        self._check(record, history, actions)
        if not history.bars:
            return None
        if change is not None:
            self.prices.write(change)
        return _update(history.bars, change, after, record)

    def _compare(
        self, history: History, before: PriceHistory, at: datetime
    ) -> tuple[PriceChange | None, PriceHistory]:
        """Return which bars change, and the history with these bars."""
        bars = history.bars
        if not bars:
            return None, before
        moment = moments_of(history.bars_received, at)
        timeline = before.bars

        def newest(stored: PriceSeries) -> PriceSeries:
            nonlocal timeline
            days = {day: moment(day) for day in bars.days}
            taken, timeline = take_newest(days, stored.days, timeline)
            if len(taken) == len(bars):
                return bars
            positions = {day: position for position, day in enumerate(bars.days)}
            return bars.take([positions[day] for day in taken])

        change = self.prices.compare(bars, newest)
        spans = history.spans or ((bars.day(0), bars.day(-1)),)
        begins = [before.begins, bars.day(0) if history.complete else None]
        after = PriceHistory(
            spans=join_spans([*before.spans, *spans]),
            begins=min((day for day in begins if day is not None), default=None),
            bars=timeline,
        )
        return change, after

    def _events(
        self,
        ticker: Ticker,
        actions: Sequence[CorporateAction],
        change: PriceChange | None,
        spans: Sequence[Days],
    ) -> Iterator[PricesUpdated]:
        """Yield what is announced: actions, bars or, without either, days that are covered now."""
        at = self.clock()

        def event(first: date, last: date, count: int) -> PricesUpdated:
            return PricesUpdated(at=at, ticker=ticker, first=first, last=last, count=count)

        if actions:
            days = [action.ex_date for action in actions]
            yield event(min(days), max(days), len(days))
        if change is not None:
            yield event(change.first, change.last, change.count)
        elif spans and not actions:
            yield event(spans[0][0], spans[-1][1], len(spans))

    def _check(
        self, record: CompanyRecord, history: History, actions: Sequence[CorporateAction]
    ) -> None:
        for closes in history.adjusted_closes:
            at = closes.received_at or self.provider.retrieved_at()
            record.add_price_check(check_closes(closes, actions, self.provider.name, at))


def _since(record: CompanyRecord, continued: Freshness | None, coverage: Coverage) -> date | None:
    """Return from when on facts are requested; `None` where any may be missing or wrong."""
    if continued is None or not continued.complete or record.before.pending:
        return None
    if record.before.problem(ProblemKind.PRICES) is not None:
        return None
    since = continued.as_of - _CORRECTIONS
    is_known = len(coverage) == 1 and covering_span(coverage, since, since) is not None
    return since if is_known else None


def _newest_actions(
    history: History, known: Sequence[CorporateAction], before: PriceHistory, at: datetime
) -> tuple[list[CorporateAction], tuple[Received, ...]]:
    """Return all actions that count, oldest first, and when they came."""
    moment = moments_of(history.actions_received, at)
    incoming = [action.ex_date.toordinal() for action in history.actions]
    stored = {action.ex_date.toordinal() for action in known}
    days = {day: moment(day) for day in incoming}
    taken, timeline = take_newest(days, stored, before.actions)
    newest = {(action.ex_date, action.kind): action for action in known}
    for action, day in zip(history.actions, incoming, strict=True):
        key = action.ex_date, action.kind
        if day in taken or key not in newest:
            newest[key] = action
    return [newest[key] for key in sorted(newest)], timeline


def _update(
    bars: PriceSeries, change: PriceChange | None, after: PriceHistory, record: CompanyRecord
) -> Update:
    before = record.before.freshness.get(DataSet.PRICES)
    last = bars.day(-1)
    return Update(
        as_of=last if before is None else max(last, before.as_of),
        complete=after.complete,
        changed=0 if change is None else change.count,
        added=0 if change is None else change.added,
    )
