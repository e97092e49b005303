"""What an ingest came to, as its caller is told."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import TYPE_CHECKING

from ..answers import FailureAnswer, IngestAnswer

if TYPE_CHECKING:
    from ..ingest import Outcome
    from ..ports import Provider

__all__ = ["tell_outcome"]


def tell_outcome(outcome: Outcome, provider: Provider, started: float) -> IngestAnswer:
    """Return what was stored, what changed and what failed, and the seconds since `started`."""
    return IngestAnswer(
        provider=provider.name,
        notice=provider.notice,
        stored=dict(outcome.stored),
        changed=dict(outcome.changed),
        failed=[
            FailureAnswer(
                ticker=each.ticker,
                data_set=each.data_set,
                reason=each.reason,
                transient=each.transient,
            )
            for each in outcome.failed
        ],
        seconds=Decimal(f"{perf_counter() - started:.3f}"),
    )
