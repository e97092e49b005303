import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

# Nothing depends on how fast a machine is. Where nobody looks at a failure at once, the same
# examples are tried every time; on a developer's machine, new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

UNCOUNTED: Final = [Path(__file__).parent / name for name in ("constructs", "deploy")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count coverage where it tells something, since counting doubles the time.

    Property tests run the same lines hundreds of times, and other tests run them too; those of the
    constructs and of the deployment run none that is counted.
    """
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False) or any(
            item.path.is_relative_to(folder) for folder in UNCOUNTED
        ):
            item.add_marker(pytest.mark.no_cover)
