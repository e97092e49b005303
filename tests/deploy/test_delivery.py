"""The workflow files only call commands that exist, and store no keys."""

import re
import tomllib
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.architecture.project import ROOT

yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed")

GITHUB: Final = ROOT / ".github/workflows/delivery.yml"
GITLAB: Final = ROOT / ".gitlab-ci.yml"
RUN: Final = re.compile(r"hatch run (?:(\w+):)?(\S+)")


@pytest.fixture(scope="module")
def github() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(GITHUB.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def gitlab() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(GITLAB.read_text("utf-8"))
    return found


def _commands(job: dict[str, Any]) -> list[str]:
    steps = job.get("steps", job.get("script", ()))
    return [each["run"] if isinstance(each, dict) else each for each in steps if _runs(each)]


def _runs(step: str | dict[str, Any]) -> bool:
    return isinstance(step, str) or "run" in step


def _jobs(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if "jobs" in document:
        found: dict[str, dict[str, Any]] = document["jobs"]
        return found
    return {
        name: job for name, job in document.items() if isinstance(job, dict) and "script" in job
    }


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_every_command_exists(file: Any) -> None:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]

    for environment, script in RUN.findall(file.read_text("utf-8")):
        scripts = environments[environment or "default"]["scripts"]
        assert script in scripts or script == "$STAGE"


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_no_key_is_stored(file: Any) -> None:
    text = file.read_text("utf-8")

    assert "AWS_ACCESS_KEY_ID" not in text
    assert "AWS_SECRET_ACCESS_KEY" not in text
    assert "secrets." not in text


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_whoever_is_told_the_account_is_told_the_issuer(file: Any) -> None:
    lines = file.read_text("utf-8").splitlines()

    told = [following for line, following in pairwise(lines) if "SIGNAL9_DEPLOY__ACCOUNT:" in line]

    assert told
    assert all("SIGNAL9_DEPLOY__ISSUER:" in each for each in told)


def _triggers(github: dict[Any, Any]) -> dict[str, Any]:
    # YAML takes the word `on` for a truth value.
    found: dict[str, Any] = github[True]
    return found


def test_github_runs_tests_before_it_deploys(github: dict[str, Any]) -> None:
    jobs = _jobs(github)

    assert set(jobs) == {"test", "synth", "diff", "deploy", "drift"}
    assert set(jobs["deploy"]["needs"]) == {"test", "synth"}
    assert jobs["deploy"]["permissions"]["id-token"] == "write"
    assert "hatch run test" in _commands(jobs["test"])
    assert jobs["synth"]["strategy"]["matrix"]["stage"] == ["dev", "test", "prod"]


def test_github_deploys_main_to_prod_and_the_test_branch_to_test(github: dict[str, Any]) -> None:
    triggers = _triggers(github)

    assert triggers["push"]["branches"] == ["main", "test"]
    assert triggers["schedule"]
    assert "== 'main' && 'prod' || 'test'" in _jobs(github)["deploy"]["env"]["STAGE"]


def test_github_comments_what_would_change(github: dict[str, Any]) -> None:
    commands = _commands(_jobs(github)["diff"])

    assert any("deploy:diff" in each for each in commands)
    assert any(each.startswith("gh pr comment") for each in commands)


def test_gitlab_comments_what_would_change(gitlab: dict[str, Any]) -> None:
    commands = _commands(_jobs(gitlab)["diff"])

    assert "hatch run deploy:diff $STAGE --file diff.md" in commands
    assert commands[-1] == "hatch run deploy:comment diff.md"


def test_gitlab_has_the_same_steps_in_order(gitlab: dict[str, Any]) -> None:
    jobs = _jobs(gitlab)

    assert gitlab["stages"] == ["test", "synth", "diff", "deploy", "drift"]
    assert {job["stage"] for job in jobs.values()} == set(gitlab["stages"])
    assert all(job["extends"] in gitlab for job in jobs.values())


def test_gitlab_deploys_main_to_prod_and_the_test_branch_to_test(gitlab: dict[str, Any]) -> None:
    jobs = _jobs(gitlab)

    for stage, branch in (("prod", "main"), ("test", "test")):
        job = jobs[f"deploy-{stage}"]
        (rule,) = job["rules"]
        assert f'$CI_COMMIT_BRANCH == "{branch}"' in rule["if"]
        assert job["script"] == [f"hatch run deploy:{stage}"]
        assert job["extends"] == ".as-role"


def test_drift_is_looked_for_weekly_or_on_schedule(
    github: dict[str, Any], gitlab: dict[str, Any]
) -> None:
    weekly = _triggers(github)["schedule"][0]["cron"]

    assert weekly.split()[2:] == ["*", "*", "1"]
    assert "schedule" in _jobs(gitlab)["drift"]["rules"][0]["if"]
    for document in (github, gitlab):
        assert any("deploy:drift" in each for each in _commands(_jobs(document)["drift"]))
