"""One company: its description, prices, reports and news."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from ..domain import DataSet, Freshness, Ticker
from ..errors import ProviderError
from ..events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    IngestionFailed,
    NewsIngested,
    PricesUpdated,
)
from ..ports import Clock, EventPublisher, Provider
from ..repositories import (
    AssetRepository,
    FinancialsRepository,
    NewsRepository,
    PriceRepository,
)
from .outcome import Failure, Outcome

__all__ = ["DATA_SETS", "IngestCompany"]

DATA_SETS: Final = tuple(DataSet)
"""What is asked of a provider about a company, in this order."""


@dataclass(frozen=True)
class _Step:
    """What one data set came to: how much is stored, as of when, and the event to announce."""

    stored: int = 0
    changed: int = 0
    as_of: date | None = None
    event: Event | None = None


@dataclass(frozen=True)
class IngestCompany:
    """Bring what is stored of a company up to what the provider has.

    Data are written before their freshness, and both before they are announced, so that stopping
    at any moment leaves nothing that the next run does not complete.
    """

    provider: Provider
    assets: AssetRepository
    prices: PriceRepository
    financials: FinancialsRepository
    news: NewsRepository
    publisher: EventPublisher
    clock: Clock

    def __call__(self, ticker: Ticker, data_sets: tuple[DataSet, ...] = DATA_SETS) -> Outcome:
        """Ingest these data sets; one that fails is reported and does not stop the others."""
        outcome = Outcome()
        steps: dict[DataSet, _Step] = {}
        for data_set in data_sets:
            try:
                steps[data_set] = self._step(data_set)(ticker)
            except ProviderError as error:
                outcome.failed.append(Failure(ticker, data_set, str(error), error.transient))
        self._note_freshness(ticker, steps)
        self._announce(steps, outcome.failed)
        for data_set, step in steps.items():
            outcome.stored[data_set] += step.stored
            outcome.changed[data_set] += step.changed
        return outcome

    def _step(self, data_set: DataSet) -> Callable[[Ticker], _Step]:
        return {
            DataSet.OVERVIEW: self._overview,
            DataSet.PRICES: self._prices,
            DataSet.FINANCIALS: self._financials,
            DataSet.NEWS: self._news,
        }[data_set]

    def _overview(self, ticker: Ticker) -> _Step:
        overview = self.provider.overview(ticker)
        if overview is None:
            return _Step()
        if not self.assets.change(
            ticker, lambda old: old.model_copy(update={"overview": overview})
        ):
            return _Step(1, as_of=self._today())
        event = AssetDataUpdated(at=self.clock(), tickers=(ticker,), data_set="overview")
        return _Step(1, 1, self._today(), event)

    def _prices(self, ticker: Ticker) -> _Step:
        series = self.provider.prices(ticker)
        if series is None or not len(series):
            return _Step()
        change = self.prices.merge(series)
        stored = len(self.prices.between(ticker))
        if change is None:
            return _Step(stored, as_of=series.day(-1))
        event = PricesUpdated(
            at=self.clock(),
            ticker=ticker,
            first=change.first,
            last=change.last,
            count=change.count,
        )
        return _Step(stored, change.count, series.day(-1), event)

    def _financials(self, ticker: Ticker) -> _Step:
        found = self.provider.financials(ticker)
        reports = [*found.statements, *found.earnings]
        if not reports:
            return _Step()
        changed = self.financials.sync(reports)
        as_of = max(report.fiscal_date_ending for report in reports)
        stored = self.financials.count(ticker)
        if not changed:
            return _Step(stored, as_of=as_of)
        kinds = tuple(sorted({report.kind for report in changed}))
        event = FinancialDataIngested(
            at=self.clock(), ticker=ticker, reports=kinds, count=len(changed)
        )
        return _Step(stored, len(changed), as_of, event)

    def _news(self, ticker: Ticker) -> _Step:
        articles = list(self.provider.news(ticker))
        if not articles:
            return _Step()
        changed = self.news.sync(articles)
        stored = self.news.count(ticker)
        if not changed:
            return _Step(stored, as_of=self._today())
        event = NewsIngested(
            at=self.clock(),
            ticker=ticker,
            first=min(article.published_at for article in changed),
            last=max(article.published_at for article in changed),
            count=len(changed),
        )
        return _Step(stored, len(changed), self._today(), event)

    def _today(self) -> date:
        return self.provider.retrieved_at().date()

    def _note_freshness(self, ticker: Ticker, steps: dict[DataSet, _Step]) -> None:
        asked_at = self.provider.retrieved_at()
        fresh = {
            data_set: Freshness(
                as_of=step.as_of,
                source=self.provider.name,
                complete=True,
                fetched_at=asked_at,
                count=step.stored,
            )
            for data_set, step in steps.items()
            if step.as_of is not None
        }
        self.assets.change(
            ticker,
            lambda old: old.model_copy(
                update={"freshness": {**old.freshness, **fresh}, "checked_at": asked_at}
            ),
        )

    def _announce(self, steps: dict[DataSet, _Step], failed: list[Failure]) -> None:
        events = [step.event for step in steps.values() if step.event is not None]
        events += [
            IngestionFailed(
                at=self.clock(),
                ticker=each.ticker,
                data_set=DataSet(each.data_set),
                reason=each.reason,
                transient=each.transient,
            )
            for each in failed
        ]
        if events:
            self.publisher.publish(events)
