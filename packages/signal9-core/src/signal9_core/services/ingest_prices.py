"""Ingest of a company's prices, splits and dividends: the newest of each fact counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..domain.adjustment import CorporateAction, check_closes
from ..domain.companies import AssetProfile, DataSet, Freshness, ProblemKind
from ..domain.coverage import (
    NEVER,
    Coverage,
    Days,
    PriceHistory,
    Received,
    covering_span,
    join_spans,
    moments_of,
    overlay,
    take_newest,
)
from ..events import PricesUpdated
from .company_record import CompanyRecord, Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..domain.model import Ticker
    from ..domain.prices import PriceSeries
    from ..ports import Clock
    from ..provider_port import History, Provider
    from ..repositories.prices import ActionRepository, PriceChange, PriceRepository
    from .ingest_result import IngestResult

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
        known, coverage = self.actions.known(record.ticker, record.before.own())
        # Before the request: the recorded response, received a moment later, replaces its facts.
        at = self.provider.retrieved_at()
        since = prices_since(record.before, continued)
        if since is not None and not _is_known(coverage, since):
            since = None
        history = self.provider.history(record.ticker, since)
        if history is None:
            return None
        actions, before = _newest_actions(history, known, record.before.history, at)
        new = [action for action in actions if action not in known]
        withdrawn = _without(known, actions)
        spans = [span for span in history.coverage if covering_span(coverage, *span) is None]
        change, after = self._compare(history, before, at)
        if history.bars or not record.is_new:  # without prices, actions change no price
            record.write_events(*self._events(record.ticker, [*new, *withdrawn], change, spans))
        if history.actions or history.coverage:
            result.count("actions", len(actions), self._store_actions(new, withdrawn))
        if spans:
            self.actions.note_coverage(record.ticker, *spans)
        record.add_history(after)
        self._check(record, history, actions)
        if not history.bars:
            return None
        if change is not None:
            self.prices.write(change)
        return _update(history.bars, change, after, record)

    def _store_actions(
        self, new: Sequence[CorporateAction], withdrawn: Sequence[CorporateAction]
    ) -> int:
        """Return how many actions were new, different or withdrawn."""
        self.actions.delete(withdrawn)
        return len(withdrawn) + (self.actions.sync(new) if new else 0)

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


def prices_since(before: AssetProfile, continued: Freshness | None) -> date | None:
    """Return from when on facts are requested; `None` where any may be missing or wrong."""
    if continued is None or not continued.complete or before.pending:
        return None
    if before.problem(ProblemKind.PRICES) is not None:
        return None
    return continued.as_of - _CORRECTIONS


def _is_known(coverage: Coverage, since: date) -> bool:
    return len(coverage) == 1 and covering_span(coverage, since, since) is not None


def _without(
    some: Sequence[CorporateAction], others: Sequence[CorporateAction]
) -> list[CorporateAction]:
    kept = {(action.ex_date, action.kind) for action in others}
    return [action for action in some if (action.ex_date, action.kind) not in kept]


def _newest_actions(
    history: History, known: Sequence[CorporateAction], before: PriceHistory, at: datetime
) -> tuple[list[CorporateAction], PriceHistory]:
    """Return all actions that count, oldest first, and the history with them.

    Where a response has all actions of a day, others of this day that came earlier do not count.
    """
    covered = [Received(first=first, last=last, at=at) for first, last in history.coverage]
    splits, dividends = history.splits_received, history.dividends_received
    splits, dividends = (covered if parts is None else parts for parts in (splits, dividends))
    whole = {"split": moments_of(splits, NEVER), "dividend": moments_of(dividends, NEVER)}
    came = {kind: moments_of(times, NEVER) for kind, times in before.actions.items()}
    incoming = {(action.ex_date, action.kind): action for action in history.actions}
    newest = {(action.ex_date, action.kind): action for action in known}
    for key in {*incoming, *newest}:
        day, kind = key[0].toordinal(), key[1]
        is_whole = whole[kind](day) > NEVER
        if (whole[kind](day) if is_whole else at) < came[kind](day):
            continue
        if key in incoming:
            newest[key] = incoming[key]
        elif is_whole:
            del newest[key]
    update = {
        "splits": overlay(before.splits, splits),
        "dividends": overlay(before.dividends, dividends),
    }
    return [newest[key] for key in sorted(newest)], before.model_copy(update=update)


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
