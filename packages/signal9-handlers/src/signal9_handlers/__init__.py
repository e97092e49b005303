"""Lambda handlers of Signal9, and the local server that runs them."""

__all__ = ["__version__"]

__version__ = "0.1.0"
