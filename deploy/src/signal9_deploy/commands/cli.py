"""Deploy, compare and destroy the stages of Signal9."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DeployError
from ..repository import Repository, parse_repository
from ..settings import LOCAL, StageSettings
from ..stage_files import load_stage
from . import cdk_cli, gitlab, local, secrets
from . import cost as cost_estimate
from . import restore as tables
from .aws import Account
from .cdk_cli import CdkCli
from .deployment import (
    check_indexes,
    deploy_to_account,
    destroy_in_account,
    region_variables,
)
from .smoke import WAIT_S, describe, smoke_test
from .smoke import as_json as checks_as_json

__all__ = ["main", "program"]

Stage = Annotated[str, typer.Argument(help="The stage: local, dev, test, prod.")]

program = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)


def main() -> None:
    """Run a command; an error is one line on stderr."""
    try:
        program()
    except DeployError as error:
        sys.exit(f"error: {error}")


@program.command()
def deploy(
    stage: Stage,
    *,
    port: Annotated[int, typer.Option(help="The emulator's port.")] = local.PORT,
    seed: Annotated[bool, typer.Option(help="Fill empty tables on the emulator.")] = True,
) -> None:
    """Deploy a stage; `local` starts an emulator."""
    settings = load_stage(stage)
    if settings.emulated:
        local.deploy_local(settings, port=port, echo=typer.echo, seed=seed)
        return
    account = Account(settings.region)
    cdk_cli.check_account(settings, account)
    deploy_to_account(settings, _cdk(settings, account), account, typer.echo)


@program.command()
def bootstrap(
    stage: Stage,
    *,
    github: Annotated[str | None, typer.Option(help="OWNER/NAME, which delivers it.")] = None,
    gitlab: Annotated[str | None, typer.Option(help="GROUP/NAME or URL, likewise.")] = None,
) -> None:
    """Prepare a stage's account for the CDK, and for a repository's pipelines, once."""
    settings = _in_account(load_stage(stage))
    account = Account(settings.region)
    repository = _repository(github, gitlab)
    cdk_cli.bootstrap(settings, _cdk(settings, account), account, repository)


@program.command()
def synth(stage: Stage) -> None:
    """Write a stage's templates to deploy/cdk.out."""
    typer.echo(cdk_cli.synth(load_stage(stage), CdkCli(), typer.echo))


@program.command()
def diff(
    stage: Stage,
    *,
    file: Annotated[Path | None, typer.Option(help="Write Markdown to this file.")] = None,
) -> None:
    """Show what a deployment would change."""
    settings = _in_account(load_stage(stage))
    account = Account(settings.region)
    changes = cdk_cli.diff(settings, _cdk(settings, account))
    if file is None:
        typer.echo(changes)
    else:
        file.write_text(cdk_cli.as_comment(stage, changes), encoding="utf-8")
    check_indexes(settings, account, cdk_cli.templates(settings))


@program.command()
def comment(file: Annotated[Path, typer.Argument(help="The comment, as Markdown.")]) -> None:
    """Write a file as a comment on GitLab's merge request, if there is a token."""
    if gitlab.TOKEN_VARIABLE in os.environ:
        typer.echo(gitlab.comment(file.read_text("utf-8"), os.environ))
    else:
        typer.echo(f"{gitlab.TOKEN_VARIABLE} is unset: no comment on the merge request")


