"""A diff becomes a comment on a merge request, by a GitLab that only listens."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from signal9_deploy.commands.gitlab import COMMENTER, comment
from signal9_deploy.commands.program import program
from signal9_deploy.errors import DeployError


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
        Thread(target=server.serve_forever, daemon=True).start()
        found.variables = {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "42",
            COMMENTER: "good",
        }
        yield found
        server.shutdown()


def test_a_comment_is_written_once_and_then_renewed(gitlab: GitLab) -> None:
    gitlab.notes[1] = "Looks good"

    first = comment("What `prod` would be:\n\none", gitlab.variables)
    again = comment("What `prod` would be:\n\ntwo", gitlab.variables)

    assert first == again
    assert gitlab.notes == {1: "Looks good", 2: "What `prod` would be:\n\ntwo"}


def test_a_token_that_may_not_comment_is_told(gitlab: GitLab) -> None:
    with pytest.raises(DeployError, match=r"^GitLab answers 401 to GET http.*/notes"):
        comment("text", gitlab.variables | {COMMENTER: "bad"})


def test_outside_a_merge_request_there_is_nothing_to_comment_on(gitlab: GitLab) -> None:
    with pytest.raises(DeployError, match="CI_MERGE_REQUEST_IID is unset"):
        comment("text", gitlab.variables | {"CI_MERGE_REQUEST_IID": ""})


def test_a_gitlab_that_is_away_is_told(gitlab: GitLab) -> None:
    away = gitlab.variables | {"CI_API_V4_URL": "http://127.0.0.1:9/api/v4"}

    with pytest.raises(DeployError, match="GitLab cannot be reached"):
        comment("text", away)


def test_the_command_comments_where_it_may_and_says_so_where_not(
    gitlab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "diff.md"
    file.write_text("the diff", "utf-8")
    monkeypatch.delenv(COMMENTER, raising=False)
    without = CliRunner().invoke(program, ["comment", str(file)]).output
    for name, value in gitlab.variables.items():
        monkeypatch.setenv(name, value)

    commented = CliRunner().invoke(program, ["comment", str(file)])

    assert "is unset" in without
    assert commented.exit_code == 0, commented.output
    assert gitlab.notes == {1: "the diff"}
