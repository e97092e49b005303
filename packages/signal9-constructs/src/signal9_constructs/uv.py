"""Runs uv, which installs wheels for another machine and another Python than this one."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .errors import ConstructError

__all__ = ["check_pinned", "compile_all", "find_interpreter", "find_uv", "install", "pins"]

_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*==\s*[^\s;*,]+(?=[\s;]|$)")
_TIMEOUT_S: Final = 600


def find_uv() -> str:
    """Return the path of uv: beside this Python, else on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise ConstructError(
            "bundling Python code needs uv, which is neither beside this Python nor on the PATH: "
            "install it with `pip install uv`"
        )
    return found


def find_interpreter(version: str) -> str | None:
    """Return an interpreter of `version` that is on this machine already, if there is one."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    command = [find_uv(), "python", "find", "--no-python-downloads", "--no-project", version]
    found = _finished(*command)
    return found.stdout.strip() if found.returncode == 0 else None


def pins(requirements: str) -> Iterator[str]:
    """Yield each requirement of a requirements file, joined over continued lines."""
    for line in requirements.replace("\\\n", " ").splitlines():
        plain = line.split(" #")[0].strip()
        if plain and not plain.startswith(("#", "-")):
            yield plain


def check_pinned(requirements: str) -> None:
    """Refuse a requirement without an exact version, since the bundle would change by itself."""
    loose = [pin for pin in pins(requirements) if not _PIN.match(pin)]
    if loose:
        raise ConstructError(f"requirements without an exact version (name==version): {loose}")


def install(requirements: Path, target: Path, *, python_version: str, platform: str | None) -> None:
    """Install wheels for `platform` into `target`, and refuse any that is not pinned."""
    for_platform = ["--python-platform", platform] if platform else []
    _run(
        *(find_uv(), "pip", "install", "--quiet", "--no-config", "--link-mode", "copy"),
        *("--only-binary", ":all:", "--python-version", python_version, *for_platform),
        *("--target", str(target), "--requirement", str(requirements)),
    )
    pinned = {_name(pin) for pin in pins(requirements.read_text("utf-8"))}
    surprises = sorted(pin for pin in _installed(target) if _name(pin) not in pinned)
    if surprises:
        raise ConstructError(
            f"requirements need packages that they do not pin: {surprises}; "
            "`uv pip compile` writes the whole list"
        )


def compile_all(folder: Path, interpreter: str, runs_at: str) -> None:
    """Compile every module in `folder`, as if it were at `runs_at`, never to be checked again."""
    _run(
        *(interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", runs_at, str(folder)),
    )


def _installed(target: Path) -> Iterator[str]:
    for folder in target.glob("*.dist-info"):
        name, version = folder.name.removesuffix(".dist-info").rsplit("-", 1)
        yield f"{_canonical(name)}=={version}"


def _name(pin: str) -> str:
    return _canonical(re.split(r"[\[=<>!~;@ ]", pin, maxsplit=1)[0])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(*command: str) -> None:
    done = _finished(*command)
    if done.returncode:
        raise ConstructError(f"{' '.join(command)} failed: {done.stderr.strip()}")


def _finished(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command, capture_output=True, encoding="utf-8", check=False, timeout=_TIMEOUT_S
    )
