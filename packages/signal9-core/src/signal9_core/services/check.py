"""Check of a whole store for damage, and its repair from raw responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..domain.companies import AssetProfile, DataSet
from ..errors import DamagedItemError
from ..events import AssetDataUpdated
from ..schemas.operations import CheckAnswer, DamageAnswer
from ..tables import (
    ASSETS,
    FINANCIALS,
    NEWS,
    STATE,
    TABLES,
    TIME_SERIES,
    USERS,
    TableSpec,
    state_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ..domain.model import Ticker
    from ..ports import Clock, Damage, Key, Progress, Store
    from ..repositories.companies import AssetRepository
    from ..repositories.news import NewsRepository
    from ..repositories.prices import ActionRepository
    from .insights import UpdateInsights

_LISTING: Final = "listing"
_CALENDAR: Final = "calendar"
_ANNOUNCED: Final = "earnings_calendar#"
_DATA_SETS: Final = {FINANCIALS.name: DataSet.FINANCIALS, TIME_SERIES.name: DataSet.PRICES}
_MONTHS: Final = state_key("news-months")


@dataclass(frozen=True)
class Subjects:
    """Which data sets of which companies are damaged, and so are to be replayed."""

    damage: Sequence[Damage]

    def __call__(self, data_set: str, ticker: str) -> bool:
        """Return whether a data set of a company may be damaged; lists have an empty ticker."""
        return any(_concerns(damage, data_set, ticker) for damage in self.damage)


def _concerns(damage: Damage, data_set: str, ticker: str) -> bool:
    table, key = damage.table, damage.key
    if table is None or key is None:  # a file, in which anything may be missing
        return True
    if table is NEWS:  # an article about a company may have come with those about another
        return data_set == DataSet.NEWS
    if table is FINANCIALS and key["reportType#date"].startswith(_ANNOUNCED):
        return data_set == _CALENDAR
    owner = key[table.partition_key].partition("#")[0]
    if table is ASSETS:
        return data_set == _LISTING or ticker == owner
    return ticker == owner and data_set == _DATA_SETS.get(table.name)


@dataclass(frozen=True)
class CheckStore:
    """Find everything in a store that is not as it was written, and repair it."""

    store: Store
    assets: AssetRepository
    actions: ActionRepository
    news: NewsRepository
    update_insights: Callable[[], UpdateInsights]
    replay: Callable[[Subjects], object]
    publish_listing: Callable[[], None]
    clock: Clock

    def __call__(self, progress: Progress, *, repair: bool = False) -> CheckAnswer:
        """Read everything; to `repair` is to remove what is damaged, and to replay it."""
        items = {table.name: 0 for table in TABLES}

        def count(data_set: str, done: int, total: int) -> None:
            items[data_set] = done
            progress(data_set, done, total)

        damage = self.store.verify(count)
        remaining: list[Damage] = []
        if damage and repair:
            self._repair(damage)
            remaining = self.store.verify(progress)
        answers = list(map(_found, damage))
        if repair:
            answers = [
                self._repaired(found, answer, remaining)
                for found, answer in zip(damage, answers, strict=True)
            ]
        return CheckAnswer(items=items, damaged=answers)

    def _repair(self, damage: Sequence[Damage]) -> None:
        self.store.remove_damage()
        wanted = Subjects(damage)
        for company in list(self.assets.summaries()):
            lost = {name for name in company.freshness if wanted(name, company.ticker)}
            if lost:
                self._forget(company.ticker, lost)
        self.replay(wanted)
        for each in damage:
            if each.table is ASSETS and each.key is not None:
                event = AssetDataUpdated(
                    at=self.clock(), tickers=(each.key["ticker"],), data_set="overview"
                )
                self.update_insights()(event)
        if any(each.table is None or each.key == _MONTHS for each in damage):
            self.news.find_months(self.clock().date())
        self.publish_listing()

    def _forget(self, ticker: Ticker, data_sets: Collection[DataSet]) -> None:
        """Forget that these data sets are complete: what no response has is requested again."""

        def without(profile: AssetProfile) -> AssetProfile:
            kept = {name: it for name, it in profile.freshness.items() if name not in data_sets}
            return profile.model_copy(update={"freshness": kept})

        self.assets.change(ticker, without)
        if DataSet.PRICES in data_sets:
            self.actions.forget_coverage(ticker)

    def _repaired(
        self, damage: Damage, answer: DamageAnswer, remaining: Sequence[Damage]
    ) -> DamageAnswer:
        if damage.table is None or damage.key is None:
            return answer.model_copy(update={"repaired": damage not in remaining})
        if self._is_whole(damage.table, damage.key):
            return answer.model_copy(update={"repaired": True})
        reason = f"{damage.reason}; {_why_not(damage.table)}"
        return answer.model_copy(update={"repaired": False, "reason": reason})

    def _is_whole(self, table: TableSpec, key: Key) -> bool:
        try:
            return self.store.get(table, key) is not None
        except DamagedItemError:
            return False


def _found(damage: Damage) -> DamageAnswer:
    return DamageAnswer(
        table=None if damage.table is None else damage.table.name,
        key=None if damage.key is None else "/".join(damage.key.values()),
        reason=damage.reason,
        repaired=None,
    )


def _why_not(table: TableSpec) -> str:
    """Return why an item could not be repaired."""
    if table is USERS:
        return "removed: users' own data have no raw copy"
    if table is STATE:
        return "removed: it has no raw copy, and is created again when it is next needed"
    return "removed: no stored raw response has it; the next ingest fetches what is missing"
