"""The keys of providers: which there are, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from ..answers import KeyAnswer, KeysAnswer
from ..errors import SecretNotSetError
from ..keys import KEYS, KeyName, KeySource, find_key, with_keys
from .given import SettingsKeys

__all__ = ["Keys"]


@dataclass(frozen=True)
class Keys:
    """Looks for keys in these sources, in this order."""

    sources: Sequence[KeySource]

    def values_of(self, provider: str) -> dict[str, SecretStr]:
        """Return the keys of a provider, by their settings."""
        return with_keys(KEYS.get(provider, ()), self.sources)

    def places(self) -> KeysAnswer:
        """Tell where every key comes from."""
        return KeysAnswer(
            keys=[
                KeyAnswer(
                    provider=provider, setting=f"SIGNAL9_{key.upper()}", source=self._place(key)
                )
                for provider, keys in KEYS.items()
                for key in keys
            ]
        )

    def _place(self, key: KeyName) -> str | None:
        try:
            found = find_key(key, self.sources)
        except SecretNotSetError:
            return None
        given = self.sources[0]
        if found is not None and isinstance(given, SettingsKeys) and found.source == given.name:
            return given.place_of(key)
        return None if found is None else found.source
