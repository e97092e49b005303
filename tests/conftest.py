import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

# Nothing depends on how fast a machine is. Where nobody looks at a failure at once, the same
# examples are tried every time; on a developer's machine, new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile(
    "mutation", deadline=None, derandomize=True, max_examples=30, database=None
)
settings.load_profile("ci" if os.environ.get("CI") else "here")

TESTS: Final = Path(__file__).parent
NEED_CDK: Final = {"constructs", "deploy"}
UNCOUNTED: Final = {*NEED_CDK, "architecture"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the CDK together: each worker that runs one must load the CDK."""
    items.sort(key=lambda item: NEED_CDK.isdisjoint(item.path.relative_to(TESTS).parts))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count coverage only for tests that run lines that are counted: counting doubles the time."""
    if UNCOUNTED.isdisjoint(item.path.relative_to(TESTS).parts):
        return (yield)
    with _paused_coverage(item.config):
        return (yield)


@contextmanager
def _paused_coverage(config: pytest.Config) -> Iterator[None]:
    """Count neither in this process nor in those that it starts."""
    plugin: Any = config.pluginmanager.getplugin("_cov")
    controller = plugin and plugin.cov_controller
    if not controller:
        yield
        return
    controller.pause()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield
    controller.resume()
