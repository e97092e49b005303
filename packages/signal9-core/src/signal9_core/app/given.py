"""Keys that the settings hold."""

import os
from dataclasses import dataclass

from pydantic import SecretStr

from ..keys import KeyName
from ..settings import Settings

__all__ = ["SettingsKeys"]


@dataclass(frozen=True)
class SettingsKeys:
    """The environment, or else the file `.env` in the present folder."""

    settings: Settings

    @property
    def name(self) -> str:
        """How people call it; `place_of` says which of the two it is."""
        return "environment"

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key that was given."""
        found: SecretStr | None = getattr(self.settings, key)
        return found

    def place_of(self, key: KeyName) -> str:
        """Tell where a key was given."""
        return self.name if os.environ.get(f"SIGNAL9_{key.upper()}") else ".env"
