"""The tables, built again from raw bodies that were kept: without a call."""

from .reading import Dialect, Library, Skipped
from .replay import Replay, Replayed

__all__ = ["Dialect", "Library", "Replay", "Replayed", "Skipped"]
