"""Reads a stage: its file, then the variables that override it; one clear line when it is wrong."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsError,
    TomlConfigSettingsSource,
)

from .errors import StageError
from .settings import StageSettings

__all__ = ["FOLDER", "load_stage", "stage_names"]

FOLDER: Final = Path(__file__).parents[2] / "stages"
"""Where the stages' files are."""

_PREFIX: Final = "SIGNAL9_DEPLOY__"
_ORDER: Final = ("local", "dev", "test", "prod")


def stage_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the stages that have a file, those that everybody knows first."""
    found = {path.stem for path in folder.glob("*.toml")}
    return (*(name for name in _ORDER if name in found), *sorted(found.difference(_ORDER)))


def load_stage(name: str, folder: Path = FOLDER) -> StageSettings:
    """Read the stage called `name`; `StageError` names file or variable, and field."""
    file = folder / f"{name}.toml"
    if name not in stage_names(folder):
        known = ", ".join(stage_names(folder))
        raise StageError(f"stage {name!r}: no file of that name in {folder.name}/, only {known}")
    _check_variables(os.environ)
    try:
        return _reader(file)(stage=name)
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{_shown(file)}: not TOML: {error}") from error
    except SettingsError as error:
        # A list or a table in a variable is JSON; the error names the field alone.
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
            from_file = TomlConfigSettingsSource(settings_cls, toml_file=file)
            return init_settings, env_settings, from_file

    return FromFile


def _check_variables(environment: Mapping[str, str]) -> None:
    """Refuse a variable that looks like a setting and is none: it would be ignored in silence."""
    for name in environment:
        first = name.removeprefix(_PREFIX).partition("__")[0].lower()
        if name.startswith(_PREFIX) and (
            first not in StageSettings.model_fields or first == "stage"
        ):
            raise StageError(f"{name}: there is no such setting")


def _problems(error: ValidationError, file: Path) -> Iterator[str]:
    for each in error.errors():
        place = [str(part) for part in each["loc"]]
        message = each["msg"].removeprefix("Value error, ")
        where = _origin(place, file)
        yield f"{where}: {'.'.join(place)}: {message}" if place else f"{where}: {message}"


def _origin(place: list[str], file: Path) -> str:
    """Return the variables that a value may have come from, else the file."""
    whole = _PREFIX + "__".join(place).upper()
    given = sorted(name.upper() for name in os.environ if name.startswith(_PREFIX))
    if place:
        for name in given:
            if name == whole or whole.startswith(f"{name}__"):
                return name
        inside = [name for name in given if name.startswith(f"{whole}__")]
        return " with ".join((_shown(file), *inside))
    return _shown(file)


def _shown(file: Path) -> str:
    return f"{file.parent.parent.name}/{file.parent.name}/{file.name}"
