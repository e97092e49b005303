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
settings.load_profile("ci" if os.environ.get("CI") else "here")

TESTS: Final = Path(__file__).parent
UNCOUNTED_FOLDERS: Final = {"architecture", "benchmarks", "constructs", "deploy", "simulator"}
UNCOUNTED_FILES: Final = {
    "test_concurrency.py",
    "test_docs.py",
    "test_interrupted.py",
    "test_model.py",
    "test_openapi.py",
    "test_recordings.py",
    "test_search.py",
}
NEED_CDK: Final = {"constructs", "deploy"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the CDK together: workers take neighbours, and each loads the CDK anew."""
    items.sort(key=lambda item: NEED_CDK.isdisjoint(item.path.relative_to(TESTS).parts))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count coverage where it tells something, since counting doubles the time.

    Tests of the constructs and of the deployment run no line that is counted; the others that are
    left out, and property tests, run hundreds of times what the remaining tests run too.
    """
    if _is_counted(item):
        return (yield)
    with _paused_coverage(item.config):
        return (yield)


def _is_counted(item: pytest.Item) -> bool:
    folders = item.path.relative_to(TESTS).parts
    return (
        folders[0] not in UNCOUNTED_FOLDERS
        and folders[-1] not in UNCOUNTED_FILES
        and not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    )


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
