"""Several stages in one account, in the same region and in another, that do not meet."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.deployment import check_log_role, region_variables
from signal9_deploy.errors import DeployError, StageError
from signal9_deploy.repository import parse_repository
from signal9_deploy.settings import StageSettings
from signal9_deploy.stage import Signal9Stage, make_account, make_delivery
from tests.deploy.lab import Resource, build, properties, settings_of, stage

PREFIX_LISTS: Final = {"dynamodb": "pl-11111111", "s3": "pl-22222222"}
LOCAL_NAMES: Final = {
    "AWS::ApiGateway::Stage.StageName",
    "AWS::CloudWatch::Alarm.MetricName",
    "AWS::CodeDeploy::DeploymentGroup.DeploymentConfigName",
    "AWS::EC2::VPCEndpoint.ServiceName",
    "AWS::EventSchemas::Schema.SchemaName",
    "AWS::IAM::Policy.PolicyName",
    "AWS::Lambda::Alias.Name",
}
"""Names of what others made, or unique in an API, with dimensions, in a registry, a role."""


def _settings_of_prod_eu() -> StageSettings:
    """Return the settings of a second stage like prod, in Frankfurt."""
    prod = settings_of("prod")
    changes = {
        "stage": "prodeu",
        "region": "eu-central-1",
        "domain": "eu.signal9.com",
        "network": prod.network.model_copy(update={"prefix_lists": PREFIX_LISTS}),
    }
    return prod.model_copy(update=changes)


@pytest.fixture(scope="module")
def prod_eu() -> Signal9Stage:
    return build(_settings_of_prod_eu())


def _templates(of: Signal9Stage) -> dict[str, Template]:
    stacks = (part for part in of.node.children if isinstance(part, Stack))
    return {stack.node.id: Template.from_stack(stack) for stack in stacks}


def _names(of: Signal9Stage, settings: StageSettings) -> set[str]:
    """Return the physical names in all templates of a stage, and those of stacks and exports."""
    repository = parse_repository("github:acme/signal9")
    delivery = make_delivery(App(analytics_reporting=False), settings, repository)
    roles = Stack.of(delivery.node.find_child("Delivery"))
    stacks = [roles, *(part for part in of.node.children if isinstance(part, Stack))]
    names = {f"Stack: {stack.stack_name}" for stack in stacks}
    for stack in stacks:
        document = Template.from_stack(stack).to_json()
        for output in document.get("Outputs", {}).values():
            names.add(f"Export: {output.get('Export', {}).get('Name')}")
        for resource in document["Resources"].values():
            for key, value in resource.get("Properties", {}).items():
                names |= {f"{resource['Type']}.{key}: {name}" for name in _named(key, value)}
    local = (*LOCAL_NAMES, "Export: None")
    return {name for name in names if not name.startswith(local)}


def _named(key: str, value: object) -> Iterator[str]:
    """Yield the names in a property: its own, that of a part, and those that a site answers to."""
    found = [value] if key.endswith("Name") else []
    if isinstance(value, dict):
        found += [value.get("Name"), *value.get("Aliases", ())]
    for name in found:
        if isinstance(name, str):
            yield name
        elif isinstance(name, dict) and not _of_a_resource(name):
            yield str(name)


def _of_a_resource(name: Resource) -> bool:
    """Return whether a name contains one that CloudFormation chooses."""
    text = str(name)
    return "Fn::GetAtt" in text or bool(re.search(r"'Ref': '(?!AWS::)", text))


def test_stages_share_no_physical_name(prod_eu: Signal9Stage) -> None:
    names = [
        _names(stage("prod"), settings_of("prod")),
        _names(stage("dev"), settings_of("dev")),
        _names(prod_eu, _settings_of_prod_eu()),
    ]

    assert all(len(found) > 40 for found in names)
    counted = Counter(name for found in names for name in found)
    assert [name for name, count in counted.items() if count > 1] == []


def test_firewalls_of_two_stages_have_metrics_of_their_own(prod_eu: Signal9Stage) -> None:
    metrics = [
        rule["VisibilityConfig"]["MetricName"]
        for each in (stage("prod"), prod_eu)
        for template in _templates(each).values()
        for acl in properties(template, "AWS::WAFv2::WebACL")
        for rule in (acl, *acl["Rules"])
    ]

    assert len(metrics) > 10
    assert len(set(metrics)) == len(metrics)


def test_no_stage_owns_the_role_with_which_all_write_logs(prod_eu: Signal9Stage) -> None:
    for each in (stage("prod"), stage("dev"), prod_eu):
        for template in _templates(each).values():
            template.resource_count_is("AWS::ApiGateway::Account", 0)


def test_the_role_with_which_apis_write_logs_belongs_to_the_account_and_stays() -> None:
    shared = make_account(App(analytics_reporting=False), settings_of("dev"))
    account = Template.from_stack(Stack.of(shared.node.find_child("Account")))

    assert shared.verdict().open == ()
    for type_ in ("AWS::ApiGateway::Account", "AWS::IAM::Role"):
        account.all_resources(type_, {"DeletionPolicy": "RetainExceptOnCreate"})
        account.resource_count_is(type_, 1)


class Foreign(Account):
    """An account whose APIs have no role, and whose prefix lists are known."""

    def log_role(self) -> str | None:
        return None

    def prefix_lists(self) -> dict[str, str]:
        return PREFIX_LISTS


def test_an_account_whose_apis_may_not_write_logs_is_refused_with_the_remedy() -> None:
    with pytest.raises(DeployError, match=r"in us-east-1: hatch run deploy:bootstrap dev$"):
        check_log_role(settings_of("dev"), Foreign("us-east-1"))


def test_the_prefix_lists_of_another_region_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    abroad = settings_of("test").model_copy(update={"region": "eu-central-1"})

    variables = region_variables(abroad, Foreign("eu-central-1"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert settings_of("test").network.prefix_lists == PREFIX_LISTS
    assert region_variables(settings_of("prod"), Foreign("us-east-1")) == {}
    with pytest.raises(StageError, match=r"those of eu-central-1 are unknown"):
        build(abroad)


def test_the_trail_covers_the_static_bucket_in_the_region_of_the_edge(
    prod_eu: Signal9Stage,
) -> None:
    (trail,) = properties(_templates(prod_eu)["Data"], "AWS::CloudTrail::Trail")

    assert trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"]


def test_alarms_at_the_edge_notify_somebody_from_any_region(prod_eu: Signal9Stage) -> None:
    edge = _templates(prod_eu)["Edge"]
    alarms = properties(edge, "AWS::CloudWatch::Alarm")
    subscriptions = properties(edge, "AWS::SNS::Subscription")

    assert [alarm["MetricName"] for alarm in alarms] == ["HealthCheckStatus"]
    assert alarms[0]["AlarmActions"]
    assert [found["Endpoint"] for found in subscriptions] == ["operations@example.com"]


def test_the_secret_of_the_origin_is_in_the_regions_of_api_and_distribution(
    prod_eu: Signal9Stage,
) -> None:
    _templates(prod_eu)["Data"].has_resource_properties(
        "AWS::SecretsManager::Secret",
        {"Name": "signal9/origin/prodeu", "ReplicaRegions": [{"Region": "us-east-1"}]},
    )


def test_the_rule_packs_find_nothing_in_another_region(prod_eu: Signal9Stage) -> None:
    assert [(found.id, found.path) for found in prod_eu.verdict().open] == []
