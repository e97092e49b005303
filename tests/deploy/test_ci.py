"""Both pipelines run the same commands, store no keys, and never stop a deployment."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from signal9_deploy.commands.cli import program
from signal9_deploy.commands.gitlab import TOKEN_VARIABLE, comment
from signal9_deploy.errors import DeployError
from signal9_deploy.names import role_name
from tests.architecture.project import ROOT, output
from tests.deploy.lab import settings_of


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


GITHUB: Final = ROOT / ".github/workflows/delivery.yml"
RELEASE: Final = ROOT / ".github/workflows/release.yml"
SETUP: Final = ROOT / ".github/actions/setup/action.yml"
GITLAB: Final = ROOT / ".gitlab-ci.yml"
FILES: Final = (GITHUB, RELEASE, SETUP, GITLAB)
RUN: Final = re.compile(r"hatch run (?:(\w+):)?(\S+)")
PINNED: Final = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
IMAGE: Final = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?")
STAGES: Final = ("dev", "test", "prod")

Job = dict[str, Any]


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML().load(file)
    return document


@pytest.fixture(scope="module")
def github() -> dict[str, Job]:
    jobs: dict[str, Job] = _read(GITHUB)["jobs"]
    return jobs


@pytest.fixture(scope="module")
def release() -> dict[str, Job]:
    jobs: dict[str, Job] = _read(RELEASE)["jobs"]
    return jobs


@pytest.fixture(scope="module")
def gitlab_jobs() -> dict[str, Job]:
    return {
        name: job
        for name, job in _read(GITLAB).items()
        if isinstance(job, dict) and "script" in job
    }


def _lines(job: Job) -> list[str]:
    """Return the commands that a job runs, in order."""
    steps = job["steps"] if "steps" in job else job["script"]
    return [
        line
        for step in steps
        for line in (step.get("run", "") if isinstance(step, dict) else step).splitlines()
    ]


def _hatch(job: Job) -> list[str]:
    """Return what a job runs with Hatch, with one name for a tag."""
    lines = (line for line in _lines(job) if line.startswith("hatch run"))
    return [re.sub(r"\$(GITHUB_REF_NAME|CI_COMMIT_TAG)", "$TAG", line) for line in lines]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_command_exists(file: Path) -> None:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]

    for environment, script in RUN.findall(file.read_text("utf-8")):
        assert script in environments[environment or "default"]["scripts"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_key_is_stored(file: Path) -> None:
    text = file.read_text("utf-8")

    assert "AWS_ACCESS_KEY_ID" not in text
    assert "AWS_SECRET_ACCESS_KEY" not in text
    assert "secrets." not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_whatever_others_made_is_pinned(file: Path) -> None:
    text = file.read_text("utf-8")
    used = [use for use in re.findall(r"uses: (.+)", text) if not use.startswith("./")]
    images = re.findall(r"(?:image|name): (\S+:\S+)", text)

    assert [use for use in used if not PINNED.fullmatch(use)] == []
    assert [image for image in images if not IMAGE.fullmatch(image)] == []
    assert all(re.search(r"hatch==\d", line) for line in re.findall(r"pip install .*", text))


def test_both_pipelines_run_the_same_commands(
    github: dict[str, Job], gitlab_jobs: dict[str, Job]
) -> None:
    there = {name: _hatch(job) for name, job in github.items()}
    here = {name: _hatch(gitlab_jobs[name]) for name in there}
    # Comments on GitLab take a command of ours; GitHub has one on every runner.
    here["diff"].remove("hatch run deploy:comment diff.md")

    assert here == there
    assert all(there.values())


def test_both_pipelines_release_the_same_wheels(
    release: dict[str, Job], gitlab_jobs: dict[str, Job]
) -> None:
    commands = ["hatch run release:check $TAG", "hatch run test", "hatch run release:build"]

    assert _hatch(release["build"]) == _hatch(gitlab_jobs["build-release"]) == commands
    # GitHub has actions for what the commands do on GitLab.
    actions = [step["uses"].partition("@")[0] for step in release["publish"]["steps"][1:4:2]]
    assert actions == ["actions/attest-build-provenance", "pypa/gh-action-pypi-publish"]
    assert _hatch(gitlab_jobs["publish"]) == ["hatch run release:sign", "hatch run release:publish"]


def test_github_deploys_what_passed_and_prod_after_dev(github: dict[str, Job]) -> None:
    checks = {"test", "cdk", "synth", "scan", "e2e"}

    assert set(github["deploy-dev"]["needs"]) == set(github["deploy-test"]["needs"]) == checks
    assert github["deploy-prod"]["needs"] == ["deploy-dev"]
    assert github["synth"]["strategy"]["matrix"]["stage"] == [*STAGES]
    assert github["deploy-dev"]["if"].endswith("github.ref == 'refs/heads/main'")
    assert github["deploy-test"]["if"].endswith("github.ref == 'refs/heads/test'")


def test_gitlab_deploys_what_passed_and_prod_after_dev(gitlab_jobs: dict[str, Job]) -> None:
    order = _read(GITLAB)["stages"]
    places = {stage: order.index(gitlab_jobs[f"deploy-{stage}"]["stage"]) for stage in STAGES}

    assert order.index("test") < places["dev"] < places["prod"]
    for stage, branch in (("dev", "main"), ("test", "test"), ("prod", "main")):
        (rule,) = gitlab_jobs[f"deploy-{stage}"]["rules"]
        assert f'$CI_COMMIT_BRANCH == "{branch}"' in rule["if"]
        assert rule.get("when") == ("manual" if stage == "prod" else None)


@pytest.mark.parametrize("stage", STAGES)
def test_a_deployment_is_approved_for_its_environment_and_never_stopped(
    github: dict[str, Job], gitlab_jobs: dict[str, Job], stage: str
) -> None:
    there, here = github[f"deploy-{stage}"], gitlab_jobs[f"deploy-{stage}"]

    assert there["environment"] == here["environment"] == stage
    assert there["concurrency"] == {"group": f"deploy-{stage}", "cancel-in-progress": False}
    assert here["resource_group"] == f"deploy-{stage}"
    assert not here.get("interruptible")


@pytest.mark.parametrize("stage", STAGES)
def test_jobs_assume_the_roles_that_bootstrap_makes(
    github: dict[str, Job], gitlab_jobs: dict[str, Job], stage: str
) -> None:
    settings = settings_of(stage)
    for purpose in ("deploy", "diff", "drift"):
        name = f"deploy-{stage}" if purpose == "deploy" else purpose
        wanted = f":role/{role_name(settings, purpose)}"
        there = [step["with"]["role"] for step in github[name]["steps"] if "role" in str(step)]
        here = gitlab_jobs[name]["variables"]["AWS_ROLE_ARN"]

        assert [role.replace("${{ env.STAGE }}", stage).endswith(wanted) for role in there] == [1]
        assert here.replace("$STAGE", stage).endswith(wanted)
        assert github[name]["permissions"]["id-token"] == "write"


def test_jobs_of_github_may_do_nothing_but_what_they_name(
    github: dict[str, Job], release: dict[str, Job]
) -> None:
    assert _read(GITHUB)["permissions"] == _read(RELEASE)["permissions"] == {}
    for name, job in github.items():
        more = {"diff": {"pull-requests"}}.get(name, set())
        with_role = {"id-token"} if any("role" in str(step) for step in job["steps"]) else set()
        assert set(job["permissions"]) == {"contents"} | with_role | more
        assert job["permissions"]["contents"] == "read"
    assert release["build"]["permissions"] == {"contents": "read"}


def test_a_proposed_change_gets_a_comment_with_what_it_would_change(
    github: dict[str, Job], gitlab_jobs: dict[str, Job]
) -> None:
    assert _lines(github["diff"])[-1].startswith("gh pr comment")
    assert _lines(gitlab_jobs["diff"])[-1] == "hatch run deploy:comment diff.md"
    assert "head.repo.full_name == github.repository" in github["diff"]["if"]


def test_drift_is_detected_weekly_without_approval(
    github: dict[str, Job], gitlab_jobs: dict[str, Job]
) -> None:
    weekly = _read(GITHUB)["on"]["schedule"][0]["cron"]

    assert weekly.split()[2:] == ["*", "*", "1"]
    assert github["drift"]["if"] == "github.event_name == 'schedule'"
    assert "environment" not in github["drift"]
    assert "schedule" in gitlab_jobs["drift"]["rules"][0]["if"]
    assert gitlab_jobs["drift"]["environment"]["action"] == "verify"


def _tool(name: str, *arguments: str | Path) -> str:
    return output(Path(sys.executable).with_name(name), *arguments)


def test_the_workflows_have_no_known_weakness() -> None:
    _tool("zizmor", "--offline", "--quiet", "--strict-collection", ".github")


def test_the_pipelines_fit_their_schemas() -> None:
    check = ("check-jsonschema", "--builtin-schema")

    _tool(*check, "vendor.github-workflows", GITHUB, RELEASE)
    _tool(*check, "vendor.github-actions", SETUP)
    _tool(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", GITLAB)
