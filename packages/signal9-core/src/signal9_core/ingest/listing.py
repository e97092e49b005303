"""The listing: which companies there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..domain import Asset
from ..events import AssetDataUpdated
from ..ports import Clock, EventPublisher, Progress, Provider
from ..repositories import AssetRepository
from .outcome import Outcome

__all__ = ["IngestListing"]

_CHUNK: Final = 500  # as many tickers as one event may name


@dataclass(frozen=True)
class IngestListing:
    """Bring the stored listing up to the provider's."""

    provider: Provider
    assets: AssetRepository
    publisher: EventPublisher
    clock: Clock

    def __call__(self, progress: Progress) -> Outcome:
        """Store and announce companies that are new or different."""
        listing = list(_first_of_each(self.provider.assets()))
        outcome = Outcome()
        outcome.stored["listing"] = len(listing)
        for start in range(0, len(listing), _CHUNK):
            changed = self.assets.sync(listing[start : start + _CHUNK])
            if changed:
                self._announce(tuple(changed))
            outcome.changed["listing"] += len(changed)
            progress("listing", min(start + _CHUNK, len(listing)), len(listing))
        return outcome

    def _announce(self, tickers: tuple[str, ...]) -> None:
        event = AssetDataUpdated(at=self.clock(), tickers=tickers, data_set="listing")
        self.publisher.publish([event])


def _first_of_each(assets: Iterable[Asset]) -> Iterator[Asset]:
    """Yield each ticker once; the first one named counts."""
    seen: set[str] = set()
    for asset in assets:
        if asset.ticker not in seen:
            seen.add(asset.ticker)
            yield asset
