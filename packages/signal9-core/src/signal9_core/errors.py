"""Everything that Signal9 raises on purpose, as one tree.

Each class knows whether it is `transient`: whether the same call may succeed a little later.
Retries ask that and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

__all__ = [
    "BurstError",
    "ConflictError",
    "CredentialsError",
    "DailyQuotaError",
    "IncompatibleStoreError",
    "InputError",
    "IssuerUnavailableError",
    "NotFoundError",
    "OutdatedError",
    "PayloadError",
    "PlanError",
    "PremiumEndpointError",
    "PremiumParameterError",
    "ProviderError",
    "ProviderUnavailableError",
    "PublishError",
    "QuotaExhaustedError",
    "RateLimitError",
    "RefusedError",
    "RemoteError",
    "RemoteUnavailableError",
    "RequestRefusedError",
    "SecretNotSetError",
    "SettingsError",
    "Signal9Error",
    "StoreError",
    "StoreUnavailableError",
    "UnknownSymbolError",
    "UnknownTextError",
]


class Signal9Error(Exception):
    """The root of the tree; catch it to catch whatever Signal9 raises on purpose."""

    transient: ClassVar[bool] = False


class SettingsError(Signal9Error):
    """A setting is missing, malformed or contradicts another."""


class SecretNotSetError(SettingsError):
    """A secret still holds the placeholder that it was deployed with."""


class InputError(Signal9Error):
    """A caller asked for something that has no meaning; `field` names what was wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFoundError(Signal9Error):
    """What was asked for is not stored; `nearest` holds what may have been meant."""

    def __init__(self, kind: str, value: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"no {kind} {value!r}{hint}")
        self.kind = kind
        self.value = value
        self.nearest = nearest


class OutdatedError(Signal9Error):
    """What a caller wants to change is no longer as they read it."""


class RefusedError(Signal9Error):
    """A caller could not show who they are; the message is for them to read."""


class IssuerUnavailableError(Signal9Error):
    """The keys of whoever issues tokens cannot be had, so that no token can be checked."""

    transient = True


class ProviderError(Signal9Error):
    """A provider did not give what was asked; from `until` on it may, where that is known."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class ProviderUnavailableError(ProviderError):
    """A provider could not be reached or failed on its side."""

    transient = True


class RateLimitError(ProviderError):
    """A provider refused for now, because too much was asked of it."""

    transient = True


class BurstError(RateLimitError):
    """Too much was asked within a second or a minute; a pause is enough."""


class DailyQuotaError(RateLimitError):
    """Nothing is left of the day's calls; before `until` every call meets the same answer."""

    transient = False


class QuotaExhaustedError(RateLimitError):
    """The budget of calls is used up: repeating is of no use before `until`."""

    def __init__(self, provider: str, until: datetime) -> None:
        whole = until + timedelta(microseconds=999_999)
        super().__init__(f"{provider}: no call is left before {whole:%Y-%m-%d %H:%M:%S} UTC", until)


class CredentialsError(ProviderError):
    """A provider does not accept the key."""


class PlanError(ProviderError):
    """The key is good, but its plan does not include what was asked."""


class PremiumEndpointError(PlanError):
    """The whole endpoint is for paying plans."""


class PremiumParameterError(PlanError):
    """A parameter's value is for paying plans; with another one the endpoint answers."""


class RequestRefusedError(ProviderError):
    """A provider understood the question and finds it wrong."""


class UnknownSymbolError(RequestRefusedError):
    """A provider knows no company, or no such thing, under this name."""


class PayloadError(ProviderError):
    """A provider sent something that is not what it documents."""


class UnknownTextError(PayloadError):
    """A provider sent a text in place of data that nobody has met before; the message quotes it."""


class PublishError(Signal9Error):
    """Events or notifications could not be sent, even after retries; `refused` are these."""

    transient = True

    def __init__(self, message: str, refused: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.refused = refused


class RemoteError(Signal9Error):
    """An API did not give what was asked."""


class RemoteUnavailableError(RemoteError):
    """An API cannot be reached or is busy; `retry_after_s` is how long it asks to wait, if so."""

    transient = True

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(Signal9Error):
    """A store could not do what was asked."""


class StoreUnavailableError(StoreError):
    """A store could not be reached, is busy or throttles, even after retries."""

    transient = True


class ConflictError(StoreError):
    """A conditional write found another version than the one it was based on."""


class IncompatibleStoreError(StoreError):
    """A file is no Signal9 database, or one of a newer version; nothing was changed."""
