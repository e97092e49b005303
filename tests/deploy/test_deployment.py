"""What deploying and destroying do around the CDK: the zone first, one index, empty buckets."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest

from signal9_deploy.commands import cdk_cli, delegation, deployment, doctor
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.deployment import (
    check_indexes,
    deploy_to_account,
    destroy_in_account,
)
from signal9_deploy.errors import DeployError
from signal9_deploy.settings import StageSettings
from tests.deploy.lab import Resource, settings_of, template
from tests.deploy.test_commands import Recorded
from tests.emulator import CREDENTIALS, running_emulator

SERVERS = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"]
DATA = "Signal9-prod-Data"
TABLE = "AWS::DynamoDB::GlobalTable"


@pytest.fixture
def cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.setattr(cdk_cli, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(deployment, "upload_site", lambda *_: None)
    folder = tmp_path / "out" / "assembly-Signal9-prod"
    folder.mkdir(parents=True)
    body = json.dumps(template("prod", "Data").to_json())
    (folder / "Signal9prodData12345678.template.json").write_text(body, "utf-8")
    return Recorded(tmp_path)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with running_emulator() as address:
        yield address


@pytest.fixture
def account(emulator: str) -> Iterator[Account]:
    account = Account("us-east-1", {**CREDENTIALS, "AWS_ENDPOINT_URL": emulator})
    yield account
    for region in ("us-east-1", "eu-central-1"):
        client = _client("cloudformation", emulator, region)
        for part in ("Data", "Edge"):
            client.delete_stack(StackName=f"Signal9-prod-{part}")
            client.get_waiter("stack_delete_complete").wait(
                StackName=f"Signal9-prod-{part}", WaiterConfig={"Delay": 1}
            )


def _client(service: str, emulator: str, region: str = "us-east-1") -> Any:
    session = boto3.Session("test", "test", region_name=region)
    return session.client(service, endpoint_url=emulator)  # type: ignore[call-overload]


def _make_stack(
    emulator: str, resources: Resource, *, name: str = DATA, region: str = "us-east-1"
) -> None:
    client = _client("cloudformation", emulator, region)
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    client.update_termination_protection(StackName=name, EnableTerminationProtection=True)


def _is_protected(emulator: str, name: str = DATA, region: str = "us-east-1") -> bool:
    client = _client("cloudformation", emulator, region)
    return bool(client.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"])


class Registry(Account):
    """An account whose stack of state has name servers once it was deployed."""

    def __init__(self, cdk: Recorded) -> None:
        super().__init__("us-east-1")
        self._cdk = cdk

    def in_region(self, region: str) -> Account:
        return self

    def _stack(self, name: str) -> None:
        """No stack is deployed."""

    def log_role(self) -> str:
        return "role"

    def invoke(self, function: str, event: object = None, *, alias: str | None = None) -> Any:
        assert (function, alias) == ("signal9-prod-Canary", "live")
        check = {"name": "health", "outcome": "passed", "message": "ok", "tookMs": 1}
        return {"stage": "prod", "checks": [check]}

    def outputs(self, stack: str) -> dict[str, str]:
        deployed = any("Signal9-prod/Data" in call for call in self._cdk.asked)
        return {"NameServers": " ".join(SERVERS)} if deployed else {}


def _answer(monkeypatch: pytest.MonkeyPatch, servers: list[str]) -> None:
    monkeypatch.setattr(delegation, "_look_up", lambda *_: set(servers))


def test_the_zone_is_deployed_first_and_nothing_else_before_it_is_delegated(
    cdk: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    _answer(monkeypatch, [])

    with pytest.raises(DeployError, match=f"not delegated .* {SERVERS[0]}, {SERVERS[1]}$"):
        deploy_to_account(settings_of("prod"), cdk.cli, Registry(cdk), lines.append)

    deployed = [call[1] for call in cdk.asked if call[0] == "deploy"]
    assert deployed == ["Signal9-prod/Data"]
    assert f"name servers of signal9.com: {', '.join(SERVERS)}" in lines


def test_everything_follows_once_the_zone_is_delegated(
    cdk: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, SERVERS)

    deploy_to_account(settings_of("prod"), cdk.cli, Registry(cdk), print)

    deployed = [call[1] for call in cdk.asked if call[0] == "deploy"]
    assert deployed == ["Signal9-prod/Data", "Signal9-prod/*"]


def test_an_existing_zone_needs_no_delegation_first(cdk: Recorded) -> None:
    existing = settings_of("prod").model_copy(update={"zone_id": "Z0123456789"})

    deploy_to_account(existing, cdk.cli, Registry(cdk), print)

    assert [call[1] for call in cdk.asked if call[0] == "deploy"] == ["Signal9-prod/*"]


@pytest.fixture
def resolver() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A resolver on this machine, and the records that it answers with."""
    records: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/?name=signal9.com&type=NS"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"Status": 0, "Answer": records}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", records
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answers", "delegated"),
    [(SERVERS, True), ([*SERVERS, "ns.other.example"], False), (["ns.other.example"], False)],
)
def test_a_domain_is_delegated_if_all_its_name_servers_are_the_zones(
    resolver: tuple[str, list[dict[str, object]]], answers: list[str], delegated: bool
) -> None:
    url, records = resolver
    records += [{"type": 2, "data": f"{server}.".upper()} for server in answers]
    records.append({"type": 46, "data": "a signature"})

    if delegated:
        assert delegation.check_delegation("signal9.com", SERVERS, resolver=url)
    else:
        with pytest.raises(DeployError, match=r"has the name servers .*ns\.other\.example"):
            delegation.check_delegation("signal9.com", SERVERS, resolver=url)


