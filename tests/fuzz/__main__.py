"""Runs schemathesis over the document: `python -m tests.fuzz [--max-examples N]`.

The sample is ingested into a temporary folder and served with tokens required. All checks of
schemathesis apply; `tests.fuzz.hooks` says which valid requests may be refused.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from signal9_core.errors import RefusedError
from signal9_handlers.auth.identity import DEVELOPER, Identity
from signal9_handlers.local.gateway import Gateway, require_token
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application
from tests.handlers.sample import serving

__all__ = ["fuzz", "main"]

TOKEN: Final = "Bearer known"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the sample, fuzz it, and return schemathesis's exit code."""
    parser = ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--max-examples", type=int, default=400, help="per operation and phase")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as home:
        os.environ["SIGNAL9_HOME"] = home
        with application() as app:
            app.ingest()
            return fuzz(options.max_examples)


def fuzz(max_examples: int) -> int:
    """Send requests to the application's API; return schemathesis's exit code."""
    server = LocalServer(Site(None), Gateway(authorize=require_token(_verify)))
    with serving(server) as address, TemporaryDirectory() as folder:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{address}/openapi.json",
            f"--header=Authorization: {TOKEN}",
            "--checks=all",
            "--exclude-checks=positive_data_acceptance",
            f"--max-examples={max_examples}",
            "--continue-on-failure",
            "--generation-deterministic",
            "--warnings=off",
            "--no-color",
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(command, cwd=folder, env=os.environ | hooks, check=False)
        return done.returncode


def _verify(header: str) -> Identity:
    if header != TOKEN:
        raise RefusedError("Unknown token.")
    return DEVELOPER


if __name__ == "__main__":
    sys.exit(main())
