"""The stage `local`: the app on an emulator on this machine, filled with sample data."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from ..errors import DeployError
from ..functions import FUNCTIONS
from ..names import function_name, stack_name, table_prefix
from ..settings import StageSettings
from .aws import Account
from .cdk_cli import DEPLOY, CdkCli, Echo, deploy
from .deployment import destroy_in_account
from .site import upload_site
from .smoke import Deployment

__all__ = ["FOLDER", "LEFT_OUT", "PORT", "Emulator", "account", "deploy_local", "destroy_local"]

FOLDER: Final = DEPLOY / ".local"
"""The files of the running emulator, and its log."""

PORT: Final = 4566
"""The usual port of AWS emulators."""

LEFT_OUT: Final[Mapping[str, str]] = {
    "Network": "VPC, NAT gateways and flow logs; functions use this machine's network",
    "AccessTrail": "CloudTrail",
    "EventBackbone": "archive, schema registry, delivery retries and undelivered events",
    "GradualDeployment": "CodeDeploy; a new version gets all requests at once",
    "Firewall": "logs, lists of addresses, the association with the API; nothing is blocked",
    "Firewall at the edge": "the distribution has none",
    "Observability": "incidents, and alarms on tables and data sets, which are metric math",
    "ApiSecret": "alarms on the age of secrets",
    "DnsZone": "zone, records, certificates and health checks",
}
"""What the emulator refuses or ignores, by construct."""

NO_ISSUER: Final = (
    "no issuer: only /health responds, all other paths refuse every caller; "
    "SIGNAL9_DEPLOY__ISSUER=https://YOUR-TENANT.eu.auth0.com/ hatch run deploy:local accepts "
    "that issuer's tokens for"
)
"""Printed without an issuer, before the audience."""

_ACCOUNT: Final = "000000000000"
_HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 10


def deploy_local(settings: StageSettings, *, port: int, echo: Echo, seed: bool = True) -> str:
    """Deploy to the emulator, begin to fill empty tables, and return the API's URL."""
    url = _emulator_url(port)
    echo(f"emulator: {url}")
    variables = _variables(settings, url)
    cdk, account = CdkCli(variables), Account(settings.region, variables)
    try:
        _bootstrap(settings, cdk, account, echo)
        deployment = Deployment.begin(settings, account, echo)
        echo("bundling and deploying ...")
        deploy(settings, cdk, quietly=True)
    except DeployError as error:
        if Emulator(url).responds():
            raise
        log = FOLDER / "emulator.log"
        raise DeployError(f"the emulator at {url} has exited: see {log}") from error
    for name, features in LEFT_OUT.items():
        echo(f"left out: {name}: {features}")
    api = account.outputs(stack_name(settings, "Service"))["ApiId"]
    api_url = f"{url}/restapis/{api}/live/_user_request_/api/v1"
    echo(f"API: {api_url}")
    _upload_page(settings, account, url, echo)
    if settings.issuer is None:
        echo(f"{NO_ISSUER} {settings.audience}")
    if seed and account.is_empty(f"{table_prefix(settings)}Assets"):
        for spec in FUNCTIONS:
            if spec.plans:
                echo("the stage fills itself from now on, within minutes")
                account.invoke(function_name(settings, spec.name))
    deployment.check(echo)
    return api_url


def _bootstrap(settings: StageSettings, cdk: CdkCli, account: Account, echo: Echo) -> None:
    if not account.bootstrapped():
        echo("bootstrapping the emulator ...")
        target = f"aws://{_ACCOUNT}/{settings.region}"
        cdk.output("bootstrap", target, "--context", f"stage={settings.stage}")


def destroy_local(settings: StageSettings, echo: Echo) -> None:
    """Stop the emulator with everything on it; on an external one, destroy the stacks."""
    external = os.environ.get("AWS_ENDPOINT_URL")
    if external:
        variables = _variables(settings, external)
        account = Account(settings.region, variables)
        destroy_in_account(settings, CdkCli(variables), account, echo)
        return
    emulator = Emulator.running(FOLDER)
    if emulator is None:
        echo("no emulator is running")
        return
    emulator.stop(FOLDER)
    echo(f"the emulator at {emulator.url} was stopped")


