"""Keys by name: the first source that has one is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pydantic import SecretStr

__all__ = ["KEYS", "FoundKey", "KeyName", "KeySource", "find_key", "with_keys"]

KeyName = Literal["alphavantage_key", "alpaca_key", "alpaca_secret"]
"""What the setting of a key is called."""

KEYS: Final[Mapping[str, tuple[KeyName, ...]]] = {
    "alphavantage": ("alphavantage_key",),
    "alpaca": ("alpaca_key", "alpaca_secret"),
}
"""Which keys each provider needs."""


class KeySource(Protocol):
    """A place that may hold keys."""

    @property
    def name(self) -> str:
        """What people call it."""

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key; `None` where it is not there. `SettingsError` where it cannot be read."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it was found."""

    source: str
    value: SecretStr


def find_key(key: KeyName, sources: Sequence[KeySource]) -> FoundKey | None:
    """Return a key from the first source that has it; `SettingsError` as the sources raise it."""
    for source in sources:
        value = source.get(key)
        if value is not None:
            return FoundKey(source.name, value)
    return None


def with_keys(names: Sequence[KeyName], sources: Sequence[KeySource]) -> dict[str, SecretStr]:
    """Return those of the keys that are anywhere, by their settings."""
    found = {name: find_key(name, sources) for name in names}
    return {name: each.value for name, each in found.items() if each is not None}
