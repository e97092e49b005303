"""Alpaca: listing, prices, corporate actions and news, every page of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from .. import live_extra

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ...ports import Clock
    from ...provider_port import ProviderFormat, Quota, RawCache
    from .client import AlpacaClient

__all__ = ["FIRST_DAY", "NEWS_SPAN", "NOTICE", "create", "notice", "response_format"]

FIRST_DAY: Final = date(2016, 1, 1)
"""The day on which its bars begin."""
NEWS_SPAN: Final = timedelta(days=90)
"""How far back the first request for a company's news reaches, at fifty articles a call."""
NOTICE: Final = (
    f"Alpaca: prices from {FIRST_DAY:%Y} on; news of the last {NEWS_SPAN.days} days when first "
    "asked."
)


class _Settings(Protocol):
    @property
    def alpaca_key(self) -> SecretStr | None: ...
    @property
    def alpaca_secret(self) -> SecretStr | None: ...
    @property
    def alpaca_url(self) -> str: ...
    @property
    def alpaca_data_url(self) -> str: ...
    @property
    def alpaca_feed(self) -> Literal["sip", "iex"]: ...


def create(
    settings: _Settings, *, quota: Quota | None, cache: RawCache | None, clock: Clock
) -> AlpacaClient:
    """Return the provider; `SettingsError` if a key is missing."""
    with live_extra():
        from .client import AlpacaClient
    return AlpacaClient(
        settings.alpaca_key,
        settings.alpaca_secret,
        trading_url=settings.alpaca_url,
        data_url=settings.alpaca_data_url,
        feed=settings.alpaca_feed,
        quota=quota,
        cache=cache,
        clock=clock,
    )


def notice(settings: _Settings) -> str:  # noqa: ARG001 - the same for every plan
    """Return what readers of its data must know: where prices and news begin."""
    return NOTICE


def response_format() -> ProviderFormat:
    """Return how its recorded responses are read."""
    from .parsers import FORMAT

    return FORMAT
