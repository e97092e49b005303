"""The version, apart from the package's front door, so that inner modules can tell it."""

__version__ = "0.1.0"
