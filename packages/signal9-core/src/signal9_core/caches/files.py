"""Where kept bodies are: files by name, in a folder or elsewhere."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..errors import StoreError

__all__ = ["Files", "FolderFiles"]


class Files(Protocol):
    """Files by name, with `/` between folders; every method raises `StoreError` for trouble."""

    def names(self) -> Iterable[str]:
        """Return the names of all files."""

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Return what a file holds."""

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file; nobody ever sees part of it."""


class FolderFiles:
    """Files in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        """Return the names of all files below the folder; none where there is no folder."""
        with _folder_errors(self._folder):
            found = (path for path in self._folder.rglob("*") if path.is_file())
            return sorted(path.relative_to(self._folder).as_posix() for path in found)

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        with _folder_errors(self._folder / name):
            return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write beside the place and move it there, which cannot be interrupted."""
        path = self._folder / name
        with _folder_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise


@contextmanager
def _folder_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
