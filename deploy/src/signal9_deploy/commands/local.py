"""The stage `local`: an emulator, the same app on it, and sample data by its own functions."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import DeployError
from ..functions import FUNCTIONS
from ..names import stack_name, table_prefix
from ..settings import StageSettings
from .aws import Account
from .deploying import Say, deploy, destroy
from .emulator import Emulator, credentials
from .toolkit import DEPLOY, Toolkit

__all__ = ["FOLDER", "LEFT_OUT", "PORT", "account", "deploy_local", "destroy_local"]

FOLDER: Final = DEPLOY / ".local"
"""What a running emulator needs, and its log."""

PORT: Final = 4566
"""Where emulators of AWS are expected."""

_ACCOUNT: Final = "000000000000"

LEFT_OUT: Final[Mapping[str, str]] = {
    "Network": "VPC, NAT gateways, flow logs: functions run on this machine's network",
    "AccessTrail": "CloudTrail",
    "EventBackbone": "archive and registry of schemas, delivery retries and undelivered events",
    "Firewall": "logs, and the association with the API: nothing is blocked",
    "Firewall at the edge": "the distribution has none",
    "Observability": "alarms on tables, which are sums over metrics",
    "ApiSecret": "alarms on age, and the clock that rotates the key of cursors",
    "DnsZone": "zone, records, certificates, health checks",
    "Sample": "the list of all companies, which no deployed function ingests",
}
"""What the emulator refuses or ignores, by the construct that has it elsewhere."""

NOBODY: Final = (
    "no issuer: /health answers, and nobody is let in to anything else; "
    "SIGNAL9_DEPLOY__ISSUER=https://YOUR-TENANT.eu.auth0.com/ hatch run deploy:local lets in "
    "who has a token of that issuer for"
)
"""What is told where no issuer is set, before the audience."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stage lives: an address, and the variables that lead there."""

    url: str
    variables: Mapping[str, str]


def deploy_local(settings: StageSettings, *, port: int, say: Say, seed: bool = True) -> str:
    """Deploy to the emulator, fill empty tables, and return the API's address."""
    place = _place(settings, port)
    say(f"the emulator listens at {place.url}")
    toolkit = Toolkit(place.variables)
    here = Account(settings.region, place.variables)
    try:
        if not here.bootstrapped():
            say("telling the CDK of the emulator ...")
            _bootstrap(settings, toolkit)
        say("bundling and deploying ...")
        deploy(settings, toolkit, quietly=True)
    except DeployError as error:
        raise _explained(error, place) from error
    for name, what in LEFT_OUT.items():
        say(f"left out: {name}: {what}")
    url = _address(settings, here, place)
    say(f"API: {url}")
    if settings.issuer is None:
        say(f"{NOBODY} {settings.audience}")
    if seed and here.is_empty(f"{table_prefix(settings)}Assets"):
        _seed(settings, here, say)
    return url


def destroy_local(settings: StageSettings, say: Say) -> None:
    """End the emulator, and with it everything; on one that is not ours, destroy the stacks."""
    elsewhere = os.environ.get("AWS_ENDPOINT_URL")
    if elsewhere:
        variables = _variables(settings, elsewhere)
        destroy(settings, Toolkit(variables), Account(settings.region, variables))
        return
    emulator = Emulator.running(FOLDER)
    if emulator is None:
        say("there is no emulator that was started from here")
        return
    emulator.end(FOLDER)
    say(f"the emulator at {emulator.url} has ended")


def account(settings: StageSettings) -> Account:
    """Return the account on the emulator that is running."""
    running = Emulator.running(FOLDER)
    url = os.environ.get("AWS_ENDPOINT_URL") or (running and running.url)
    if not url:
        raise DeployError("no emulator is running: hatch run deploy:local starts one")
    return Account(settings.region, _variables(settings, url))


def _place(settings: StageSettings, port: int) -> Place:
    elsewhere = os.environ.get("AWS_ENDPOINT_URL")
    if elsewhere:
        if not Emulator(elsewhere).answers():
            raise DeployError(f"AWS_ENDPOINT_URL: no emulator answers at {elsewhere}")
        return Place(elsewhere, _variables(settings, elsewhere))
    url = (Emulator.running(FOLDER) or Emulator.started(FOLDER, port)).url
    return Place(url, _variables(settings, url))


def _variables(settings: StageSettings, url: str) -> dict[str, str]:
    # The validator takes seconds, and here the emulator judges the templates itself.
    return {**credentials(settings.region), "AWS_ENDPOINT_URL": url, "CDK_VALIDATION": "false"}


def _bootstrap(settings: StageSettings, toolkit: Toolkit) -> None:
    place = f"aws://{_ACCOUNT}/{settings.region}"
    context = ("--context", f"stage={settings.stage}")
    toolkit.output("bootstrap", place, *context)


def _explained(error: DeployError, place: Place) -> DeployError:
    if Emulator(place.url).answers():
        return error
    return DeployError(f"the emulator at {place.url} has ended: see {FOLDER / 'emulator.log'}")


def _address(settings: StageSettings, here: Account, place: Place) -> str:
    api = here.outputs(stack_name(settings, "Service"))["ApiId"]
    return f"{place.url}/restapis/{api}/live/_user_request_/api/v1"


def _seed(settings: StageSettings, here: Account, say: Say) -> None:
    for spec in FUNCTIONS:
        if spec.polled:
            say(f"{spec.name} ingests the sample data ...")
            here.invoke(f"signal9-{settings.stage}-{spec.name}")
