"""AlphaVantage: prices, overviews, reports, calendar, listing and news, within its quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from .. import live_extra

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ...ports import Clock
    from ...provider_port import ProviderFormat, Quota, RawCache
    from .client import AlphaVantageClient

__all__ = ["COMPACT_BARS", "FREE_NOTICE", "NEWS_LIMIT", "create", "notice", "response_format"]

COMPACT_BARS: Final = 100
"""How many bars a compact time series has, the only form for free keys."""
NEWS_LIMIT: Final = 1000
"""How many articles one response has at most."""
FREE_NOTICE: Final = (
    f"AlphaVantage's free plan: prices are of the last {COMPACT_BARS} trading days."
)


class _Settings(Protocol):
    @property
    def alphavantage_key(self) -> SecretStr | None: ...
    @property
    def alphavantage_url(self) -> str: ...
    @property
    def alphavantage_per_minute(self) -> int | None: ...


def create(
    settings: _Settings, *, quota: Quota | None, cache: RawCache | None, clock: Clock
) -> AlphaVantageClient:
    """Return the provider; `SettingsError` if its key is missing."""
    with live_extra():
        from .client import AlphaVantageClient
    return AlphaVantageClient(
        settings.alphavantage_key,
        premium=settings.alphavantage_per_minute is not None,
        base_url=settings.alphavantage_url,
        quota=quota,
        cache=cache,
        clock=clock,
    )


def notice(settings: _Settings) -> str | None:
    """Return what readers of its data must know: what the free plan leaves out."""
    return FREE_NOTICE if settings.alphavantage_per_minute is None else None


def response_format() -> ProviderFormat:
    """Return how its recorded responses are read."""
    from .parsers import FORMAT

    return FORMAT
