"""Reads keys from a person or from JSON, and puts them where functions find them."""

import json
from collections.abc import Callable, Mapping

from ..errors import DeployError
from ..secrets import SECRETS, SecretSpec, secret_name
from ..settings import StageSettings
from .aws import Account

__all__ = ["asked", "from_json", "put_secrets"]

Values = Mapping[str, Mapping[str, str]]


def asked(prompt: Callable[[str], str]) -> Values:
    """Ask for every field; a secret whose first field stays empty is left as it is."""
    found = {}
    for spec in SECRETS:
        first, *others = spec.fields
        answer = prompt(f"{spec.description}: {first}").strip()
        if answer:
            found[spec.name] = {first: answer} | {
                name: prompt(f"{spec.description}: {name}").strip() for name in others
            }
    return _checked(found)


def from_json(text: str) -> Values:
    """Read `{"alpaca": {"apiKey": "...", "secretKey": "..."}}`; the values are never shown."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise DeployError(f"the secrets on stdin are not JSON: {error.args[0]}") from None
    if not isinstance(given, dict):
        raise DeployError("the secrets on stdin must be an object by name of the secret")
    return _checked(given)


def put_secrets(settings: StageSettings, account: Account, values: Values) -> list[str]:
    """Put the values into the stage's secrets, and return the names of those."""
    names = []
    for name, fields in values.items():
        full = secret_name(name, settings.stage)
        account.put_secret(full, fields)
        names.append(full)
    return names


def _checked(given: Values) -> Values:
    specs = {spec.name: spec for spec in SECRETS}
    for name, fields in given.items():
        if name not in specs:
            raise DeployError(f"there is no secret {name!r}, only {', '.join(specs)}")
        _check_fields(specs[name], fields)
    return given


def _check_fields(spec: SecretSpec, fields: object) -> None:
    wanted = ", ".join(spec.fields)
    if not isinstance(fields, dict) or set(fields) != set(spec.fields):
        raise DeployError(f"secret {spec.name}: needs exactly these fields: {wanted}")
    for name, value in fields.items():
        if not isinstance(value, str) or not value.strip():
            raise DeployError(f"secret {spec.name}: {name} is empty")
