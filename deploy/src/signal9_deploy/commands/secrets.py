"""Reads secret values from a person or from JSON, and stores them in Secrets Manager."""

import json
from collections.abc import Callable, Mapping

from ..errors import DeployError
from ..names import SECRETS, SecretSpec, secret_name
from ..settings import StageSettings
from .aws import Account

__all__ = ["from_json", "from_prompt", "put_secrets"]

Values = Mapping[str, Mapping[str, str]]


def from_prompt(prompt: Callable[[str], str]) -> Values:
    """Ask for every field; a secret whose first field is left empty is not changed."""
    values = {}
    for spec in SECRETS:
        first, *others = spec.fields
        value = prompt(f"{spec.description}: {first}").strip()
        if value:
            values[spec.name] = {first: value} | {
                name: prompt(f"{spec.description}: {name}").strip() for name in others
            }
    return _checked(values)


def from_json(text: str) -> Values:
    """Read `{"alpaca": {"apiKey": "...", "secretKey": "..."}}`; errors never show values."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise DeployError(f"the secrets on stdin are not JSON: {error.args[0]}") from None
    if not isinstance(values, dict):
        raise DeployError("the secrets on stdin must be a JSON object with secrets by name")
    return _checked(values)


def put_secrets(settings: StageSettings, account: Account, values: Values) -> list[str]:
    """Store the values and return the names of the secrets."""
    names = []
    for name, fields in values.items():
        full_name = secret_name(name, settings.stage)
        account.put_secret(full_name, fields)
        names.append(full_name)
    return names


def _checked(values: Values) -> Values:
    specs = {spec.name: spec for spec in SECRETS}
    for name, fields in values.items():
        if name not in specs:
            raise DeployError(f"secret {name!r}: must be one of {', '.join(specs)}")
        _check_fields(specs[name], fields)
    return values


def _check_fields(spec: SecretSpec, fields: object) -> None:
    if not isinstance(fields, dict) or set(fields) != set(spec.fields):
        names = ", ".join(spec.fields)
        raise DeployError(f"secret {spec.name}: must have exactly these fields: {names}")
    for name, value in fields.items():
        if not isinstance(value, str) or not value.strip():
            raise DeployError(f"secret {spec.name}: {name} is empty")