def test_a_resolver_that_does_not_answer_is_reported() -> None:
    with pytest.raises(DeployError, match="name servers cannot be looked up"):
        delegation.check_delegation("signal9.com", SERVERS, resolver="http://127.0.0.1:1/")


class Failed(Account):
    """An account in which the creation of every stack failed."""

    def _stack(self, name: str) -> dict[str, Any]:
        return {"StackStatus": "ROLLBACK_FAILED"}


def test_a_failed_first_creation_can_be_repeated(account: Account, emulator: str) -> None:
    properties = {
        "TableName": "signal9-prod-Users",
        "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "Replicas": [{"Region": "us-east-1", "DeletionProtectionEnabled": True}],
    }
    _make_stack(emulator, {"Users": {"Type": TABLE, "Properties": properties}})
    variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": emulator}
    dynamodb = _client("dynamodb", emulator)

    account.release_failed(DATA)
    was_protected = _is_protected(emulator)
    Failed("us-east-1", variables).release_failed(DATA)

    assert was_protected
    assert not _is_protected(emulator)
    table = dynamodb.describe_table(TableName="signal9-prod-Users")["Table"]
    assert not table["DeletionProtectionEnabled"]


class Deployed(Account):
    """An account whose deployed template has fewer indexes."""

    def __init__(self, *missing: str) -> None:
        super().__init__("us-east-1")
        self._missing = missing

    def template(self, stack: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(json.dumps(template("prod", "Data").to_json()))
        for resource in body["Resources"].values():
            if resource["Type"] == TABLE and resource["Properties"].get("GlobalSecondaryIndexes"):
                indexes = resource["Properties"]["GlobalSecondaryIndexes"]
                kept = [index for index in indexes if index["IndexName"] not in self._missing]
                resource["Properties"]["GlobalSecondaryIndexes"] = kept
        return body


def test_two_new_indexes_of_a_table_are_refused_with_the_remedy(
    cdk: Recorded, account: Account
) -> None:
    folder = cdk_cli.templates(settings_of("prod"))

    check_indexes(settings_of("prod"), account, folder)
    check_indexes(settings_of("prod"), Deployed("CompanyNameIndex"), folder)
    with pytest.raises(DeployError, match=r"signal9-prod-Assets: the indexes .* then the next$"):
        check_indexes(settings_of("prod"), Deployed("CompanyNameIndex", "StalenessIndex"), folder)


@pytest.mark.parametrize("policy", ["Delete", "RetainExceptOnCreate"])
def test_destroying_empties_the_buckets_that_go_and_names_those_that_stay(
    cdk: Recorded, account: Account, emulator: str, policy: str
) -> None:
    bucket = {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": policy,
        "Properties": {
            "BucketName": "signal9-cache",
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    }
    _make_stack(emulator, {"Cache": bucket})
    s3 = _client("s3", emulator)
    for body in (b"1", b"2"):
        s3.put_object(Bucket="signal9-cache", Key="k", Body=body)
    s3.delete_object(Bucket="signal9-cache", Key="k")
    lines: list[str] = []

    destroy_in_account(settings_of("prod"), cdk.cli, account, lines.append)

    left = s3.list_object_versions(Bucket="signal9-cache")
    if policy == "Delete":
        assert "Versions" not in left
        assert "DeleteMarkers" not in left
        assert lines == ["emptying signal9-cache ..."]
    else:
        assert len(left["Versions"]) == 2
        assert lines == ["stays: AWS::S3::Bucket signal9-cache"]
    assert cdk.asked[0][:2] == ["destroy", "Signal9-prod/*"]


def test_destroying_turns_off_the_protection_of_every_stack_in_its_region(
    cdk: Recorded, account: Account, emulator: str
) -> None:
    abroad = settings_of("prod").model_copy(update={"region": "eu-central-1"})
    places = {"Signal9-prod-Edge": "us-east-1", DATA: "eu-central-1"}
    for name, region in places.items():
        _make_stack(emulator, {"Q": {"Type": "AWS::SQS::Queue"}}, name=name, region=region)

    destroy_in_account(abroad, cdk.cli, account.in_region("eu-central-1"), print)

    assert not any(_is_protected(emulator, name, region) for name, region in places.items())


class Mailing(Account):
    """An account with one confirmed recipient."""

    def outputs(self, stack: str) -> dict[str, str]:
        return {"AlarmTopic": "arn"}

    def confirmed(self, topic: str) -> dict[str, bool]:
        return {"a@example.com": True, "b@example.com": False}


def _recipients(monkeypatch: pytest.MonkeyPatch, *recipients: str) -> str:
    monkeypatch.setattr(doctor, "Account", Mailing)
    prod: StageSettings = settings_of("prod").model_copy(update={"recipients": recipients})
    return doctor._recipients(prod)


def test_the_doctor_says_whether_recipients_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _recipients(monkeypatch, "a@example.com") == "1 confirmed"
    with pytest.raises(DeployError, match=r"^b@example.com, c@example.com did not confirm"):
        _recipients(monkeypatch, "a@example.com", "b@example.com", "c@example.com")


@pytest.mark.parametrize("active", [True, False])
def test_the_doctor_says_whether_costs_are_told_apart_by_stage(
    monkeypatch: pytest.MonkeyPatch, active: bool
) -> None:
    monkeypatch.setattr(doctor, "Account", Mailing)
    monkeypatch.setattr(Mailing, "is_cost_tag", lambda _, key: active and key == "Stage")

    if active:
        assert doctor._cost_tag(settings_of("prod")) == "Stage is active"
    else:
        with pytest.raises(DeployError, match="budget counts nothing: activate it under Billing"):
            doctor._cost_tag(settings_of("prod"))


def test_the_subscriptions_of_a_topic_tell_who_confirmed(account: Account, emulator: str) -> None:
    sns = _client("sns", emulator)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")

    assert "a@example.com" in account.confirmed(topic)


def test_a_zone_that_is_not_deployed_has_no_name_servers(account: Account) -> None:
    assert deployment.name_servers(settings_of("prod"), account) == []
