import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from signal9_core.settings import Settings
from signal9_deploy.settings import StageSettings

from .project import ROOT, documents, output

CODE: Final = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
HATCH_RUN: Final = re.compile(r"hatch run ([a-z0-9-]+(?::[a-z0-9-]+|:\{[a-z0-9,-]+\})?)")
SETTING: Final = re.compile(r"\bSIGNAL9_([A-Z0-9_]+)\b")
COMMAND: Final = re.compile(r"(?:^|[`$>(\s])signal9 ([a-z][a-z-]*)", re.MULTILINE)
LISTED_COMMAND: Final = re.compile(r"^[\s│|]*([a-z][a-z-]*)\s{2,}\S", re.MULTILINE)


Scripts = dict[str, str | list[str]]
Environments = dict[str, dict[str, Any]]


@cache
def _scripts() -> dict[str, str]:
    """What `hatch run NAME` runs, by name, inherited scripts included."""
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    found: dict[str, str] = {}
    for name in environments:
        prefix = "" if name == "default" else f"{name}:"
        for script, steps in _inherited(environments, name).items():
            found[prefix + script] = steps if isinstance(steps, str) else " && ".join(steps)
    return found


def _inherited(environments: Environments, name: str) -> Scripts:
    template = environments[name].get("template", "default")
    above = {} if name == template else _inherited(environments, template)
    own: Scripts = environments[name].get("scripts", {})
    return above | own


def _own_scripts() -> Iterator[str]:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    for name, environment in environments.items():
        for script in environment.get("scripts", {}):
            yield script if name == "default" else f"{name}:{script}"


def _named_in(text: str) -> set[str]:
    """Return the scripts that a text runs; `deploy:{dev,prod}` are two."""
    names = set()
    for found in HATCH_RUN.findall(text):
        environment, _, script = found.partition(":")
        if script.startswith("{"):
            names |= {f"{environment}:{each}" for each in script.strip("{}").split(",")}
        else:
            names.add(found)
    return names


def _code(text: str) -> str:
    return "\n".join(CODE.findall(text))


HIDDEN = frozenset({"identity"})
"""Commands for rare situations, which `signal9 --help` does not list."""


@cache
def _commands() -> frozenset[str]:
    shown = output(Path(sys.executable).with_name("signal9"), "--help")
    _, _, commands = shown.partition("Commands")
    return frozenset(LISTED_COMMAND.findall(commands))


def test_every_hatch_command_in_the_docs_exists() -> None:
    unknown = {
        str(path): missing
        for path, text in documents().items()
        if (missing := _named_in(text) - set(_scripts()))
    }

    assert unknown == {}


def test_scripts_run_only_scripts_that_exist() -> None:
    assert {name for steps in _scripts().values() for name in _named_in(steps)} <= set(_scripts())


def test_the_readme_names_every_command_of_the_default_environment() -> None:
    readme = ROOT / "README.md"
    assert readme.exists(), "README.md is missing"

    plain = {name for name in _own_scripts() if ":" not in name}

    assert plain - _named_in(readme.read_text(encoding="utf-8")) == set()


def test_every_other_hatch_command_is_documented_or_part_of_one_that_is() -> None:
    known = set().union(*(_named_in(text) for text in documents().values()))
    for _ in _scripts():
        known |= {called for name in known for called in _called_by(name)}

    assert set(_own_scripts()) - known == set()


def _called_by(name: str) -> set[str]:
    """Return the scripts that a script runs: by `hatch run`, or as steps of its environment."""
    steps = _scripts().get(name, "")
    environment, colon, _ = name.rpartition(":")
    first_words = {step.split()[0] for step in steps.split(" && ") if step}
    return _named_in(steps) | {f"{environment}{colon}{word}" for word in first_words}


def test_every_setting_in_the_docs_exists() -> None:
    read_by_tests = set().union(
        *(SETTING.findall(path.read_text("utf-8")) for path in (ROOT / "tests").rglob("*.py"))
    )
    known = read_by_tests | {name.upper() for name in Settings.model_fields}
    known |= {f"DEPLOY__{name.upper()}" for name in StageSettings.model_fields}

    unknown = {
        str(path): missing
        for path, text in documents().items()
        if (missing := set(SETTING.findall(text)) - known)
    }

    assert unknown == {}


def test_every_setting_is_documented() -> None:
    page = ROOT / "docs/settings.md"
    assert page.exists(), "docs/settings.md is missing"

    documented = set(SETTING.findall(page.read_text(encoding="utf-8")))

    assert {name.upper() for name in Settings.model_fields} - documented == set()


def test_every_signal9_command_in_the_docs_exists() -> None:
    unknown = {
        str(path): missing
        for path, text in documents().items()
        if (missing := set(COMMAND.findall(_code(text))) - _commands() - HIDDEN)
    }

    assert unknown == {}


def test_every_signal9_command_is_documented() -> None:
    known = set().union(*(COMMAND.findall(_code(text)) for text in documents().values()))

    assert _commands()
    assert _commands() - known == set()
