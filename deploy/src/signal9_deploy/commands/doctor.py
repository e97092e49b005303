"""Looks for whatever would stop a deployment, and says what to do about it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from signal9_constructs import ConstructError
from signal9_constructs.uv import find_interpreter, find_uv

from ..code import PYTHON
from ..errors import DeployError
from ..settings import StageSettings
from .aws import Account
from .deploying import check_account
from .toolkit import CLI_VERSION, Toolkit, find_node, node_version

__all__ = ["Finding", "examine"]

_CONCURRENCY: Final = ("lambda", "L-B99A9384", 100, "concurrent executions")
_ADDRESSES: Final = ("ec2", "L-0263D0A3", "elastic addresses")


class Finding(NamedTuple):
    """What was looked at, whether it is well, and what was seen or has to be done."""

    name: str
    well: bool
    told: str


def examine(settings: StageSettings) -> Iterator[Finding]:
    """Yield what is found on this machine and in the stage's account, one by one."""
    yield _look("Node", lambda: node_version(find_node()))
    yield _look("CDK command line", _command_line)
    yield _look("uv", find_uv)
    yield _look(f"Python {PYTHON}", _interpreter)
    if settings.emulated:
        return
    yield _look("account", lambda: _account(settings))
    for service, code, needed, what in _quotas(settings):
        yield _look(what, partial(_quota, settings, service, code, needed))


def _look(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, well=True, told=look())
    except (ConstructError, DeployError) as error:
        return Finding(name, well=False, told=str(error))


def _command_line() -> str:
    return Toolkit().installed or f"{CLI_VERSION} is installed when it is first needed"


def _interpreter() -> str:
    return find_interpreter(PYTHON) or (
        "not here, so that functions start more slowly than they could: "
        f"hatch -e deploy run uv python install {PYTHON}"
    )


def _account(settings: StageSettings) -> str:
    account = Account(settings.region)
    check_account(settings, account)
    return f"{account.number()}, bootstrapped"


def _quotas(settings: StageSettings) -> list[tuple[str, str, int, str]]:
    gateways = settings.network.nat_gateways if settings.network.enabled else 0
    return [_CONCURRENCY, *([(*_ADDRESSES[:2], gateways, _ADDRESSES[2])] if gateways else [])]


def _quota(settings: StageSettings, service: str, code: str, needed: int) -> str:
    allowed = Account(settings.region).quota(service, code)
    if allowed < needed:
        raise DeployError(f"{allowed:.0f} are allowed, {needed} needed: ask for more in {service}")
    return f"{allowed:.0f} are allowed"
