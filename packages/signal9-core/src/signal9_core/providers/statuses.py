"""What HTTP says of an answer: which error a status means, and when to come back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from ..errors import (
    BurstError,
    CredentialsError,
    PayloadError,
    PlanError,
    ProviderError,
    ProviderUnavailableError,
    RequestRefusedError,
    UnknownSymbolError,
)

__all__ = ["data_type_problem", "refusal", "retry_at", "used_up_until"]

_KINDS: Final[Mapping[int, tuple[type[ProviderError], str]]] = {
    400: (RequestRefusedError, "refused the question"),
    401: (CredentialsError, "does not accept the key"),
    403: (PlanError, "does not allow this to the key's plan"),
    404: (UnknownSymbolError, "knows no such thing"),
    408: (ProviderUnavailableError, "gave up waiting"),
    422: (RequestRefusedError, "refused the question"),
    429: (BurstError, "was asked too often"),
}
_FAILURE: Final = 500
_FAILED: Final = (ProviderUnavailableError, "failed")
_ODD: Final = (PayloadError, "did not answer")
_OK: Final = 200
_DATA_TYPES: Final = ("json", "csv", "text/plain", "octet-stream", "download")


def refusal(status: int, quoted: str, until: datetime | None, where: str) -> ProviderError | None:
    """Return the error that a status means; `None` for success."""
    if status == _OK:
        return None
    other = _FAILED if status >= _FAILURE else _ODD
    kind, meaning = _KINDS.get(status, other)
    said = f": {quoted}" if quoted else ""
    return kind(f"{where}: the provider {meaning} (HTTP {status}){said}", until)


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when to come back, by `Retry-After` or else `X-RateLimit-Reset`."""
    after = headers.get("retry-after", "").strip()
    if after.isdigit():
        return now + timedelta(seconds=int(after))
    return _http_date(after) or _epoch(headers.get("x-ratelimit-reset", ""))


def used_up_until(headers: Mapping[str, str]) -> datetime | None:
    """Return when calls are allowed again, where this answer was the last one allowed."""
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return None
    return _epoch(headers.get("x-ratelimit-reset", ""))


def data_type_problem(content_type: str, body: bytes) -> str | None:
    """Say what came in place of data, where a body cannot hold any; `None` where it can."""
    kind = content_type.partition(";")[0].strip().lower()
    if "html" in kind or body[:64].lstrip()[:1] == b"<":
        return "an HTML page came in place of data"
    if kind and not any(each in kind for each in _DATA_TYPES):
        return f"{kind} came in place of data"
    return None


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
