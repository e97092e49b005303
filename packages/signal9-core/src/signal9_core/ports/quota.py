"""How often a provider may be asked, as something that is reserved before asking."""

from datetime import datetime
from typing import Protocol

__all__ = ["Quota"]


class Quota(Protocol):
    """The budget of calls to one provider, shared by everyone who has the same key."""

    def reserve(self, calls: int = 1) -> None:
        """Take that many calls from the budget, before they are made; every retry is a call too.

        Where they are not to be had now, it waits or raises `QuotaExhaustedError`, which says from
        when on they are, as its owner chose.
        """

    def require(self, calls: int) -> None:
        """Raise `QuotaExhaustedError` where fewer calls are left of its day; take nothing.

        A question that takes several calls asks first, so that it does not break off half way.
        """

    def refund(self, calls: int = 1) -> None:
        """Give back calls that were reserved and never sent."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Hear from the provider that nothing is left before `until`, or (`None`) for its day.

        It may know better than the budget, where others use the same key. Nothing is granted
        before the instant returned, which is `None` only where it cannot be told.
        """
