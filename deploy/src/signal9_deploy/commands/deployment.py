"""Deploys a stage to an account, and destroys it: the steps around the CDK's own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import DeployError
from ..names import stack_name
from ..settings import EDGE_REGION, StageSettings
from . import cdk_cli
from .aws import Account
from .cdk_cli import CdkCli, Echo
from .delegation import check_delegation
from .site import upload_site
from .smoke import Deployment

__all__ = [
    "check_indexes",
    "check_log_role",
    "deploy_to_account",
    "destroy_in_account",
    "name_servers",
    "region_variables",
]

_STACKS: Final = ("Edge", "Service", "Data", "Network", "Costs")
_GLOBAL: Final = ("Edge", "Costs")
_TABLE: Final = "AWS::DynamoDB::GlobalTable"


def deploy_to_account(settings: StageSettings, cdk: CdkCli, account: Account, echo: Echo) -> None:
    """Deploy a stage: a new zone first, since its certificates need it to be delegated."""
    check_log_role(settings, account)
    deployment = Deployment.begin(settings, account, echo)
    folder = cdk_cli.synth(settings, cdk, echo)
    for name in _STACKS:
        _account_of(settings, account, name).release_failed(stack_name(settings, name))
    check_indexes(settings, account, folder)
    if settings.domain and not settings.zone_id:
        if not name_servers(settings, account):
            echo(f"the zone of {settings.domain} and the state come first")
            cdk_cli.deploy(settings, cdk, assembly=cdk_cli.OUTPUT, part="Data")
        servers = name_servers(settings, account)
        echo(f"name servers of {settings.domain}: {', '.join(servers)}")
        check_delegation(settings.domain, servers)
    cdk_cli.deploy(settings, cdk, assembly=cdk_cli.OUTPUT)
    if settings.parts.edge:
        upload_site(settings, account, echo)
    deployment.check(echo)


def check_log_role(settings: StageSettings, account: Account) -> str:
    """Return the role of the account's APIs, without which none may have logs."""
    role = account.log_role()
    if role is None:
        raise DeployError(
            f"API Gateway may not write logs in {settings.region}: "
            f"hatch run deploy:bootstrap {settings.stage}"
        )
    return role


def region_variables(settings: StageSettings, account: Account) -> dict[str, str]:
    """Return the variables for what synthesis needs to know of a region: its prefix lists."""
    network = settings.network
    if not network.enabled or network.prefix_lists or settings.region == EDGE_REGION:
        return {}
    return {"SIGNAL9_DEPLOY__NETWORK__PREFIX_LISTS": json.dumps(account.prefix_lists())}


def name_servers(settings: StageSettings, account: Account) -> list[str]:
    """Return the name servers of the stage's own zone, none before it is deployed."""
    return account.outputs(stack_name(settings, "Data")).get("NameServers", "").split()


def check_indexes(settings: StageSettings, account: Account, folder: Path) -> None:
    """Refuse to make or remove two indexes of a table at once, as CloudFormation does."""
    (file,) = folder.glob("*Data*.template.json")
    deployed = _indexes(account.template(stack_name(settings, "Data")))
    for table, names in _indexes(json.loads(file.read_text("utf-8"))).items():
        changes = sorted(names ^ deployed.get(table, names))
        if len(changes) > 1:
            raise DeployError(
                f"table {table}: the indexes {', '.join(changes)} are made or removed together, "
                "but a deployment can do only one of a table: deploy a version with the first, "
                "then the next"
            )


def destroy_in_account(settings: StageSettings, cdk: CdkCli, account: Account, echo: Echo) -> None:
    """Destroy all stacks with the objects in their buckets; say what a stage that retains keeps."""
    kept: list[str] = []
    for name in _STACKS:
        region, stack = _account_of(settings, account, name), stack_name(settings, name)
        region.unprotect(stack)
        for resource in region.resources(stack):
            if resource.retained:
                kept.append(f"{resource.type} {resource.name}")
            elif resource.type == "AWS::S3::Bucket" and resource.exists:
                echo(f"emptying {resource.name} ...")
                region.empty_bucket(resource.name)
    cdk_cli.destroy(settings, cdk)
    for line in sorted(kept):
        echo(f"stays: {line}")


def _account_of(settings: StageSettings, account: Account, part: str) -> Account:
    region = EDGE_REGION if part in _GLOBAL else settings.region
    return account.in_region(region)


def _indexes(template: Mapping[str, Any]) -> dict[str, set[str]]:
    return dict(_tables(template))


def _tables(template: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for resource in template.get("Resources", {}).values():
        if resource["Type"] == _TABLE:
            table = resource["Properties"]
            indexes = table.get("GlobalSecondaryIndexes", ())
            yield str(table["TableName"]), {str(index["IndexName"]) for index in indexes}
