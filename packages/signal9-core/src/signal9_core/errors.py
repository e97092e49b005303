"""The errors that Signal9 raises, as one tree.

Each class says whether it is `transient`: whether the same call may succeed a little later.
Retries depend on that and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar


class Signal9Error(Exception):
    """The root of the tree."""

    transient: ClassVar[bool] = False


class SettingsError(Signal9Error):
    """A setting is missing, invalid or contradicts another."""


class SecretNotSetError(SettingsError):
    """A secret still holds the placeholder that it was deployed with."""


class RotationError(Signal9Error):
    """A step of a secret's rotation cannot be done; the current secret stays."""


class SmokeError(Signal9Error):
    """A deployed stage does not do what its users need."""


class InputError(Signal9Error):
    """A parameter is invalid; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFoundError(Signal9Error):
    """Something is not stored; `nearest` has similar names."""

    def __init__(self, kind: str, value: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"no {kind} {value!r}{hint}")
        self.kind = kind
        self.value = value
        self.nearest = nearest


class InsufficientDataError(Signal9Error):
    """Facts that a figure follows from are missing, or do not compare with each other."""


class ScoringError(Signal9Error):
    """A scorer did not return a sentiment for a text."""


class ScoringUnavailableError(ScoringError):
    """A scorer cannot be reached, or throttles, even after retries."""

    transient = True


class OutdatedError(Signal9Error):
    """A caller's change is based on a version that has been replaced."""


class BeingDeletedError(Signal9Error):
    """A user asked for the deletion of their data, which has not finished yet."""

    transient = True


class RefusedError(Signal9Error):
    """A caller is not authenticated; the message is for the caller."""


class IssuerUnavailableError(Signal9Error):
    """The keys of the token issuer cannot be fetched, so no token can be verified."""

    transient = True


class ProviderError(Signal9Error):
    """A provider did not return what was requested; `until` is when it may, if known."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class ProviderUnavailableError(ProviderError):
    """A provider cannot be reached, or failed on its side."""

    transient = True


class RateLimitError(ProviderError):
    """Too many requests within a short time; a pause is enough."""

    transient = True


class DailyQuotaError(RateLimitError):
    """The requests of the day are used up; before `until` every request is refused."""

    transient = False


class QuotaExhaustedError(RateLimitError):
    """The budget of requests is used up until `until`; nothing was sent."""

    def __init__(self, provider: str, until: datetime) -> None:
        whole = until + timedelta(microseconds=999_999)
        super().__init__(f"{provider}: no call is left before {whole:%Y-%m-%d %H:%M:%S} UTC", until)


class CredentialsError(ProviderError):
    """A provider rejects the key."""


class PlanError(ProviderError):
    """The key is valid, but its plan does not include the request."""


class RequestRefusedError(ProviderError):
    """The request is invalid, or about a symbol that the provider does not have."""


class PayloadError(ProviderError):
    """A response is not as documented: an unknown text is quoted, a missing field is named."""


class UndecidedOwnerError(ProviderError):
    """Nobody knows which company a ticker means now, so nothing is stored under it."""


class PublishError(Signal9Error):
    """Events or notifications could not be sent, even after retries; `refused` holds them."""

    transient = True

    def __init__(self, message: str, refused: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.refused = refused


class RemoteError(Signal9Error):
    """A Signal9 API did not return what was requested."""


class RemoteUnavailableError(RemoteError):
    """A Signal9 API cannot be reached or is busy; `retry_after_s` is how long to wait, if known."""

    transient = True

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(Signal9Error):
    """A store cannot do what was requested."""


class StoreUnavailableError(StoreError):
    """A store cannot be reached, is busy or throttles, even after retries."""

    transient = True


class UnwritableStoreError(StoreError):
    """A store takes no writes at all: it is read-only, or its disk is full."""


class ConflictError(StoreError):
    """A conditional write was based on a version that has been replaced."""


class DamagedItemError(StoreError):
    """An item is not as it was written; `table` and `key` name it."""

    def __init__(self, table: str, key: str, reason: str) -> None:
        super().__init__(f"{table} {key}: damaged, {reason}")
        self.table = table
        self.key = key
        self.reason = reason