@program.command()
def smoke(
    stage: Stage,
    *,
    wait: Annotated[float, typer.Option(help="Seconds that a probe may take.")] = WAIT_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a deployed stage: health, sign-in, page and pipeline; fail if one fails."""
    settings = load_stage(stage)
    account = local.account(settings) if settings.emulated else Account(settings.region)
    checks = smoke_test(settings, account, wait_s=wait)
    typer.echo(checks_as_json(settings, checks) if as_json else "\n".join(describe(checks)))
    if any(check.failed for check in checks):
        raise typer.Exit(1)


@program.command()
def drift(stage: Stage) -> None:
    """Fail if a deployed resource was changed by hand."""
    settings = _in_account(load_stage(stage))
    cdk_cli.drift(settings, _cdk(settings, Account(settings.region)))


@program.command()
def destroy(stage: Stage) -> None:
    """Destroy a stage; a stage that retains its data asks for its name first."""
    settings = load_stage(stage)
    if settings.emulated:
        local.destroy_local(settings, typer.echo)
        return
    account = Account(settings.region)
    cdk_cli.check_account(settings, account)
    if settings.retain:
        name = typer.prompt(f"This destroys {stage} but keeps its data. Type the stage's name")
        if name != stage:
            raise DeployError(f"{name!r} is not {stage!r}: nothing was destroyed")
    destroy_in_account(settings, _cdk(settings, account), account, typer.echo)


@program.command()
def restore(
    stage: Stage,
    *,
    table: Annotated[list[str] | None, typer.Option(help="A table; all by default.")] = None,
    at: Annotated[datetime | None, typer.Option(help="The time in UTC; now by default.")] = None,
    from_export: Annotated[bool, typer.Option(help="Read the backup bucket.")] = False,
) -> None:
    """Restore tables into new ones, from a point in time or an export, and count their items."""
    settings = load_stage(stage)
    account = local.account(settings) if settings.emulated else Account(settings.region)
    moment = at.replace(tzinfo=UTC) if at else None
    prefix = tables.restore(
        settings, account, typer.echo, names=table or (), at=moment, from_export=from_export
    )
    typer.echo(f"restored: SIGNAL9_STORE=dynamodb SIGNAL9_TABLE_PREFIX={prefix} signal9 check")


@program.command(name="secrets")
def put_secrets(stage: Stage) -> None:
    """Set the providers' keys, from prompts or from JSON on stdin."""
    settings = load_stage(stage)
    if sys.stdin.isatty():
        values = secrets.from_prompt(
            lambda text: str(typer.prompt(text, default="", hide_input=True, show_default=False))
        )
    else:
        values = secrets.from_json(sys.stdin.read())
    account = local.account(settings) if settings.emulated else Account(settings.region)
    for name in secrets.put_secrets(settings, account, values):
        typer.echo(f"{name}: set")


@program.command()
def cost(
    stage: Stage, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Estimate a stage's cost: at rest, per million requests, per 10,000 tickers, per night."""
    settings = load_stage(stage)
    folder = cdk_cli.synth(settings, CdkCli(), lambda line: typer.echo(line, err=True))
    prices = cost_estimate.load_prices()
    estimate = cost_estimate.estimate(cost_estimate.read_templates(folder), prices)
    render = cost_estimate.as_json if as_json else cost_estimate.as_table
    today = datetime.now(UTC).date()
    typer.echo(render(estimate, prices, region=settings.region, today=today))


@program.command()
def doctor(stage: Annotated[str, typer.Argument(help="The stage.")] = LOCAL) -> None:
    """Check everything that a deployment needs, and print remedies."""
    from .doctor import examine  # noqa: PLC0415  # loads the CDK, which takes seconds

    checks = list(examine(load_stage(stage)))
    for check in checks:
        typer.echo(f"{'ok ' if check.passed else 'BAD'} {check.name}: {check.message}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def _cdk(settings: StageSettings, account: Account) -> CdkCli:
    return CdkCli(region_variables(settings, account))


def _repository(github: str | None, gitlab: str | None) -> Repository | None:
    if github and gitlab:
        raise DeployError("--github and --gitlab: a stage is delivered from one repository")
    if github:
        return parse_repository(f"github:{github}")
    if gitlab:
        return parse_repository(gitlab if gitlab.startswith("https:") else f"gitlab:{gitlab}")
    return None


def _in_account(settings: StageSettings) -> StageSettings:
    if settings.emulated:
        raise DeployError(f"{settings.stage} runs on an emulator and has no account")
    return settings
