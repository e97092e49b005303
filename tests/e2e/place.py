"""Where the suite runs: an emulator of its own, or a stage of a real account."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar
from unittest.mock import patch

import boto3
import httpx2

from signal9_deploy.names import queue_name, stack_name
from signal9_deploy.settings import LOCAL, StageSettings
from signal9_deploy.stage_files import load_stage
from tests.architecture.project import ROOT
from tests.emulator import CREDENTIALS, running_emulator
from tests.handlers.auth.issuers import limit, real_issuer, sign_in

STAGE: Final = os.environ.get("SIGNAL9_E2E_STAGE", LOCAL)
"""The stage; any but `local` must be deployed already, and is neither changed nor destroyed."""

# Every minute, so that what the clock does can be seen.
_EVERY_MINUTE: Final = {
    "SIGNAL9_DEPLOY__PLANNING": "rate(1 minute)",
    "SIGNAL9_DEPLOY__CANARY__SIGN_IN": "true",
}

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A deployed stage, reached as clients and as operators reach it."""

    settings: StageSettings
    variables: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    issuer: str = ""
    unreadable: str = ""

    @property
    def emulated(self) -> bool:
        """Whether it may be changed and destroyed."""
        return self.settings.emulated

    def command(self, *arguments: str, stdin: str = "", **more: str) -> str:
        """Run a command of deployment and return what it says; it must succeed."""
        done = self.attempt(*arguments, stdin=stdin, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(
        self, *arguments: str, stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of deployment, which may fail."""
        return subprocess.run(
            [sys.executable, "-m", "signal9_deploy", *arguments],
            cwd=ROOT,
            env={**self._environment, **self.variables, **more},
            check=False,
            capture_output=True,
            encoding="utf-8",
            input=stdin,
        )

    @property
    def _environment(self) -> Mapping[str, str]:
        """The variables of this process; on an emulator without another stage's settings."""
        return _without_settings(os.environ) if self.emulated else os.environ

    def signal9(self, *arguments: str, code: int = 0) -> Any:
        """Run `signal9 … --json` on the queues of the stage, and return what it prints."""
        command = [sys.executable, "-m", "signal9_core", *arguments]
        done = subprocess.run(
            [*command, "--stage", self.settings.stage, "--json"],
            cwd=ROOT,
            env={**self._environment, **self.variables},
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def client(self, service: str) -> Any:
        """Return a client for a service."""
        given = self.variables
        return boto3.client(  # type: ignore[call-overload]  # by name, whichever
            service,
            region_name=self.settings.region,
            endpoint_url=given.get("AWS_ENDPOINT_URL"),
            aws_access_key_id=given.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=given.get("AWS_SECRET_ACCESS_KEY"),
        )

    def outputs(self, part: str) -> dict[str, str]:
        """Return the outputs of a stack."""
        name = stack_name(self.settings, part)
        (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}

    def changed_at(self) -> dict[str, object]:
        """Return when each stack was changed last."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {
            each["StackName"]: each.get("LastUpdatedTime", each["CreationTime"])
            for each in found
            if each["StackName"].startswith(self.settings.title)
        }

    def token(self, user: str = "ada", scope: str = "") -> str:
        """Return a token of a user's, for a scope alone if one is named."""
        if not self.emulated:
            return os.environ["SIGNAL9_E2E_TOKEN"]
        if scope:
            limit(self.issuer, user, scope)
        return sign_in(self.issuer, user, str(self.settings.audience))

    def api(self, token: str) -> httpx2.Client:
        """Return a client of the API that shows a token, if it is not empty."""
        found = self.outputs("Service")
        url = self.outputs("Edge")["SiteUrl"] if self.settings.behind_edge else found["ApiUrl"]
        if self.emulated:
            address = self.variables["AWS_ENDPOINT_URL"]
            url = f"{address}/restapis/{found['ApiId']}/live/_user_request_"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=120)

    @contextmanager
    def configured(self, function: str, **variables: str) -> Iterator[None]:
        """Give a function other variables for a while."""
        functions, name = self.client("lambda"), f"signal9-{self.settings.stage}-{function}"
        found = functions.get_function_configuration(FunctionName=name)
        before = found["Environment"]["Variables"]
        try:
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**before, **variables}}
            )
            yield
        finally:
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": before}
            )

    def invoke(self, function: str, event: Mapping[str, object]) -> None:
        """Run a function to its end; it must succeed."""
        told = self._invoked(function, event)
        # An emulator that has just changed a function may lose what it unpacked for it.
        if self.emulated and told and "ministack-lambda" in told:
            told = self._invoked(function, event)
        assert told is None, told

    def _invoked(self, function: str, event: Mapping[str, object]) -> str | None:
        """Run a function and return what it failed of."""
        name = f"signal9-{self.settings.stage}-{function}"
        done = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return str(done["Payload"].read()) if "FunctionError" in done else None

    def logged(self, function: str) -> list[dict[str, Any]]:
        """Return what a function has written to its log as JSON."""
        name = f"signal9-{self.settings.stage}-{function}"
        described = self.client("lambda").get_function_configuration(FunctionName=name)
        group = described["LoggingConfig"]["LogGroup"]
        events = self.client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [each["message"] for each in events if each["message"].startswith("{")]
        return [json.loads(line) for line in lines]


def _without_settings(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in variables.items() if not name.startswith("SIGNAL9_DEPLOY__")
    }


@contextmanager
def deployed() -> Iterator[Place]:
    """Yield the stage, deployed from nothing where it is an emulator's."""
    if STAGE != LOCAL:
        yield Place(load_stage(STAGE))
        return
    with empty_place() as place:
        place.command("deploy", LOCAL)
        yield replace(place, unreadable=_sent_poison(place))


@contextmanager
def empty_place() -> Iterator[Place]:
    """Yield an emulator with nothing on it, and an issuer of tokens for the stage to come."""
    with patch.dict(os.environ, _without_settings(os.environ), clear=True):
        settings = load_stage(STAGE)
    with real_issuer() as issuer, running_emulator() as url:
        places = {"AWS_ENDPOINT_URL": url, "SIGNAL9_DEPLOY__ISSUER": issuer}
        variables = {**CREDENTIALS, **_EVERY_MINUTE, **places}
        yield Place(settings, variables, "000000000000", issuer)


def _sent_poison(place: Place) -> str:
    """Send a message that nobody can read, first of all, since three attempts take their time."""
    sqs = place.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_name(place.settings, "failures"))["QueueUrl"]
    return str(sqs.send_message(QueueUrl=url, MessageBody="poison")["MessageId"])


def eventually(look: Callable[[], T | None], *, within_s: float) -> T:
    """Return what `look` finds as soon as it finds something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"nothing within {within_s:.0f} s")
