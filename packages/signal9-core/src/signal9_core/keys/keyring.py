"""Keys in the keyring of the user's machine."""

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from pydantic import SecretStr

from ..errors import SettingsError
from .found import KeyName

__all__ = ["KeyringKeys"]

_SERVICE: Final = "signal9"


class KeyringKeys:
    """The keyring, where the package `keyring` is installed; the service is `signal9`."""

    name = "keyring"

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key; `None` where there is no keyring."""
        if find_spec("keyring") is None:
            return None
        keyring = import_module("keyring")
        try:
            found = keyring.get_password(_SERVICE, key)
        except import_module("keyring.errors").NoKeyringError:
            return None
        except import_module("keyring.errors").KeyringError as error:
            raise SettingsError(f"the keyring does not give {key}: {error}") from error
        return SecretStr(found) if found else None
