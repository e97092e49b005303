"""What clients do without: a budget of calls, and a place where raw answers are kept."""

from datetime import datetime

from ..ports import RawResponse

__all__ = ["NoCache", "NoQuota"]


class NoQuota:
    """A `Quota` without a limit."""

    def reserve(self, calls: int = 1) -> None:
        """Grant it."""

    def require(self, calls: int) -> None:
        """Find that there is enough."""

    def refund(self, calls: int = 1) -> None:
        """Count nothing."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Take note of nothing; whoever has no budget hears it again from the provider."""
        return until


class NoCache:
    """A `RawCache` that keeps nothing."""

    def keep(self, response: RawResponse) -> None:
        """Forget it."""
