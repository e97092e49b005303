"""Ingest of a company's prices, splits and dividends: the newest of each fact counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet, ProblemKind
from ..domain.coverage import covering_span, join_spans, moments_of, take_newest
from ..domain.price_check import check_closes
from ..events import PricesUpdated
from .company_record import Update

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from ..domain.adjustment import CorporateAction
    from ..domain.companies import Freshness
    from ..domain.coverage import Coverage, Days, PriceHistory, Received
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
        actions, before = _newest_actions(history, known, record.before.history, at)
        new = [action for action in actions if action not in known]
        spans = [span for span in history.coverage if covering_span(coverage, *span) is None]
        change, after = self._compare(history, before, at)
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
        update = {
            "spans": join_spans([*before.spans, *spans]),
            "begins": min((day for day in begins if day is not None), default=None),
            "bars": timeline,
        }
        return change, before.model_copy(update=update)

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
) -> tuple[list[CorporateAction], PriceHistory]:
    """Return all actions that count, oldest first, and the history with them."""
    splits, split_times = _newest(
        [action for action in history.actions if action.kind == "split"],
        [action for action in known if action.kind == "split"],
        moments_of(history.splits_received, at),
        before.splits,
    )
    dividends, dividend_times = _newest(
        [action for action in history.actions if action.kind == "dividend"],
        [action for action in known if action.kind == "dividend"],
        moments_of(history.dividends_received, at),
        before.dividends,
    )
    after = before.model_copy(update={"splits": split_times, "dividends": dividend_times})
    return sorted([*splits, *dividends], key=attrgetter("ex_date", "kind")), after


def _newest(
    incoming: Iterable[CorporateAction],
    stored: Iterable[CorporateAction],
    moment: Callable[[int], datetime],
    timeline: Sequence[Received],
) -> tuple[Collection[CorporateAction], tuple[Received, ...]]:
    """Return the actions of one kind that count, and when they came."""
    newest = {action.ex_date.toordinal(): action for action in stored}
    by_day = {action.ex_date.toordinal(): action for action in incoming}
    days = {day: moment(day) for day in by_day}
    taken, timeline = take_newest(days, newest, timeline)
    newest |= {day: by_day[day] for day in taken}
    return newest.values(), timeline


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
