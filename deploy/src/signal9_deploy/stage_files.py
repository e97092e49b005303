"""Reads a stage's file and the environment variables that override it."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
    TomlConfigSettingsSource,
)

from .errors import StageError
from .settings import LOCAL, StageSettings

__all__ = ["FOLDER", "load_stage", "stage_names"]

FOLDER: Final = Path(__file__).parents[2] / "stages"
"""The folder of the stage files."""

_PREFIX: Final = "SIGNAL9_DEPLOY__"
_ORDER: Final = ("local", "dev", "test", "prod")
_OF_AN_ACCOUNT: Final = (
    *("account", "aliases", "anomaly_monitor", "anomaly_usd", "dmarc", "domain", "mail"),
    *("monthly_budget_usd", "recipients", "site_hosts", "spf", "zone_id"),
)


def stage_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the stages that have a file, the usual ones first."""
    names = {path.stem for path in folder.glob("*.toml")}
    return (*(name for name in _ORDER if name in names), *sorted(names.difference(_ORDER)))


def load_stage(name: str, folder: Path = FOLDER) -> StageSettings:
    """Read the stage `name`; a `StageError` names the file or variable, and the field.

    The stage `local` runs on an emulator and ignores variables that describe an account.
    """
    file = folder / f"{name}.toml"
    if name not in stage_names(folder):
        raise StageError(f"stage {name!r}: must be one of {', '.join(stage_names(folder))}")
    _check_variables(os.environ)
    try:
        return _reader(file)(stage=name)
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{_display(file)}: invalid TOML: {error}") from error
    except SettingsError as error:
        # A list or a table in a variable must be JSON; this error names only the field.
        raise StageError(f"{_PREFIX}...: {error}") from error
    except ValidationError as error:
        raise StageError("; ".join(_problems(error, file))) from error


def _reader(file: Path) -> type[StageSettings]:
    class FromFile(StageSettings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            if file.stem == LOCAL and isinstance(env_settings, EnvSettingsSource):
                env_settings.env_vars = {
                    name: value
                    for name, value in env_settings.env_vars.items()
                    if _field(name) not in _OF_AN_ACCOUNT
                }
            from_file = TomlConfigSettingsSource(settings_cls, toml_file=file)
            return init_settings, env_settings, from_file

    return FromFile


def _field(variable: str) -> str:
    """Return the setting that a variable overrides."""
    return variable.upper().removeprefix(_PREFIX).partition("__")[0].lower()


def _check_variables(environment: Mapping[str, str]) -> None:
    """Refuse a variable with our prefix that is not a setting: it would be silently ignored."""
    settings = StageSettings.model_fields.keys() - {"stage"}
    for name in environment:
        if name.startswith(_PREFIX) and _field(name) not in settings:
            raise StageError(f"{name}: no such setting")


def _problems(error: ValidationError, file: Path) -> Iterator[str]:
    for problem in error.errors():
        field = [str(part) for part in problem["loc"]]
        message = problem["msg"].removeprefix("Value error, ")
        origin = _origin(field, file)
        yield f"{origin}: {'.'.join(field)}: {message}" if field else f"{origin}: {message}"


def _origin(field: list[str], file: Path) -> str:
    """Return the variable that a value came from, or the file and variables inside it."""
    if not field:
        return _display(file)
    whole = _PREFIX + "__".join(field).upper()
    variables = sorted(name.upper() for name in os.environ if name.startswith(_PREFIX))
    for name in variables:
        if name == whole or whole.startswith(f"{name}__"):
            return name
    inside = [name for name in variables if name.startswith(f"{whole}__")]
    return " with ".join((_display(file), *inside))


def _display(file: Path) -> str:
    return f"{file.parent.parent.name}/{file.parent.name}/{file.name}"
