"""The functions' code: our own packages in one bundle, what they need in a layer."""

from pathlib import Path
from typing import Final

from signal9_constructs import PythonBundle

__all__ = ["ARCHITECTURE", "PYTHON", "libraries", "our_packages"]

PYTHON: Final = "3.14"
ARCHITECTURE: Final = "arm64"

_DEPLOY: Final = Path(__file__).parents[2]
_PACKAGES: Final = _DEPLOY.parent / "packages"
_UNUSED: Final = (
    "**/py.typed",
    "signal9_core/__main__.py",
    "signal9_core/cli",
    "signal9_core/facade",
    "signal9_core/remote",
    "signal9_handlers/local",
    "signal9_handlers/openapi*",
)
_SERVICES: Final = ("dynamodb", "events", "s3", "secretsmanager", "sns", "sqs")


def our_packages(*, for_this_machine: bool = False) -> PythonBundle:
    """Return core and handlers, without what only a laptop needs."""
    return PythonBundle(
        sources=[
            _PACKAGES / "signal9-core/src/signal9_core",
            _PACKAGES / "signal9-handlers/src/signal9_handlers",
        ],
        prune=_UNUSED,
        for_this_machine=for_this_machine,
    )


def libraries(*, for_this_machine: bool = False) -> PythonBundle:
    """Return what core and handlers need, with botocore's data of the services in use alone."""
    return PythonBundle(
        requirements=_DEPLOY / "requirements.txt",
        botocore_services=_SERVICES,
        for_this_machine=for_this_machine,
    )
