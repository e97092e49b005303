"""Bodies that somebody laid out by hand: `provider/FUNCTION/NAME.json` or `.csv`.

NAME starts with the symbol, up to the first `_`, and may say of which year, month or day it is:
`IBM_2023-01`, `AAPL_2022`, `IBM_full_2020-11`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from ..errors import StoreError
from ..ports import RawCopies, RawCopy
from .archive import Archive
from .files import Files, FolderFiles

__all__ = ["Recordings", "copies_in"]

_PARTS: Final = 3
_DATED: Final = re.compile(r"_(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?=_|$)")
_DECEMBER: Final = 12


class Recordings:
    """What lies in a folder, of which the cache knows nothing."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def copies(self) -> Iterator[RawCopy]:
        """Yield every file that lies where a recording does."""
        for name in self._files.names():
            parts = name.split("/")
            stem, dot, kind = parts[-1].rpartition(".")
            if len(parts) == _PARTS and dot and kind in {"json", "csv"}:
                yield RawCopy(
                    file=name,
                    provider=parts[0],
                    function=parts[1],
                    symbol=stem.partition("_")[0],
                    at=_moment(stem),
                    read=partial(self._files.read, name),
                )


class _Both:
    def __init__(self, files: Files) -> None:
        self._files = files

    def copies(self) -> Iterator[RawCopy]:
        return chain(Archive(self._files).copies(), Recordings(self._files).copies())


def copies_in(folder: Path) -> RawCopies:
    """Return what a folder holds, be it a cache or recordings; `StoreError` if it is no folder."""
    if not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder")
    return _Both(FolderFiles(folder))


def _moment(stem: str) -> datetime | None:
    """Return the end of the time that a name says; `None` where it says none."""
    found = _DATED.search(stem)
    if found is None:
        return None
    year, month, day = (None if part is None else int(part) for part in found.groups())
    try:
        start = datetime(year or 1, month or _DECEMBER, day or 1, tzinfo=UTC)
    except ValueError:
        return None
    if day is None:
        # The last second of the month, or of the year.
        start = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=1, seconds=-1)
