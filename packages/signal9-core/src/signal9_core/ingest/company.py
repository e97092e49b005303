"""One company: its description, prices, reports and news."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from ..domain import (
    AssetProfile,
    DataSet,
    Freshness,
    NewsArticle,
    Report,
    ReportKind,
    Ticker,
)
from ..errors import ProviderError
from ..events import AssetDataUpdated, Event, FinancialDataIngested, NewsIngested
from ..ports import ALL_REPORTS, Clock, Provider
from ..repositories import (
    ActionRepository,
    AssetRepository,
    FinancialsRepository,
    NewsChange,
    NewsRepository,
    PriceRepository,
)
from .announcing import Announcer
from .history import IngestHistory
from .outcome import Failure, Outcome
from .step import Step, subject_of

__all__ = ["DATA_SETS", "IngestCompany"]

DATA_SETS: Final = tuple(DataSet)
"""What is asked of a provider about a company, in this order."""

_LATE_NEWS: Final = timedelta(days=1)
"""How long after it was published an article may still be new to its provider, or change."""


@dataclass(frozen=True)
class IngestCompany:
    """Bring what is stored of a company up to what the provider has.

    What will change is noted first, then data are written, then their freshness; then it is
    announced, and only then the company counts as looked at. So stopping at any moment leaves
    nothing that the next run does not complete.
    """

    provider: Provider
    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    news: NewsRepository
    announcer: Announcer
    clock: Clock

    def __call__(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> Outcome:
        """Ingest these data sets; one that fails is reported and does not stop the others.

        Of financials these `reports` are asked for, and no others.
        """
        outcome = Outcome()
        fresh: dict[DataSet, Freshness] = {}
        done: list[str] = []
        for data_set in data_sets:
            try:
                step = self._step(data_set, reports)(ticker)
            except ProviderError as error:
                outcome.failed.append(Failure.of(error, data_set, ticker))
                continue
            done.append(subject_of(ticker, data_set))
            step.count_in(outcome, data_set)
            if step.as_of is not None:
                fresh[data_set] = self._freshness(step.as_of, step)
        pending = self.announcer.pending(*done)
        if pending or outcome.failed:
            self._note(ticker, fresh, looked_at=False)
            self.announcer.announce(pending)
            self.announcer.announce_failures(outcome.failed)
        self._note(ticker, fresh, looked_at=not outcome.out_of_calls)
        return outcome

    def _step(self, data_set: DataSet, reports: Collection[ReportKind]) -> Callable[[Ticker], Step]:
        steps: dict[DataSet, Callable[[Ticker], Step]] = {
            DataSet.OVERVIEW: self._overview,
            DataSet.PRICES: self._prices,
            DataSet.FINANCIALS: partial(self._financials, kinds=reports),
            DataSet.NEWS: self._news,
        }
        return steps[data_set]

    def _overview(self, ticker: Ticker) -> Step:
        overview = self.provider.overview(ticker)
        if overview is None:
            return Step()
        event = AssetDataUpdated(at=self.clock(), tickers=(ticker,), data_set="overview")
        changed = self.assets.change(
            ticker,
            lambda old: old.model_copy(update={"overview": overview}),
            lambda _: self._foretell(DataSet.OVERVIEW, ticker, event),
        )
        return Step(1, int(changed), self._today())

    def _prices(self, ticker: Ticker) -> Step:
        parts = self.prices, self.actions, self.announcer, self.clock
        ingest = IngestHistory(self.provider, *parts)
        return ingest(ticker, self._known(ticker, DataSet.PRICES))

    def _financials(self, ticker: Ticker, kinds: Collection[ReportKind]) -> Step:
        def foretell(changed: list[Report]) -> None:
            of = tuple(sorted({report.kind for report in changed}))
            event = FinancialDataIngested(
                at=self.clock(), ticker=ticker, reports=of, count=len(changed)
            )
            self._foretell(DataSet.FINANCIALS, ticker, event)

        found = self.provider.financials(ticker, kinds)
        reports = [*found.statements, *found.earnings]
        if not reports:
            return Step()
        changed = self.financials.sync(reports, foretell)
        days = [report.fiscal_date_ending for report in reports]
        complete = self.provider.complete(DataSet.FINANCIALS, len(reports))
        if set(kinds) < ALL_REPORTS:
            # The reports that were not asked for are as they were.
            known = self._known(ticker, DataSet.FINANCIALS)
            days += [] if known is None else [known.as_of]
            complete = known is not None and known.complete
        return Step(self.financials.count(ticker), len(changed), max(days), complete)

    def _news(self, ticker: Ticker) -> Step:
        def foretell(changes: list[NewsChange]) -> None:
            at = self.clock()
            events = [
                NewsIngested(
                    at=at, ticker=each.ticker, first=each.first, last=each.last, count=each.count
                )
                for each in changes
            ]
            self._foretell(DataSet.NEWS, ticker, *events)

        known = self._known(ticker, DataSet.NEWS)
        since = self._since(known)
        articles = list(self.provider.news(ticker, since))
        if not articles:
            return Step()
        changed = self.news.sync(articles, foretell)
        unheard = [] if changed else _unheard(known, articles, self.provider.retrieved_at())
        if unheard:
            moments = [article.published_at for article in unheard]
            foretell([NewsChange(ticker, min(moments), max(moments), len(unheard))])
        complete = (
            self.provider.complete(DataSet.NEWS, len(articles))
            if known is None or since is None
            else known.complete
        )
        return Step(self.news.count(ticker), len(changed), self._today(), complete)

    def _since(self, known: Freshness | None) -> datetime | None:
        """Return from when on to ask a provider that has too many news to read them all again."""
        has_few = self.provider.covered() is not None
        if has_few or known is None or known.source != self.provider.name:
            return None
        return known.fetched_at - _LATE_NEWS

    def _known(self, ticker: Ticker, data_set: DataSet) -> Freshness | None:
        profile = self.assets.get(ticker)
        return None if profile is None else profile.freshness.get(data_set)

    def _foretell(self, data_set: DataSet, ticker: Ticker, *events: Event) -> None:
        self.announcer.foretell(subject_of(ticker, data_set), *events)

    def _today(self) -> date:
        return self.provider.retrieved_at().date()

    def _freshness(self, as_of: date, step: Step) -> Freshness:
        return Freshness(
            as_of=as_of,
            source=self.provider.name,
            complete=step.complete,
            fetched_at=self.provider.retrieved_at(),
            count=step.stored,
        )

    def _note(self, ticker: Ticker, fresh: dict[DataSet, Freshness], *, looked_at: bool) -> None:
        if not fresh and self.assets.get(ticker) is None:
            return  # nobody knows such a company
        asked = self.provider.retrieved_at() if looked_at else None

        def noted(old: AssetProfile) -> AssetProfile:
            # What is replayed was asked before; that does not make the company any staler.
            moments = [each for each in (old.checked_at, asked) if each is not None]
            latest = {"checked_at": max(moments)} if moments else {}
            return old.model_copy(update={"freshness": {**old.freshness, **fresh}, **latest})

        self.assets.change(ticker, noted)


def _unheard(
    known: Freshness | None, articles: list[NewsArticle], now: datetime
) -> list[NewsArticle]:
    """Return what came by way of other companies since this one was last looked at."""
    if known is None:
        return articles
    return [each for each in articles if known.fetched_at < each.published_at <= now]
