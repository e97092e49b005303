"""The version, apart from the package's front door, so that inner modules can tell it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
