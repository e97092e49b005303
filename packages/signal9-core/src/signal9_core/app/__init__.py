"""The one place where concrete parts meet: `build(settings)` makes an application of them."""

from .application import App, build, no_progress

__all__ = ["App", "build", "no_progress"]
