"""The repository whose pipelines deliver a stage, and how their tokens name it."""

import re
from typing import Final, Literal, NamedTuple

from .errors import StageError

__all__ = ["CONTEXT", "Repository", "parse_repository"]

CONTEXT: Final = "repository"
"""The context of the CDK app that names the repository."""

_GITHUB: Final = "token.actions.githubusercontent.com"
_GITLAB: Final = "gitlab.com"
_PATH: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_MAIN: Final = "main"


class Repository(NamedTuple):
    """A repository, and the host that issues its pipelines' tokens."""

    forge: Literal["github", "gitlab"]
    host: str
    path: str

    def __str__(self) -> str:
        """Return the text that `parse_repository` reads."""
        return f"{self.forge}:{self.path}" if self.forge == "github" else self.url

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"https://{'github.com' if self.forge == 'github' else self.host}/{self.path}"

    def of_changes(self) -> str:
        """Return the subject of tokens of proposed changes; on GitLab, that of every branch."""
        if self.forge == "github":
            return f"repo:{self.path}:pull_request"
        return f"project_path:{self.path}:ref_type:branch:ref:*"

    def of_main(self) -> str:
        """Return the subject of tokens of the branch main, which runs what is scheduled."""
        if self.forge == "github":
            return f"repo:{self.path}:ref:refs/heads/{_MAIN}"
        return f"project_path:{self.path}:ref_type:branch:ref:{_MAIN}"

    def of_deployments(self, stage: str) -> str:
        """Return the subject of tokens of jobs that deploy a stage."""
        if self.forge == "github":
            return f"repo:{self.path}:environment:{stage}"
        branch = stage if stage == "test" else _MAIN
        return f"project_path:{self.path}:ref_type:branch:ref:{branch}"


def parse_repository(text: str) -> Repository:
    """Read `github:OWNER/NAME`, `gitlab:GROUP/NAME` or the address of a project on a GitLab."""
    forge, _, path = text.partition(":")
    if forge == "github" and _PATH.fullmatch(path) and path.count("/") == 1:
        return Repository("github", _GITHUB, path)
    host = _GITLAB
    if forge == "https":
        forge = "gitlab"
        host, _, path = path.removeprefix("//").partition("/")
    if forge == "gitlab" and _PATH.fullmatch(path):
        return Repository("gitlab", host, path)
    raise StageError(f"repository {text!r}: must be OWNER/NAME, or GROUP/NAME or a URL on GitLab")
