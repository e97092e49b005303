"""Text from outside, made safe for a terminal."""

import re
from typing import Final

__all__ = ["one_line"]

_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """Return the text without line breaks and without characters that command a terminal."""
    return _CONTROLS.sub(" ", text).strip()
