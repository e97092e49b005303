"""The listing: which companies there are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..domain import Asset, Ticker
from ..errors import ProviderError
from ..events import AssetDataUpdated
from ..ports import Clock, Progress, Provider
from ..repositories import AssetRepository
from .announcing import Announcer
from .outcome import Failure, Outcome

__all__ = ["IngestListing"]

_CHUNK: Final = 500  # as many tickers as one event may name
_SUBJECT: Final = "listing"


@dataclass(frozen=True)
class IngestListing:
    """Bring the stored listing up to the provider's."""

    provider: Provider
    assets: AssetRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, progress: Progress) -> Outcome:
        """Store and announce companies that are new or different; report a provider that fails."""
        outcome = Outcome()
        try:
            listing = list(_first_of_each(self.provider.assets()))
        except ProviderError as error:
            outcome.failed.append(Failure.of(error, "listing"))
            self.announcer.announce_failures(outcome.failed)
            return outcome
        for start in range(0, len(listing), _CHUNK):
            chunk = listing[start : start + _CHUNK]
            outcome.count("listing", len(chunk), self._ingest(chunk))
            progress("listing", start + len(chunk), len(listing))
        return outcome

    def _ingest(self, chunk: Sequence[Asset]) -> int:
        changed = self.assets.sync(chunk, self._foretell)
        self.announcer.announce(self.announcer.pending(_SUBJECT))
        return len(changed)

    def _foretell(self, tickers: Sequence[Ticker]) -> None:
        event = AssetDataUpdated(at=self.clock(), tickers=tuple(tickers), data_set="listing")
        self.announcer.foretell(_SUBJECT, event)


def _first_of_each(assets: Iterable[Asset]) -> Iterator[Asset]:
    """Yield each ticker once; the first one named counts."""
    seen: set[str] = set()
    for asset in assets:
        if asset.ticker not in seen:
            seen.add(asset.ticker)
            yield asset
