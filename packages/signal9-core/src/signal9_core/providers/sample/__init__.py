"""Real market data that comes with the package: no key, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...ports import Clock
    from ...provider_port import ProviderFormat, Quota, RawCache
    from .provider import SampleProvider

__all__ = ["NOTICE", "create", "notice", "response_format"]

NOTICE: Final = (
    "Bundled sample: prices, reports and news (AAPL, FB, GOOG, IBM, MSFT) end on 2013-03-01; "
    "the list of companies is from 2026, with current names."
)


def create(
    settings: object,  # noqa: ARG001 - there is nothing to set
    *,
    quota: Quota | None,  # noqa: ARG001
    cache: RawCache | None,  # noqa: ARG001
    clock: Clock,  # noqa: ARG001
) -> SampleProvider:
    """Return the provider."""
    from .provider import SampleProvider

    return SampleProvider()


def notice(settings: object) -> str:  # noqa: ARG001
    """Return what readers of its data must know: when they end."""
    return NOTICE


def response_format() -> ProviderFormat | None:
    """Return `None`: nothing is requested, so there are no recorded responses."""
    return None