def account(settings: StageSettings) -> Account:
    """Return the account on the running emulator."""
    running = Emulator.running(FOLDER)
    url = os.environ.get("AWS_ENDPOINT_URL") or (running and running.url)
    if not url:
        raise DeployError("no emulator is running: hatch run deploy:local starts one")
    return Account(settings.region, _variables(settings, url))


def _upload_page(settings: StageSettings, account: Account, url: str, echo: Echo) -> None:
    """Upload the page and print its address, whose name browsers resolve to this machine."""
    if not settings.parts.edge:
        return
    upload_site(settings, account, echo)
    site = account.outputs(stack_name(settings, "Edge"))["SiteUrl"]
    label, port = (urlsplit(site).hostname or "").partition(".")[0], urlsplit(url).port or PORT
    echo(f"page: http://{label}.cloudfront.localhost:{port}/")


def _emulator_url(port: int) -> str:
    external = os.environ.get("AWS_ENDPOINT_URL")
    if external is None:
        return (Emulator.running(FOLDER) or Emulator.start(FOLDER, port)).url
    if not Emulator(external).responds():
        raise DeployError(f"AWS_ENDPOINT_URL: no emulator responds at {external}")
    return external


def _variables(settings: StageSettings, url: str) -> dict[str, str]:
    return {
        **_credentials(settings.region),
        "AWS_ENDPOINT_URL": url,
        # The template validator takes seconds, and the emulator checks the templates itself.
        "CDK_VALIDATION": "false",
        "SIGNAL9_DEPLOY__EMULATOR_PORT": str(urlsplit(url).port or PORT),
    }


def _credentials(region: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


@dataclass(frozen=True, slots=True)
class Emulator:
    """MiniStack, an emulator of AWS; `pid` is its process if it was started here."""

    url: str
    pid: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def running(cls, folder: Path) -> Self | None:
        """Return the emulator that was started with `folder`, if it still responds."""
        file = folder / "emulator.json"
        if not file.exists():
            return None
        emulator = cls(**json.loads(file.read_text("utf-8")))
        return emulator if emulator.responds() else None

    @classmethod
    def start(cls, folder: Path, port: int) -> Self:
        """Start an emulator on the loopback interface that outlives this process."""
        _check_port(port)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "emulator.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env={
                    **os.environ,
                    **_credentials("us-east-1"),
                    "GATEWAY_PORT": str(port),
                    "BIND_HOST": _HOST,
                    "IOT_MTLS_ENABLED": "0",
                    "SFTP_ENABLED": "0",
                    "LOG_LEVEL": "WARNING",
                    "TMPDIR": str(folder),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        emulator = cls(f"http://{_HOST}:{port}", process.pid, process)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            if emulator.responds():
                state = json.dumps({"url": emulator.url, "pid": emulator.pid})
                (folder / "emulator.json").write_text(state, "utf-8")
                return emulator
            time.sleep(0.05)
        raise DeployError(f"the emulator does not start: see {log}")

    def responds(self) -> bool:
        """Return whether the emulator is ready."""
        with (
            suppress(URLError, ConnectionError, TimeoutError),
            urlopen(f"{self.url}/_ministack/ready", timeout=5),  # noqa: S310  # our own
        ):
            return True
        return False

    def stop(self, folder: Path) -> None:
        """End the emulator's process and delete its files."""
        if self.pid is None:
            raise DeployError(f"{self.url} was not started here: stop it where it was started")
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            if self.process is None:
                _wait_for_exit(self.pid)
            else:
                self.process.wait(_STOP_TIMEOUT_S)
        shutil.rmtree(folder, ignore_errors=True)


def _check_port(port: int) -> None:
    try:
        with socket.create_server((_HOST, port)):
            pass
    except OSError as error:
        raise DeployError(
            f"port {port} of {_HOST} is in use: choose another with --port, or set "
            "AWS_ENDPOINT_URL if an emulator listens there"
        ) from error


def _wait_for_exit(pid: int) -> None:
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        os.kill(pid, 0)  # raises ProcessLookupError after the exit
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
