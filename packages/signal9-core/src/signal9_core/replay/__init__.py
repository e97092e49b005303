"""The tables, built again from raw bodies that were kept: without a call."""

from .reading import Library, Skipped
from .replay import Replay, Replayed

__all__ = ["Library", "Replay", "Replayed", "Skipped"]
