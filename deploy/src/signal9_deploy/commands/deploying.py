"""Synthesise, compare, deploy and destroy a stage by the CDK's command line."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import DeployError
from ..names import stack_name
from ..settings import EDGE_REGION, StageSettings
from .aws import Account
from .toolkit import DEPLOY, Toolkit

__all__ = [
    "OUTPUT",
    "as_comment",
    "bootstrap",
    "check_account",
    "deploy",
    "destroy",
    "diff",
    "drift",
    "synth",
]

OUTPUT: Final = DEPLOY / "cdk.out"
"""Where templates and bundles are written, and found again next time."""

Say = Callable[[str], None]

_HINTS: Final = ("Successfully synthesized to", "Supply a stack id", "feature flags are not")
"""What the command line says each time, and what is of no use here."""

_COMMENT_LIMIT: Final = 60_000
_PARTS: Final = ("Edge", "Service", "Data", "Network")


def synth(settings: StageSettings, toolkit: Toolkit, say: Say) -> Path:
    """Write the stage's templates, checked, and return where they are."""
    for line in toolkit.lines("synth", *_app(settings), "--quiet"):
        told = line.rstrip()
        if told and not any(hint in told for hint in _HINTS):
            say(told)
    return OUTPUT / f"assembly-{settings.title}"


def diff(settings: StageSettings, toolkit: Toolkit) -> str:
    """Return what a deployment would change."""
    return toolkit.output("diff", *_stacks(settings), *_app(settings), "--no-color")


def as_comment(stage: str, shown: str) -> str:
    """Return a diff as a comment on a change, cut where comments end."""
    text = shown.strip()
    if len(text) > _COMMENT_LIMIT:
        text = f"{text[:_COMMENT_LIMIT]}\n... and {len(text) - _COMMENT_LIMIT} characters more"
    return f"What deploying to `{stage}` would change:\n\n```text\n{text}\n```\n"


def drift(settings: StageSettings, toolkit: Toolkit) -> None:
    """Fail where something that is deployed was changed by hand."""
    toolkit.run("drift", *_stacks(settings), *_app(settings), "--fail")


def deploy(settings: StageSettings, toolkit: Toolkit, *, quietly: bool = False) -> None:
    """Deploy every stack of the stage, in order; a person at a terminal approves new rights."""
    asked = sys.stdin.isatty() and not settings.emulated and "CI" not in os.environ
    run = toolkit.output if quietly else toolkit.run
    run(
        "deploy",
        *_stacks(settings),
        *_app(settings),
        "--require-approval",
        "broadening" if asked else "never",
        *(("--progress", "events") if not asked else ()),
    )


def destroy(settings: StageSettings, toolkit: Toolkit, account: Account) -> None:
    """Destroy every stack of the stage; in one that retains, its data stays."""
    for part in _PARTS:
        account.unprotect(stack_name(settings, part))
    toolkit.run("destroy", *_stacks(settings), *_app(settings), "--force")


def bootstrap(settings: StageSettings, toolkit: Toolkit, account: Account) -> None:
    """Tell the CDK of the stage's account, in its region and the edge's."""
    number = settings.account or account.number()
    context = ("--context", f"stage={settings.stage}")
    for region in _regions(settings):
        toolkit.run("bootstrap", f"aws://{number}/{region}", *context)


def check_account(settings: StageSettings, account: Account) -> None:
    """Refuse an account that is another one, was never bootstrapped, or lacks the zone."""
    number = account.number()
    if settings.account not in (None, number):
        raise DeployError(
            f"these credentials are of account {number}, but {settings.stage} belongs to "
            f"{settings.account}: choose another AWS_PROFILE"
        )
    for region in _regions(settings):
        if not account.bootstrapped(region):
            raise DeployError(
                f"account {number} is not bootstrapped in {region}: "
                f"hatch run deploy:bootstrap {settings.stage}"
            )
    if settings.zone_id:
        found = account.zone_name(settings.zone_id)
        if found != settings.domain:
            raise DeployError(f"zone {settings.zone_id} is {found}, not {settings.domain}")


def _regions(settings: StageSettings) -> list[str]:
    return sorted({settings.region, *([EDGE_REGION] if settings.parts.edge else [])})


def _app(settings: StageSettings) -> tuple[str, ...]:
    return ("--context", f"stage={settings.stage}", "--output", str(OUTPUT))


def _stacks(settings: StageSettings) -> tuple[str, ...]:
    return (f"{settings.title}/*",)
