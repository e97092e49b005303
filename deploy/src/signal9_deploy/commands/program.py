"""The commands: each reads the stage, does one thing, and tells of it in plain lines."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DeployError
from ..settings import LOCAL, StageSettings
from ..stage_files import load_stage
from . import deploying, gitlab, local, secret_values
from .aws import Account
from .cost import as_json as cost_as_json
from .cost import as_table, estimate, read_templates
from .prices import load_prices
from .toolkit import Toolkit

__all__ = ["main", "program"]

Stage = Annotated[str, typer.Argument(help="The stage: local, dev, test, prod.")]

program = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)


def main() -> None:
    """Run the command that is asked for; what went wrong is one line on stderr."""
    try:
        program()
    except DeployError as error:
        sys.exit(f"error: {error}")


@program.command()
def deploy(
    stage: Stage,
    *,
    port: Annotated[int, typer.Option(help="Where the emulator listens.")] = local.PORT,
    seed: Annotated[bool, typer.Option(help="Fill empty tables on the emulator.")] = True,
) -> None:
    """Deploy a stage; `local` starts an emulator for it."""
    settings = load_stage(stage)
    if settings.emulated:
        local.deploy_local(settings, port=port, say=typer.echo, seed=seed)
        return
    deploying.check_account(settings, Account(settings.region))
    deploying.deploy(settings, Toolkit())


@program.command()
def bootstrap(stage: Stage) -> None:
    """Prepare a stage's account for the CDK, once."""
    settings = _real(load_stage(stage))
    deploying.bootstrap(settings, Toolkit(), Account(settings.region))


@program.command()
def synth(stage: Stage) -> None:
    """Write a stage's templates to deploy/cdk.out."""
    typer.echo(deploying.synth(load_stage(stage), Toolkit(), typer.echo))


@program.command()
def diff(
    stage: Stage,
    *,
    file: Annotated[Path | None, typer.Option(help="Write it here, as Markdown.")] = None,
) -> None:
    """Show what a deployment would change."""
    shown = deploying.diff(_real(load_stage(stage)), Toolkit())
    if file is None:
        typer.echo(shown)
    else:
        file.write_text(deploying.as_comment(stage, shown), encoding="utf-8")


@program.command()
def comment(file: Annotated[Path, typer.Argument(help="What to write, as Markdown.")]) -> None:
    """Put a file on GitLab's merge request as a comment; without a token, leave it at the file."""
    if gitlab.COMMENTER in os.environ:
        typer.echo(gitlab.comment(file.read_text("utf-8"), os.environ))
    else:
        typer.echo(f"{gitlab.COMMENTER} is unset: {file} is not put on the merge request")


@program.command()
def drift(stage: Stage) -> None:
    """Compare what is deployed with what was changed by hand; fails where they differ."""
    deploying.drift(_real(load_stage(stage)), Toolkit())


@program.command()
def destroy(stage: Stage) -> None:
    """Destroy a stage; prod only for whoever types its name."""
    settings = load_stage(stage)
    if settings.emulated:
        local.destroy_local(settings, typer.echo)
        return
    account = Account(settings.region)
    deploying.check_account(settings, account)
    if settings.retain:
        typed = typer.prompt(f"This destroys {stage}. Its data stays. Type its name")
        if typed != stage:
            raise DeployError(f"{typed!r} is not {stage!r}: nothing was destroyed")
    deploying.destroy(settings, Toolkit(), account)


@program.command()
def secrets(stage: Stage) -> None:
    """Put the providers' keys: asked for one by one, or as JSON on stdin."""
    settings = load_stage(stage)
    if sys.stdin.isatty():
        values = secret_values.asked(
            lambda text: str(typer.prompt(text, default="", hide_input=True, show_default=False))
        )
    else:
        values = secret_values.from_json(sys.stdin.read())
    account = local.account(settings) if settings.emulated else Account(settings.region)
    for name in secret_values.put_secrets(settings, account, values):
        typer.echo(f"{name}: set")


@program.command()
def cost(
    stage: Stage,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Reckon what a stage costs a month: at rest, per million requests, per 10,000 tickers."""
    folder = deploying.synth(load_stage(stage), Toolkit(), lambda line: typer.echo(line, err=True))
    prices = load_prices()
    found = estimate(read_templates(folder), prices)
    typer.echo(cost_as_json(found, prices) if as_json else as_table(found, prices))


@program.command()
def doctor(stage: Annotated[str, typer.Argument(help="The stage.")] = LOCAL) -> None:
    """Look for whatever would stop a deployment, and say what to do about it."""
    from .doctor import examine  # noqa: PLC0415  # loads the CDK, which takes seconds

    findings = list(examine(load_stage(stage)))
    for each in findings:
        typer.echo(f"{'ok ' if each.well else 'BAD'} {each.name}: {each.told}")
    if not all(each.well for each in findings):
        raise typer.Exit(1)


def _real(settings: StageSettings) -> StageSettings:
    if settings.emulated:
        raise DeployError(f"{settings.stage} lives on an emulator, and is deployed anew each time")
    return settings
