"""Reproducible bundles of Python code for Lambda, made with uv instead of Docker."""

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from .errors import ConstructError, choose

__all__ = ["PythonBundle", "bundle_into", "find_interpreter", "find_uv"]

_FORMAT: Final = "1"
_THIS_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*==\s*[^\s;*,]+(?=[\s;]|$)")
_TIMEOUT_S: Final = 600
_ALWAYS_PRUNED: Final = (
    "**/__pycache__",
    "*.dist-info/INSTALLER",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_*.json",
    ".lock",
    "bin",
)


@dataclass(frozen=True, slots=True)
class PythonBundle:
    """Your own packages and pinned wheels, for the platform of the function.

    `sources` are packages (folders) and modules (files), copied to the top of the bundle.
    `requirements` is a complete list of exact pins, or the path of a requirements file. Files that
    match `prune` are removed. With `botocore_services` botocore keeps the data of those services
    only. `for_this_machine` uses this machine's platform and Python instead of Lambda's, for
    emulators that run functions in their own Python.
    """

    sources: Sequence[str | Path] = ()
    requirements: Sequence[str] | Path = ()
    prune: Sequence[str] = ("**/tests", "**/*.pyi", "**/py.typed")
    botocore_services: Sequence[str] | None = None
    compiled: bool = True
    for_this_machine: bool = False

    def __post_init__(self) -> None:
        """Refuse missing sources, requirements without a pin, and an empty bundle."""
        missing = [str(source) for source in self.sources if not Path(source).exists()]
        if missing:
            raise ConstructError(f"sources do not exist: {missing}")
        if not self.sources and not self.requirements:
            raise ConstructError("sources or requirements are required")
        unpinned = [pin for pin in _requirements(self.pinned) if not _PIN.match(pin)]
        if unpinned:
            raise ConstructError(f"requirements must have exact versions (name==1.0): {unpinned}")

    @property
    def pinned(self) -> str:
        """The requirements as the text of a requirements file."""
        if isinstance(self.requirements, Path):
            return self.requirements.read_text("utf-8")
        return "\n".join(self.requirements)

    def fingerprint(self, *, python_version: str, architecture: str, below: str = "") -> str:
        """Return a hash of everything that decides the bundle's content."""
        digest = hashlib.sha256()
        botocore = None if self.botocore_services is None else sorted(self.botocore_services)
        platform = self.platform(architecture) or sysconfig.get_platform()
        version = self.version(python_version)
        parts = (_FORMAT, version, platform, below, self.pinned, tuple(self.prune), botocore)
        digest.update(repr((*parts, self.compiled)).encode())
        for name, file in self._files():
            digest.update(f"{name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def code(self, *, python_version: str, architecture: str, below: str = "") -> lambda_.Code:
        """Return the bundle as an asset; `below` is the folder inside it that holds everything."""
        builder = _Builder(self, python_version, architecture, below)
        # The CDK wants a folder to mount, although nothing is mounted.
        first = Path(self.sources[0]) if self.sources else Path(__file__)
        return lambda_.Code.from_asset(
            str((first if first.is_dir() else first.parent).resolve()),
            asset_hash_type=AssetHashType.CUSTOM,
            asset_hash=self.fingerprint(
                python_version=python_version, architecture=architecture, below=below
            ),
            bundling=BundlingOptions(image=DockerImage.from_registry("never-used"), local=builder),
        )

    def platform(self, architecture: str) -> str | None:
        """Return the platform to install wheels for; `None` is this machine's."""
        return None if self.for_this_machine else choose(_PLATFORMS, "architecture", architecture)

    def version(self, python_version: str) -> str:
        """Return the Python version to install wheels for."""
        return _THIS_PYTHON if self.for_this_machine else python_version

    def _files(self) -> Iterator[tuple[str, Path]]:
        for source in map(Path, self.sources):
            files = sorted(source.rglob("*")) if source.is_dir() else [source]
            for file in files:
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file.relative_to(source.parent).as_posix(), file


def bundle_into(
    folder: Path, bundle: PythonBundle, *, python_version: str, architecture: str, runs_at: str
) -> None:
    """Write `bundle` into `folder`, which the function will see as `runs_at`."""
    version = bundle.version(python_version)
    if bundle.pinned.strip():
        _install(folder, bundle.pinned, version, bundle.platform(architecture))
    for source in map(Path, bundle.sources):
        if source.is_dir():
            shutil.copytree(source, folder / source.name, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, folder / source.name)
    _prune(folder, (*_ALWAYS_PRUNED, *bundle.prune))
    if bundle.botocore_services is not None:
        for service in [path for path in folder.glob("botocore/data/*") if path.is_dir()]:
            if service.name not in bundle.botocore_services:
                shutil.rmtree(service)
    if bundle.compiled:
        _compile(folder, version, runs_at)


def find_uv() -> str:
    """Return the path of uv: next to this Python, otherwise on the PATH."""
    sibling = Path(sys.executable).with_name("uv")
    path = str(sibling) if sibling.exists() else shutil.which("uv")
    if not path:
        raise ConstructError(
            "uv is required to bundle Python code and is neither next to this Python nor on the "
            "PATH: install it with `pip install uv`"
        )
    return path


def find_interpreter(version: str) -> str | None:
    """Return an installed interpreter of `version`, if there is one."""
    if version == _THIS_PYTHON:
        return sys.executable
    command = [find_uv(), "python", "find", "--no-python-downloads", "--no-project", version]
    process = _run(*command)
    return process.stdout.strip() if process.returncode == 0 else None


def _install(folder: Path, pinned: str, python_version: str, platform: str | None) -> None:
    """Install wheels for `platform`, and refuse dependencies that are not pinned."""
    file = folder / "requirements.txt"
    file.write_text(pinned, "utf-8")
    for_platform = ["--python-platform", platform] if platform else []
    _check(
        *(find_uv(), "pip", "install", "--quiet", "--no-config", "--link-mode", "copy"),
        *("--only-binary", ":all:", "--python-version", python_version, *for_platform),
        *("--target", str(folder), "--requirement", str(file)),
    )
    file.unlink()
    names = {_name(pin) for pin in _requirements(pinned)}
    unpinned = sorted(pin for pin in _installed(folder) if _name(pin) not in names)
    if unpinned:
        raise ConstructError(
            f"requirements depend on packages that are not pinned: {unpinned}; "
            "`uv pip compile` writes the complete list"
        )


def _prune(folder: Path, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _compile(folder: Path, version: str, runs_at: str) -> None:
    interpreter = find_interpreter(version)
    if interpreter is None:
        sys.stderr.write(
            f"Python {version} is not installed: the bundle has no .pyc files and starts more "
            f"slowly; install it with `uv python install {version}`\n"
        )
        return
    _check(
        *(interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", runs_at, str(folder)),
    )


@jsii.implements(ILocalBundling)
class _Builder:
    """Bundles on this machine; an error is raised, so the CDK never falls back to Docker."""

    def __init__(
        self, bundle: PythonBundle, python_version: str, architecture: str, below: str
    ) -> None:
        self._bundle = bundle
        self._python_version = python_version
        self._architecture = architecture
        self._below = below

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        find_uv()
        folder = Path(output_dir) / self._below
        folder.mkdir(exist_ok=True)
        bundle_into(
            folder,
            self._bundle,
            python_version=self._python_version,
            architecture=self._architecture,
            runs_at=f"/opt/{self._below}" if self._below else "/var/task",
        )
        return True


def _requirements(text: str) -> Iterator[str]:
    """Yield each requirement of a requirements file, with continued lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        requirement = line.split(" #")[0].strip()
        if requirement and not requirement.startswith(("#", "-")):
            yield requirement


def _installed(folder: Path) -> Iterator[str]:
    for info in folder.glob("*.dist-info"):
        name, version = info.name.removesuffix(".dist-info").rsplit("-", 1)
        yield f"{_canonical(name)}=={version}"


def _name(requirement: str) -> str:
    return _canonical(re.split(r"[\[=<>!~;@ ]", requirement, maxsplit=1)[0])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _check(*command: str) -> None:
    process = _run(*command)
    if process.returncode:
        raise ConstructError(f"{' '.join(command)} failed: {process.stderr.strip()}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command, capture_output=True, encoding="utf-8", check=False, timeout=_TIMEOUT_S
    )
