"""Tests of deployment: no template validator, no deprecated API, every template made once."""

import os
import warnings

import pytest

os.environ["CDK_VALIDATION"] = "false"
os.environ["JSII_DEPRECATED"] = "fail"

with warnings.catch_warnings():
    # jsii reads its own metadata without naming an encoding.
    warnings.simplefilter("ignore", EncodingWarning)
    import jsii  # noqa: F401


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the machine that runs the tests change a stage."""
    for name in list(os.environ):
        if name.startswith("SIGNAL9_DEPLOY__"):
            monkeypatch.delenv(name)
