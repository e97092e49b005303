"""Real market data that comes with the package: no key, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...ports import Clock, ProviderFormat, Quota, RawCache
    from .provider import SampleProvider

__all__ = ["create", "notice", "response_format"]


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
    from .provider import SampleProvider

    return SampleProvider.notice


def response_format() -> ProviderFormat | None:
    """Return `None`: nothing is requested, so there are no recorded responses."""
    return None
