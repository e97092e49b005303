"""Makes the app of one stage and synthesises it; what is wrong with the stage is one line."""

import sys
from typing import Final

from aws_cdk import App

from signal9_constructs import ConstructError

from .errors import DeployError, StageError
from .stage import Signal9Stage
from .stage_files import load_stage

__all__ = ["synthesise"]

_CONTEXT: Final = "stage"


def synthesise() -> None:
    """Synthesise the stage that the context names, as the CDK CLI wants it."""
    app = App(analytics_reporting=False, stack_traces=False)
    try:
        Signal9Stage(app, load_stage(_chosen(app)))
        app.synth()
    except (ConstructError, DeployError) as error:
        sys.exit(str(error))


def _chosen(app: App) -> str:
    name = app.node.try_get_context(_CONTEXT)
    if not isinstance(name, str):
        raise StageError("which stage? --context stage=dev, or hatch run deploy:synth dev")
    return name
