"""Decisions about the owner of a ticker, where listings leave it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.identity import confirm_owner, take_over
from ..errors import InputError, NotFoundError
from ..events import AssetDataUpdated
from ..ports import ABSENT
from .parameters import parse_ticker

if TYPE_CHECKING:
    from ..domain.companies import AssetProfile
    from ..ports import Clock
    from ..repositories.companies import AssetRepository
    from .outbox import Outbox


@dataclass(frozen=True)
class DecideOwner:
    """Decide whether a disputed listing is of the company that is stored, or of another one."""

    assets: AssetRepository
    outbox: Outbox
    clock: Clock

    def __call__(self, ticker: str, *, same: bool) -> None:
        """Store and announce the decision; `InputError` if there is none to make."""
        canonical = parse_ticker(ticker)
        profile, version = self.assets.read(canonical)
        if version == ABSENT:
            raise NotFoundError("ticker", canonical)
        claim = profile.claim
        if claim is None:
            raise InputError("ticker", f"nothing is undecided about the owner of {canonical}")

        def decided(profile: AssetProfile) -> AssetProfile:
            if profile.claim != claim:  # somebody else has decided
                return profile
            return confirm_owner(profile, claim) if same else take_over(profile, claim)

        event = AssetDataUpdated(at=self.clock(), tickers=(canonical,), data_set="listing")
        self.outbox.record("listing", event)
        self.assets.change(canonical, decided)
        self.outbox.publish("listing")
