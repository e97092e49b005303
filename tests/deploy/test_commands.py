"""The commands, with a Node and an AWS that only listen."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from signal9_deploy.commands import cdk_cli, local
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.cdk_cli import CLI_VERSION, CdkCli, node_version
from signal9_deploy.commands.cli import program
from signal9_deploy.commands.doctor import examine
from signal9_deploy.commands.local import Emulator
from signal9_deploy.commands.secrets import from_json, from_prompt, put_secrets
from signal9_deploy.errors import DeployError
from tests.deploy.lab import ACCOUNT, ISSUER, RECIPIENTS, settings_of

NODE = """#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print(os.environ.get("NODE_SAYS", "v24.1.0"))
else:
    with open({told!r}, "a", encoding="utf-8") as file:
        json.dump(sys.argv[2:], file)
        file.write("\\n")
    print(os.environ.get("NODE_TELLS", "as it was told"))
    sys.exit(int(os.environ.get("NODE_EXITS", "0")))
"""


class Recorded:
    """A command line of the CDK that notes what it is asked."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told"
        node = folder / "node"
        node.write_text(NODE.format(python=sys.executable, told=str(self._told)), "utf-8")
        node.chmod(0o755)
        package = folder / "cli" / "node_modules" / "aws-cdk" / "package.json"
        package.parent.mkdir(parents=True)
        package.write_text(json.dumps({"version": CLI_VERSION}), "utf-8")
        self.node = str(node)
        self.cli = CdkCli(folder=folder / "cli", node=self.node)

    @property
    def asked(self) -> list[list[str]]:
        """What it was asked, in order."""
        return [json.loads(line) for line in self._told.read_text("utf-8").splitlines()]


