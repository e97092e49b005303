"""After a deployment the canary checks the stage; what broke it is rolled back."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from signal9_deploy.commands import cli
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.cli import program
from signal9_deploy.commands.smoke import Deployment, describe, smoke_test
from signal9_deploy.errors import DeployError
from signal9_deploy.settings import StageSettings
from tests.deploy.lab import settings_of

Event = Mapping[str, Any]
Templates = dict[str, dict[str, Any]]

CANARY = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "signal9-prod-Canary"}}


def _stacks(version: int) -> Templates:
    """Return templates of a version of the stage."""
    alias = {
        "Type": "AWS::Lambda::Alias",
        "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}},
        "Properties": {"FunctionVersion": version},
    }
    return {
        "Signal9-prod-Service": {"Resources": {"Live": alias, "Canary": CANARY}},
        "Signal9-prod-Edge": {"Resources": {}},
    }


class Stage(Account):
    """An account with a stage in which some checks fail, by the version that is deployed."""

    def __init__(self, failing: Mapping[int, tuple[str, ...]], templates: Templates) -> None:
        super().__init__("us-east-1")
        self.templates = templates
        self.failing = failing
        self.events: list[Event] = []
        self.updated: list[str] = []

    def in_region(self, region: str) -> Account:
        return self

    def outputs(self, stack: str) -> dict[str, str]:
        return {"SiteUrl": "https://app.signal9.com"} if stack.endswith("Edge") else {"ApiId": "a"}

    def template(self, stack: str) -> Mapping[str, Any]:
        return self.templates.get(stack, {})

    def update_stack(self, stack: str, template: Mapping[str, Any]) -> None:
        assert "UpdatePolicy" not in json.dumps(template)
        self.updated.append(stack)
        self.templates[stack] = dict(template)

    def invoke(self, function: str, event: Event | None = None, *, alias: str | None = None) -> Any:
        assert (function, alias) == ("signal9-prod-Canary", "live")
        self.events.append(event or {})
        live = self.templates["Signal9-prod-Service"]["Resources"]["Live"]
        failing = self.failing.get(live["Properties"]["FunctionVersion"], ())
        checks = [
            {
                "name": name,
                "outcome": "failed" if name in failing else "passed",
                "message": f"about {name}",
                "tookMs": 7,
            }
            for name in ("health", "pipeline")
        ]
        return {"stage": "prod", "checks": checks}


@pytest.fixture
def settings() -> StageSettings:
    return settings_of("prod")


def _deploy(settings: StageSettings, stage: Stage) -> list[str]:
    """Deploy the second version, and check it."""
    lines: list[str] = []
    deployment = Deployment.begin(settings, stage, lines.append)
    stage.templates = _stacks(2)
    deployment.check(lines.append)
    return lines


def test_the_canary_is_told_where_users_find_the_stage(settings: StageSettings) -> None:
    stage = Stage({}, _stacks(1))

    checks = smoke_test(settings, stage, wait_s=9)

    assert stage.events == [
        {
            "api": "https://app.signal9.com/api/v1",
            "page": "https://app.signal9.com/",
            "pageHost": None,
            "hasIssuer": True,
            "waitS": 9,
        }
    ]
    assert next(describe(checks)) == "ok  health: about health (7 ms)"


def test_a_sound_deployment_stays(settings: StageSettings) -> None:
    stage = Stage({}, _stacks(1))

    lines = _deploy(settings, stage)

    assert stage.updated == []
    assert lines == ["ok  health: about health (7 ms)", "ok  pipeline: about pipeline (7 ms)"]


def test_what_broke_the_stage_is_rolled_back_at_once_and_said(settings: StageSettings) -> None:
    stage = Stage({2: ("pipeline",)}, _stacks(1))

    with pytest.raises(DeployError) as failed:
        _deploy(settings, stage)

    assert stage.updated == ["Signal9-prod-Service"]
    assert str(failed.value) == (
        "the smoke test failed: pipeline: about pipeline; rolled back: Service; "
        "not rolled back: state, network, page; all checks pass again"
    )


def test_what_a_rollback_does_not_mend_is_said(settings: StageSettings) -> None:
    stage = Stage({1: ("health",), 2: ("health", "pipeline")}, _stacks(1))

    with pytest.raises(DeployError, match=r"page; these checks still fail: health$"):
        _deploy(settings, stage)

    assert stage.updated == ["Signal9-prod-Service"]


def test_what_was_broken_before_is_not_rolled_back(settings: StageSettings) -> None:
    stage = Stage({1: ("health",), 2: ("health",)}, _stacks(1))

    with pytest.raises(DeployError, match="it failed before the deployment, too, so nothing was"):
        _deploy(settings, stage)

    assert stage.updated == []


def test_a_first_deployment_cannot_be_rolled_back(settings: StageSettings) -> None:
    stage = Stage({2: ("health",)}, {})

    with pytest.raises(DeployError, match="nothing was rolled back, since nothing was deployed"):
        _deploy(settings, stage)

    assert stage.updated == []


def test_a_stage_without_a_canary_is_not_checked_before(settings: StageSettings) -> None:
    old = _stacks(1)
    del old["Signal9-prod-Service"]["Resources"]["Canary"]
    stage = Stage({}, old)

    Deployment.begin(settings, stage, print)

    assert stage.events == []


@pytest.mark.parametrize(("failing", "code"), [((), 0), (("health",), 1)])
def test_the_command_prints_json_and_fails_with_a_check(
    failing: tuple[str, ...], code: int, settings: StageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "load_stage", lambda _: settings)
    monkeypatch.setattr(cli, "Account", lambda _: Stage({1: failing}, _stacks(1)))

    result = CliRunner().invoke(program, ["smoke", "prod", "--json"])

    answer = json.loads(result.stdout)
    assert result.exit_code == code
    assert answer["stage"] == "prod"
    assert [check["outcome"] == "failed" for check in answer["checks"]] == [code == 1, False]
