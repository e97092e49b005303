"""The budgets of providers, each made when it is first needed."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from ..answers import QuotaAnswer
from ..ports import Clock, Store
from ..quotas import Plan, SharedQuota, alpaca_plan, alphavantage_plan
from ..repositories import QuotaRepository
from ..settings import Settings

__all__ = ["Quotas"]


class Quotas:
    """One `SharedQuota` for each provider that has a limit."""

    def __init__(self, settings: Settings, store: Callable[[], Store], clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._made: dict[str, SharedQuota] = {}

    def of(self, provider: str) -> SharedQuota | None:
        """Return a provider's budget; `None` where there is no limit."""
        plan = self._plans().get(provider)
        if plan is None:
            return None
        if provider not in self._made:
            patience = timedelta(seconds=self._settings.quota_patience_s)
            budgets = QuotaRepository(self._store())
            self._made[provider] = SharedQuota(plan, budgets, self._clock, patience)
        return self._made[provider]

    def status(self) -> list[QuotaAnswer]:
        """Return what is left of every budget that is in use."""
        quotas = {name: self.of(name) for name in self._plans() if self._is_in_use(name)}
        return [
            QuotaAnswer(
                provider=name,
                period=level.period,
                limit=level.limit,
                left=level.left,
                refills_at=level.refills_at,
            )
            for name, quota in quotas.items()
            if quota is not None
            for level in quota.levels()
        ]

    def close(self) -> None:
        """Give back what was reserved and not used."""
        for quota in self._made.values():
            quota.close()

    def _plans(self) -> Mapping[str, Plan]:
        return {
            "alphavantage": alphavantage_plan(self._settings.alphavantage_per_minute),
            "alpaca": alpaca_plan(self._settings.alpaca_per_minute),
        }

    def _is_in_use(self, provider: str) -> bool:
        key = getattr(self._settings, f"{provider}_key")
        return self._settings.provider == provider or key is not None
