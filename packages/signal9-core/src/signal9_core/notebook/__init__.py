"""Signal9 for notebooks; what its methods return is loaded when it is first needed."""

from .client import Signal9

__all__ = ["Signal9"]
