"""How much is stored, and how fresh it is."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..answers import DataSetStatus, QuotaAnswer, StatusAnswer
from ..domain import DataSet, Freshness
from ..repositories import AssetRepository, StateRepository

__all__ = ["GetStatus"]


@dataclass(frozen=True)
class GetStatus:
    """Counts and freshness of every data set."""

    assets: AssetRepository
    state: StateRepository
    stage: str
    store: str
    location: str
    provider: str
    notice: str | None
    quotas: Callable[[], Sequence[QuotaAnswer]]

    def __call__(self) -> StatusAnswer:
        """Return what stands in the store now; reads every company's entry once."""
        kinds: dict[DataSet, list[Freshness]] = defaultdict(list)
        for _, freshness in self.assets.freshness():
            for kind, each in freshness.items():
                kinds[kind].append(each)
        return StatusAnswer(
            stage=self.stage,
            store=self.store,
            location=self.location,
            provider=self.provider,
            notice=self.notice,
            assets=sum(1 for _ in self.assets.listed()),
            ingested_at=self.state.finished_ingest(self.provider),
            data_sets={kind: _status(kinds[kind]) for kind in DataSet},
            quotas=self.quotas(),
        )


def _status(freshness: list[Freshness]) -> DataSetStatus:
    days = [each.as_of for each in freshness]
    return DataSetStatus(
        companies=len(freshness),
        count=sum(each.count for each in freshness),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        sources=sorted({each.source for each in freshness}),
        incomplete=sum(not each.complete for each in freshness),
    )
