"""Real market data that comes with the package: no key, no network."""

from .files import SampleFiles
from .provider import SampleProvider

__all__ = ["SampleFiles", "SampleProvider"]
