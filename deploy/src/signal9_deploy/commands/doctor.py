"""Checks what a deployment needs on this machine and in the account."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from signal9_constructs import ConstructError
from signal9_constructs.bundling import find_interpreter, find_uv

from ..errors import DeployError
from ..names import stack_name
from ..settings import COST_TAG, StageSettings
from ..stacks.compute import PYTHON
from .aws import Account
from .cdk_cli import CLI_VERSION, CdkCli, check_account, find_node, node_version
from .delegation import check_delegation
from .deployment import check_log_role, name_servers

__all__ = ["Check", "examine"]

_CONCURRENCY: Final = ("lambda", "L-B99A9384")
_NEEDED_CONCURRENCY: Final = 100
_ADDRESSES: Final = ("ec2", "L-0263D0A3")
_NO_INTERPRETER: Final = (
    f"not installed, so functions start more slowly: hatch -e deploy run uv python install {PYTHON}"
)


class Check(NamedTuple):
    """The result of a check: what was found, or the remedy."""

    name: str
    passed: bool
    message: str


def examine(settings: StageSettings) -> Iterator[Check]:
    """Yield the checks of this machine and of the stage's account."""
    yield _check("Node", lambda: node_version(find_node()))
    on_first_use = f"{CLI_VERSION} is installed on first use"
    yield _check("CDK command line", lambda: CdkCli().installed or on_first_use)
    yield _check("uv", find_uv)
    yield _check(f"Python {PYTHON}", lambda: find_interpreter(PYTHON) or _NO_INTERPRETER)
    if settings.emulated:
        return
    yield _check("account", lambda: _account(settings))
    if settings.domain and not settings.zone_id:
        yield _check("delegation", lambda: _delegation(settings))
    if settings.recipients:
        yield _check("alarm recipients", lambda: _recipients(settings))
    if settings.monthly_budget_usd:
        yield _check("cost allocation tag", lambda: _cost_tag(settings))
    yield _check("logs of APIs", lambda: check_log_role(settings, Account(settings.region)))
    quota = partial(_quota, settings)
    yield _check("concurrent executions", lambda: quota(*_CONCURRENCY, _NEEDED_CONCURRENCY))
    if settings.network.enabled and settings.network.nat_gateways:
        gateways = settings.network.nat_gateways
        yield _check("elastic addresses", lambda: quota(*_ADDRESSES, gateways))


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, passed=True, message=look())
    except (ConstructError, DeployError) as error:
        return Check(name, passed=False, message=str(error))


def _account(settings: StageSettings) -> str:
    account = Account(settings.region)
    check_account(settings, account)
    return f"{account.number()}, bootstrapped"


def _delegation(settings: StageSettings) -> str:
    servers = name_servers(settings, Account(settings.region))
    if not servers:
        return "the first deployment makes the zone and prints its name servers"
    return check_delegation(str(settings.domain), servers)


def _recipients(settings: StageSettings) -> str:
    account = Account(settings.region)
    topic = account.outputs(stack_name(settings, "Data")).get("AlarmTopic")
    if topic is None:
        return "the first deployment sends each a mail to confirm"
    confirmed = account.confirmed(topic)
    silent = [address for address in settings.recipients if not confirmed.get(address)]
    if silent:
        raise DeployError(
            f"{', '.join(silent)} did not confirm and get no alarm: open the link in the mail "
            "of AWS Notifications"
        )
    return f"{len(settings.recipients)} confirmed"


def _cost_tag(settings: StageSettings) -> str:
    account = Account(settings.region)
    if not account.outputs(stack_name(settings, "Data")):
        return f"{COST_TAG} can be activated a day after the first deployment"
    if not account.is_cost_tag(COST_TAG):
        raise DeployError(
            f"{COST_TAG} is not active, so the budget counts nothing: activate it under Billing, "
            "Cost allocation tags, in the management account; AWS lists new tags after a day"
        )
    return f"{COST_TAG} is active"


def _quota(settings: StageSettings, service: str, code: str, needed: int) -> str:
    quota = Account(settings.region).quota(service, code)
    if quota < needed:
        raise DeployError(
            f"the quota is {quota:.0f}, {needed} are needed: request an increase for {service}"
        )
    return f"the quota is {quota:.0f}"
