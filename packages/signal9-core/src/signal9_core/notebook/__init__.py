"""`Signal9` for notebooks; everything behind it is imported on first use."""

from .client import Signal9

__all__ = ["Signal9"]
