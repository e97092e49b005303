"""How long an app of all constructs waits for them, and how much code its functions carry."""

import json
import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from packaging.requirements import Requirement

from .measure import Measure
from .timing import import_ms, output

__all__ = ["measures", "pinned"]

_MB: Final = 1_000_000
_OURS: Final = ("signal9_handlers", "signal9_core")
_SYNTHESISE: Final = """
from time import perf_counter as now
from signal9_constructs import known_findings
from tests.constructs.shop import Shop
started = now()
shop = Shop()
shop.stage.acknowledge(*known_findings(shop.stage))
shop.app.synth()
print(now() - started)
"""
_BUNDLE: Final = """
import json, sys
from time import perf_counter as now
from aws_cdk import App, Stack
from signal9_constructs import DependencyLayer, PythonBundle, PythonFunction, bundling
worked = 0.0
bundle = bundling.bundle_into
def measured(*arguments, **options):
    global worked
    started = now()
    bundle(*arguments, **options)
    worked += now() - started
bundling.bundle_into = measured
folder, sources, requirements = json.loads(sys.argv[1])
app = App(outdir=folder, analytics_reporting=False)
stack = Stack(app, "Api")
PythonFunction(stack, "Read", code=PythonBundle(sources), handler="signal9_handlers.api.handler")
DependencyLayer(stack, "Libraries", code=PythonBundle(requirements=requirements))
app.synth()
print(worked)
"""


def measures() -> Iterator[Measure]:
    """Yield the times of import, synthesis and bundling, and the sizes of the bundles."""
    yield _import()
    yield Measure("synth", _synthesis_s(validated=False), "s", 3, "lower")
    yield Measure("synth_validated", _synthesis_s(validated=True), "s", 6, "lower")
    with TemporaryDirectory(prefix="bundles-") as folder:
        yield from _bundling(Path(folder))


def pinned(*distributions: str) -> list[str]:
    """Return what `distributions` need to run, as it is installed here, without themselves."""
    found: dict[str, str] = {}
    waiting = [need for name in distributions for need in _needs(name)]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in distributions:
            found[name] = distribution(name).version
            waiting.extend(_needs(name))
    return sorted(f"{name}=={version}" for name, version in found.items())


def _needs(name: str) -> Iterator[str]:
    for line in distribution(name).requires or ():
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": "", "python_version": "3.14"}):
            yield re.sub(r"[-_.]+", "-", need.name).lower()


def _import() -> Measure:
    # The clock starts anew once CDK is there.
    statement = "import aws_cdk\nstarted = now()\nimport signal9_constructs"
    return Measure("import_constructs", import_ms(statement, runs=5), "ms", 50, "lower")


def _synthesis_s(*, validated: bool) -> float:
    environment = os.environ | {"CDK_VALIDATION": str(validated).lower()}
    command = [sys.executable, "-c", _SYNTHESISE]
    return median(float(output(command, environment)) for _ in range(3))


def _bundling(folder: Path) -> Iterator[Measure]:
    requirements = pinned("signal9-core", "signal9-handlers")
    _bundle_s(folder / "warming", requirements)
    yield Measure("bundle_cold", _bundle_s(folder / "cold", requirements), "s", 10, "lower")
    yield Measure("bundle_unchanged", _bundle_s(folder / "cold", requirements), "s", 0, "lower")
    for name, goal, below in (("bundle_size", 15, "signal9_core"), ("layer_size", 40, "python")):
        (asset,) = [each.parent for each in (folder / "cold").glob(f"asset.*/{below}")]
        yield Measure(name, _size(asset) / _MB, "MB", goal, "lower")


def _bundle_s(folder: Path, requirements: list[str]) -> float:
    """Return how long bundling took; CDK finds what it has bundled already."""
    wanted = json.dumps([str(folder), [str(_source(name)) for name in _OURS], requirements])
    return float(output([sys.executable, "-c", _BUNDLE, wanted], os.environ))


def _source(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
