"""The CDK application that deploys Signal9."""

__all__ = ["__version__"]

__version__ = "0.1.0"
