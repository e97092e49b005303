"""The CI workflows call existing commands, store no keys, and comment on merge requests."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from signal9_deploy.commands.cli import program
from signal9_deploy.commands.gitlab import TOKEN_VARIABLE, comment
from signal9_deploy.errors import DeployError
from tests.architecture.project import ROOT


@dataclass
class GitLab:
    """The notes of one merge request, over HTTP."""

    notes: dict[int, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, path: str, token: str | None, body: str) -> tuple[int, object]:
        place, _, last = path.partition("?")[0].partition("/notes")
        if token != "good":
            return 401, {}
        if place != "/api/v4/projects/7/merge_requests/42":
            return 404, {}
        if method == "GET":
            return 200, [{"id": id_, "body": each} for id_, each in self.notes.items()]
        id_ = int(last.strip("/")) if last else len(self.notes) + 1
        self.notes[id_] = body
        return 200, {"id": id_, "body": body}


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    found = GitLab()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(text)["body"] if text else ""
            token = self.headers["PRIVATE-TOKEN"]
            status, answer = found.answer(self.command, self.path, token, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_POST = do_PUT = do_GET  # noqa: N815  # as the server calls them

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        found.variables = {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "42",
            TOKEN_VARIABLE: "good",
        }
        yield found
        server.shutdown()


def test_a_comment_is_written_once_and_then_replaced(gitlab: GitLab) -> None:
    gitlab.notes[1] = "Looks good"

    first = comment("What `prod` would be:\n\none", gitlab.variables)
    again = comment("What `prod` would be:\n\ntwo", gitlab.variables)

    assert first == again
    assert gitlab.notes == {1: "Looks good", 2: "What `prod` would be:\n\ntwo"}


def test_a_rejected_token_is_reported(gitlab: GitLab) -> None:
    with pytest.raises(DeployError, match=r"^GitLab answered 401 to GET http.*/notes"):
        comment("text", gitlab.variables | {TOKEN_VARIABLE: "bad"})


def test_outside_a_merge_request_there_is_nothing_to_comment_on(gitlab: GitLab) -> None:
    with pytest.raises(DeployError, match="CI_MERGE_REQUEST_IID is unset"):
        comment("text", gitlab.variables | {"CI_MERGE_REQUEST_IID": ""})


def test_an_unreachable_gitlab_is_reported(gitlab: GitLab) -> None:
    away = gitlab.variables | {"CI_API_V4_URL": "http://127.0.0.1:9/api/v4"}

    with pytest.raises(DeployError, match="GitLab cannot be reached"):
        comment("text", away)


def test_the_command_comments_only_with_a_token(
    gitlab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "diff.md"
    file.write_text("the diff", "utf-8")
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    without = CliRunner().invoke(program, ["comment", str(file)]).output
    for name, value in gitlab.variables.items():
        monkeypatch.setenv(name, value)

    commented = CliRunner().invoke(program, ["comment", str(file)])

    assert "is unset" in without
    assert commented.exit_code == 0, commented.output
    assert gitlab.notes == {1: "the diff"}


yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed")

GITHUB: Final = ROOT / ".github/workflows/delivery.yml"
GITLAB: Final = ROOT / ".gitlab-ci.yml"
RUN: Final = re.compile(r"hatch run (?:(\w+):)?(\S+)")


@pytest.fixture(scope="module")
def github() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(GITHUB.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def gitlab_jobs() -> dict[str, Any]:
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
def test_jobs_with_an_account_have_an_issuer(file: Any) -> None:
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


def test_github_deploys_main_to_prod_and_test_to_test(github: dict[str, Any]) -> None:
    triggers = _triggers(github)

    assert triggers["push"]["branches"] == ["main", "test"]
    assert triggers["schedule"]
    assert "== 'main' && 'prod' || 'test'" in _jobs(github)["deploy"]["env"]["STAGE"]


def test_github_comments_what_would_change(github: dict[str, Any]) -> None:
    commands = _commands(_jobs(github)["diff"])

    assert any("deploy:diff" in each for each in commands)
    assert any(each.startswith("gh pr comment") for each in commands)


def test_gitlab_comments_what_would_change(gitlab_jobs: dict[str, Any]) -> None:
    commands = _commands(_jobs(gitlab_jobs)["diff"])

    assert "hatch run deploy:diff $STAGE --file diff.md" in commands
    assert commands[-1] == "hatch run deploy:comment diff.md"


def test_gitlab_has_the_same_steps_in_order(gitlab_jobs: dict[str, Any]) -> None:
    jobs = _jobs(gitlab_jobs)

    assert gitlab_jobs["stages"] == ["test", "synth", "diff", "deploy", "drift"]
    assert {job["stage"] for job in jobs.values()} == set(gitlab_jobs["stages"])
    assert all(job["extends"] in gitlab_jobs for job in jobs.values())


def test_gitlab_deploys_main_to_prod_and_test_to_test(gitlab_jobs: dict[str, Any]) -> None:
    jobs = _jobs(gitlab_jobs)

    for stage, branch in (("prod", "main"), ("test", "test")):
        job = jobs[f"deploy-{stage}"]
        (rule,) = job["rules"]
        assert f'$CI_COMMIT_BRANCH == "{branch}"' in rule["if"]
        assert job["script"] == [f"hatch run deploy:{stage}"]
        assert job["extends"] == ".as-role"


def test_drift_is_looked_for_weekly_or_on_schedule(
    github: dict[str, Any], gitlab_jobs: dict[str, Any]
) -> None:
    weekly = _triggers(github)["schedule"][0]["cron"]

    assert weekly.split()[2:] == ["*", "*", "1"]
    assert "schedule" in _jobs(gitlab_jobs)["drift"]["rules"][0]["if"]
    for document in (github, gitlab_jobs):
        assert any("deploy:drift" in each for each in _commands(_jobs(document)["drift"]))
