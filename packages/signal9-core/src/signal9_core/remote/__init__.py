"""The API of a running Signal9, asked as if everything were stored here."""

from .source import RemoteSource

__all__ = ["RemoteSource"]
