"""Python code for Lambda, bundled without Docker and with a hash that only its inputs decide."""

import hashlib
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from .errors import ConstructError
from .uv import check_pinned, compile_all, find_interpreter, find_uv, install

__all__ = ["PythonBundle", "bundle_into"]

_FORMAT: Final = "1"
_HERE: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
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
    """Packages of your own and pinned wheels, for whatever machine a function runs on.

    `sources` are packages (folders) and modules (files), copied to the top of the bundle.
    `requirements` are exact pins, or the path of a file of them; they must be complete. `prune`
    removes what no function needs. With `botocore_services` only their data stays in botocore.
    `for_this_machine` takes this machine's platform and Python instead of Lambda's, for emulators
    that run functions in the Python that they find.
    """

    sources: Sequence[str | Path] = ()
    requirements: Sequence[str] | Path = ()
    prune: Sequence[str] = ("**/tests", "**/*.pyi", "**/py.typed")
    botocore_services: Sequence[str] | None = None
    compiled: bool = True
    for_this_machine: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not there, is not pinned, or is nothing at all."""
        missing = [str(source) for source in self.sources if not Path(source).exists()]
        if missing:
            raise ConstructError(f"sources that do not exist: {missing}")
        if not self.sources and not self.requirements:
            raise ConstructError("a bundle needs sources or requirements")
        check_pinned(self.pinned)

    @property
    def pinned(self) -> str:
        """The requirements as the text of a requirements file."""
        if isinstance(self.requirements, Path):
            return self.requirements.read_text("utf-8")
        return "\n".join(self.requirements)

    def fingerprint(self, *, python_version: str, architecture: str, below: str = "") -> str:
        """Return a hash of all that decides the bundle: sources, pins, platform, version."""
        digest = hashlib.sha256()
        botocore = "*" if self.botocore_services is None else sorted(self.botocore_services)
        platform = self.platform(architecture) or sysconfig.get_platform()
        version = self.version(python_version)
        parts = (_FORMAT, version, platform, below, self.pinned, tuple(self.prune), botocore)
        digest.update(repr((*parts, self.compiled)).encode())
        for name, file in self._files():
            digest.update(f"{name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def code(self, *, python_version: str, architecture: str, below: str = "") -> lambda_.Code:
        """Return the bundle as an asset; `below` is the folder that holds all of it."""
        builder = _Builder(self, python_version, architecture, below)
        return lambda_.Code.from_asset(
            str(self._root()),
            asset_hash_type=AssetHashType.CUSTOM,
            asset_hash=self.fingerprint(
                python_version=python_version, architecture=architecture, below=below
            ),
            bundling=BundlingOptions(image=DockerImage.from_registry("never-used"), local=builder),
        )

    def platform(self, architecture: str) -> str | None:
        """Return the platform whose wheels are wanted; `None` is this machine's."""
        return None if self.for_this_machine else _PLATFORMS[architecture]

    def version(self, wanted: str) -> str:
        """Return the version whose wheels are wanted: an emulator runs this machine's Python."""
        return _HERE if self.for_this_machine else wanted

    def _root(self) -> Path:
        # CDK wants a folder to mount, though nothing is mounted here.
        first = Path(self.sources[0]) if self.sources else Path(__file__)
        return (first if first.is_dir() else first.parent).resolve()

    def _files(self) -> Iterator[tuple[str, Path]]:
        for source in map(Path, self.sources):
            files = sorted(source.rglob("*")) if source.is_dir() else [source]
            for file in files:
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file.relative_to(source.parent).as_posix(), file


def bundle_into(
    folder: Path, bundle: PythonBundle, *, python_version: str, architecture: str, runs_at: str
) -> None:
    """Fill `folder` with what `bundle` describes."""
    version = bundle.version(python_version)
    if bundle.pinned.strip():
        _install(folder, bundle, version, architecture)
    for source in map(Path, bundle.sources):
        _copy(source, folder / source.name)
    _prune(folder, (*_ALWAYS_PRUNED, *bundle.prune))
    if bundle.botocore_services is not None:
        _keep_services(folder / "botocore" / "data", set(bundle.botocore_services))
    if bundle.compiled:
        _compile(folder, version, runs_at)


def _install(folder: Path, bundle: PythonBundle, python_version: str, architecture: str) -> None:
    listed = folder / "requirements.txt"
    listed.write_text(bundle.pinned, "utf-8")
    platform = bundle.platform(architecture)
    install(listed, folder, python_version=python_version, platform=platform)
    listed.unlink()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _prune(folder: Path, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        for found in sorted(folder.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)


def _keep_services(data: Path, wanted: set[str]) -> None:
    for service in [folder for folder in data.glob("*") if folder.is_dir()]:
        if service.name not in wanted:
            shutil.rmtree(service)


def _compile(folder: Path, version: str, runs_at: str) -> None:
    interpreter = find_interpreter(version)
    if interpreter:
        compile_all(folder, interpreter, runs_at)
        return
    sys.stderr.write(
        f"no Python {version} here: the bundle has no .pyc and starts more slowly; "
        f"`uv python install {version}` helps\n"
    )


@jsii.implements(ILocalBundling)
class _Builder:
    """Bundles on this machine; whatever goes wrong is raised, so that Docker is never tried."""

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
