"""The scheduled run: look again at those companies that were looked at longest ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..domain import Ticker
from ..ports import Provider
from ..repositories import AssetRepository
from .company import IngestCompany
from .outcome import Outcome

__all__ = ["RefreshStalest"]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RefreshStalest:
    """Refresh a batch of companies, the stalest first."""

    provider: Provider
    assets: AssetRepository
    ingest_company: IngestCompany
    batch: int

    def __call__(self) -> Outcome:
        """Ingest every data set of each; where the provider covers few companies, of those only.

        When the budget of calls is used up, the rest is left to the next run, which begins there.
        """
        covered = self.provider.covered()
        stalest = self.assets.stalest(self.batch) if covered is None else self._stalest_of(covered)
        outcome = Outcome()
        for ticker in stalest:
            outcome.add(self.ingest_company(ticker))
            if outcome.out_of_calls:
                break
        return outcome

    def _stalest_of(self, covered: Sequence[Ticker]) -> list[Ticker]:
        checked = {ticker: self._checked(ticker) for ticker in covered}
        return sorted(covered, key=lambda ticker: checked[ticker])[: self.batch]

    def _checked(self, ticker: Ticker) -> datetime:
        profile = self.assets.get(ticker)
        return _NEVER if profile is None or profile.checked_at is None else profile.checked_at
