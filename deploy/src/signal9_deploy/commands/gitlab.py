"""Comments on the GitLab merge request of the running job."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..errors import DeployError

__all__ = ["TOKEN_VARIABLE", "comment"]

TOKEN_VARIABLE: Final = "GITLAB_COMMENT_TOKEN"  # noqa: S105  # the name of a variable
"""A project access token of scope `api`, because a job's own token may not comment."""

_TIMEOUT_S: Final = 30


def comment(text: str, variables: Mapping[str, str]) -> str:
    """Write a comment, replacing the one with the same first line, and return its URL."""
    notes = _notes_url(variables)
    token = variables[TOKEN_VARIABLE]
    first_line = text.partition("\n")[0]
    # Only the newest hundred comments are searched.
    existing = _request(f"{notes}?sort=desc&per_page=100", token)
    previous = [note for note in existing if note["body"].partition("\n")[0] == first_line]
    if previous:
        note = _request(f"{notes}/{previous[0]['id']}", token, "PUT", text)
    else:
        note = _request(notes, token, "POST", text)
    return f"{notes}/{note['id']}"


def _notes_url(variables: Mapping[str, str]) -> str:
    names = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", TOKEN_VARIABLE)
    missing = [name for name in names if not variables.get(name)]
    if missing:
        raise DeployError(f"{missing[0]} is unset: not a merge request's job with a token")
    api, project, request = (variables[name] for name in names[:3])
    return f"{api}/projects/{project}/merge_requests/{request}/notes"


def _request(url: str, token: str, method: str = "GET", body: str | None = None) -> Any:
    request = Request(  # noqa: S310  # the URL is GitLab's own variable
        url,
        data=None if body is None else json.dumps({"body": body}).encode(),
        headers={"PRIVATE-TOKEN": token, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            return json.load(response)
    except HTTPError as error:
        raise DeployError(f"GitLab answered {error.code} to {method} {url}") from error
    except URLError as error:
        raise DeployError(f"GitLab cannot be reached at {url}: {error.reason}") from error
