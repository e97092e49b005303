"""AWS CDK constructs with safe defaults and an escape hatch."""

__all__ = ["__version__"]

__version__ = "0.1.0"
