"""Raw bodies of providers, kept compressed in a folder or a bucket."""

from .archive import Archive
from .files import Files, FolderFiles
from .recordings import Recordings, copies_in

__all__ = ["Archive", "Files", "FolderFiles", "Recordings", "copies_in"]
