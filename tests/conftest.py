import os

from hypothesis import settings

# Nothing depends on how fast a machine is. Where nobody looks at a failure at once, the same
# examples are tried every time; on a developer's machine, new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
