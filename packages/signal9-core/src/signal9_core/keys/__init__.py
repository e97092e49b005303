"""Where the keys of providers come from, beside the settings."""

from .found import KEYS, FoundKey, KeyName, KeySource, find_key, with_keys
from .keyring import KeyringKeys
from .secrets_manager import SecretsManagerKeys, secrets_client

__all__ = [
    "KEYS",
    "FoundKey",
    "KeyName",
    "KeySource",
    "KeyringKeys",
    "SecretsManagerKeys",
    "find_key",
    "secrets_client",
    "with_keys",
]
