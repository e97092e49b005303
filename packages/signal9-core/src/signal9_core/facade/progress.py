"""A bar on one line, for notebooks and terminals alike."""

import sys
from typing import Final, TextIO

__all__ = ["ProgressLine"]

_WIDTH: Final = 30


class ProgressLine:
    """Draws how far a data set is; draws nothing where no person watches."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A notebook's stream is no terminal, but knows how to go back to the start of a line.
        self._watched = stream.isatty() or "ipykernel" in sys.modules

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Draw the line anew, and leave it behind once all is done."""
        if not self._watched:
            return
        bar = ("#" * (_WIDTH * done // total)).ljust(_WIDTH, ".") if total else ""
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{data_set:<10} [{bar}] {done:,}/{total:,}{end}")
        self._stream.flush()
