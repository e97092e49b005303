"""Where keys come from, beside the settings: those of providers, and the one that signs cursors."""

from .found import KEYS, FoundKey, KeyName, KeySource, find_key, with_keys
from .keyring import KeyringKeys
from .rotation import RotateSigningKey
from .secrets_manager import SecretsManagerKeys, secrets_client
from .signing import SecretSigningKeys

__all__ = [
    "KEYS",
    "FoundKey",
    "KeyName",
    "KeySource",
    "KeyringKeys",
    "RotateSigningKey",
    "SecretSigningKeys",
    "SecretsManagerKeys",
    "find_key",
    "secrets_client",
    "with_keys",
]