@pytest.fixture
def cdk(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def _bootstrap(*regions: str) -> None:
    for region in regions:
        client: Any = boto3.client("ssm", region_name=region)
        client.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String")


def test_a_deployment_names_every_stack_of_the_stage_and_where_templates_go(cdk: Recorded) -> None:
    cdk_cli.deploy(settings_of("prod"), cdk.cli)

    (asked_,) = cdk.asked
    assert asked_[:2] == ["deploy", "Signal9-prod/*"]
    assert "stage=prod" in asked_
    assert str(cdk_cli.OUTPUT) in asked_


def test_approval_is_not_requested_without_a_terminal(cdk: Recorded) -> None:
    cdk_cli.deploy(settings_of("dev"), cdk.cli)

    (asked_,) = cdk.asked
    assert asked_[asked_.index("--require-approval") + 1] == "never"


def test_a_diff_becomes_a_comment_that_fits(cdk: Recorded) -> None:
    shown = cdk_cli.diff(settings_of("dev"), cdk.cli)

    assert "as it was told" in cdk_cli.as_comment("dev", shown)
    assert len(cdk_cli.as_comment("dev", "x" * 100_000)) < 65_536


def test_a_command_that_fails_is_an_error_in_one_line(
    cdk: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NODE_EXITS", "1")

    with pytest.raises(DeployError, match=r"^cdk drift failed, see above$"):
        cdk_cli.drift(settings_of("dev"), cdk.cli)
    with pytest.raises(DeployError, match=r"^cdk diff failed"):
        cdk_cli.diff(settings_of("dev"), cdk.cli)
    assert "as it was told" in capsys.readouterr().err


def test_the_output_of_synthesis_is_printed_without_hints(
    cdk: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    said = "Bundling ...\n85 feature flags are not configured.\n\nA warning"
    monkeypatch.setenv("NODE_TELLS", said)

    made = cdk_cli.synth(settings_of("dev"), cdk.cli, told.append)

    assert told == ["Bundling ...", "A warning"]
    assert made == cdk_cli.OUTPUT / "assembly-Signal9-dev"


def test_compiled_modules_are_cached_even_with_pythondontwritebytecode(
    cdk: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    kept = cdk.cli.environment
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    plain = cdk.cli.environment

    assert kept["PYTHONDONTWRITEBYTECODE"] == ""
    assert kept["PYTHONPYCACHEPREFIX"].startswith(str(Path(cdk.node).parent))
    assert "PYTHONDONTWRITEBYTECODE" not in plain


def test_the_cdk_library_runs_in_the_same_node(cdk: Recorded) -> None:
    assert cdk.cli.environment["JSII_NODE"] == cdk.node


def test_an_unsupported_node_is_refused(cdk: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_SAYS", "v18.20.0")

    with pytest.raises(DeployError, match=r"is Node v18\.20\.0; the CDK needs 22 or 24"):
        cdk.cli.run("synth")


def test_this_environment_has_a_supported_node() -> None:
    assert node_version(str(Path(sys.executable).with_name("node"))).startswith("v24.")


@pytest.mark.usefixtures("aws")
def test_another_account_is_refused() -> None:
    prod = settings_of("prod").model_copy(update={"account": "999999999999"})

    with pytest.raises(DeployError, match=f"for account {ACCOUNT}, but prod belongs to 9{{12}}"):
        cdk_cli.check_account(prod, Account(prod.region))


@pytest.mark.usefixtures("aws")
def test_an_account_that_is_not_bootstrapped_is_refused_with_a_remedy() -> None:
    with pytest.raises(DeployError, match=r"not bootstrapped in us-east-1: .*bootstrap prod"):
        cdk_cli.check_account(settings_of("prod"), Account("us-east-1"))


@pytest.mark.usefixtures("aws")
def test_the_region_of_the_edge_must_be_bootstrapped_too() -> None:
    prod = settings_of("prod").model_copy(update={"region": "eu-west-1"})
    _bootstrap("eu-west-1")

    with pytest.raises(DeployError, match="not bootstrapped in us-east-1"):
        cdk_cli.check_account(prod, Account("eu-west-1"))


@pytest.mark.usefixtures("aws")
def test_a_missing_zone_is_refused() -> None:
    _bootstrap("us-east-1")
    prod = settings_of("prod").model_copy(update={"zone_id": "Z0123456789ABC"})

    with pytest.raises(DeployError, match="hosted zone Z0123456789ABC"):
        cdk_cli.check_account(prod, Account("us-east-1"))


@pytest.mark.usefixtures("aws")
def test_a_bootstrapped_account_is_accepted() -> None:
    _bootstrap("us-east-1")

    cdk_cli.check_account(settings_of("prod"), Account("us-east-1"))


def test_missing_credentials_are_reported_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))

    with pytest.raises(DeployError, match=r"credentials: .*aws sso login"):
        Account("us-east-1").number()


def test_prod_is_destroyed_only_after_its_name_is_typed(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _bootstrap("us-east-1")
    monkeypatch.setenv("SIGNAL9_DEPLOY__ACCOUNT", ACCOUNT)
    monkeypatch.setenv("SIGNAL9_DEPLOY__ISSUER", ISSUER)
    monkeypatch.setenv("SIGNAL9_DEPLOY__RECIPIENTS", RECIPIENTS)

    done = CliRunner().invoke(program, ["destroy", "prod"], input="yes\n")

    assert isinstance(done.exception, DeployError)
    assert str(done.exception) == "'yes' is not 'prod': nothing was destroyed"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"alpac": {}}', "secret 'alpac': must be one of alphavantage, alpaca, auth0"),
        ('{"alpaca": {"apiKey": "hush"}}', "must have exactly these fields: apiKey, secretKey"),
        ('{"alphavantage": {"apiKey": " "}}', "apiKey is empty"),
        ('{"alphavantage": "hush"}', "must have exactly"),
    ],
)
def test_invalid_secrets_are_refused_without_showing_them(text: str, told: str) -> None:
    with pytest.raises(DeployError, match=told) as refusal:
        from_json(text)

    assert "hush" not in str(refusal.value)


def test_a_secret_left_empty_is_not_changed() -> None:
    answers = {"The keys for Alpaca: apiKey": "a", "The keys for Alpaca: secretKey": "s"}

    values = from_prompt(lambda prompt: answers.get(prompt, ""))

    assert values == {"alpaca": {"apiKey": "a", "secretKey": "s"}}


@pytest.mark.usefixtures("aws")
def test_secrets_are_stored_under_the_names_that_functions_read() -> None:
    client: Any = boto3.client("secretsmanager", region_name="us-east-1")
    client.create_secret(Name="signal9/alphavantage/prod", SecretString="{}")

    names = put_secrets(
        settings_of("prod"), Account("us-east-1"), {"alphavantage": {"apiKey": "k"}}
    )

    assert names == ["signal9/alphavantage/prod"]
    found = client.get_secret_value(SecretId=names[0])["SecretString"]
    assert json.loads(found) == {"apiKey": "k"}


def test_a_port_in_use_is_reported_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(DeployError, match=f"port {port} of 127.0.0.1 is in use: choose"):
            Emulator.start(tmp_path, port)


def test_a_running_emulator_is_reused_and_stopped_with_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "emulator"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = Emulator.start(folder, port)
    try:
        assert Emulator.running(folder) == started
    finally:
        started.stop(folder)

    assert not folder.exists()
    assert not started.responds()
    assert Emulator.running(folder) is None


def test_an_external_emulator_is_not_stopped(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="was not started here"):
        Emulator("http://127.0.0.1:1").stop(tmp_path)


def test_an_endpoint_without_an_emulator_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(DeployError, match=r"no emulator responds at http://127\.0\.0\.1:1"):
        local.deploy_local(settings_of("local"), port=1, echo=print)


@pytest.mark.parametrize("command", ["diff", "drift", "bootstrap"])
def test_account_commands_are_refused_for_the_emulator(command: str) -> None:
    done = CliRunner().invoke(program, [command, "local"])

    assert isinstance(done.exception, DeployError)
    assert "runs on an emulator" in str(done.exception)


def test_the_doctor_checks_this_machine() -> None:
    names = {each.name for each in examine(settings_of("local"))}

    assert names == {"Node", "CDK command line", "uv", "Python 3.14"}
