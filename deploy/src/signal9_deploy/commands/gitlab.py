"""Puts a comment on the merge request that a GitLab job runs for, and renews it next time."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..errors import DeployError

__all__ = ["COMMENTER", "comment"]

COMMENTER: Final = "GITLAB_COMMENT_TOKEN"
"""Who comments: a project access token of scope `api`, since a job's own token may not."""

_LIMIT_S: Final = 30


def comment(text: str, variables: Mapping[str, str]) -> str:
    """Write `text` in the place of the comment that begins like it, or anew; return its address."""
    notes = _notes(variables)
    token = variables[COMMENTER]
    first = text.partition("\n")[0]
    # A merge request with more than a hundred comments gets another one.
    shown = _asked(f"{notes}?sort=desc&per_page=100", token)
    mine = next((each for each in shown if each["body"].partition("\n")[0] == first), None)
    if mine is None:
        made = _asked(notes, token, "POST", text)
    else:
        made = _asked(f"{notes}/{mine['id']}", token, "PUT", text)
    return f"{notes}/{made['id']}"


def _notes(variables: Mapping[str, str]) -> str:
    names = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", COMMENTER)
    missing = [name for name in names if not variables.get(name)]
    if missing:
        raise DeployError(f"not a job of a merge request that may comment: {missing[0]} is unset")
    api, project, request = (variables[name] for name in names[:3])
    return f"{api}/projects/{project}/merge_requests/{request}/notes"


def _asked(url: str, token: str, method: str = "GET", body: str | None = None) -> Any:
    request = Request(  # noqa: S310  # the address is GitLab's own variable
        url,
        data=None if body is None else json.dumps({"body": body}).encode(),
        headers={"PRIVATE-TOKEN": token, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=_LIMIT_S) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as error:
        raise DeployError(f"GitLab answers {error.code} to {method} {url}") from error
    except URLError as error:
        raise DeployError(f"GitLab cannot be reached at {url}: {error.reason}") from error
