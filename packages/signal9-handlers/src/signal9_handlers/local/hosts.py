"""By which names the server may be called.

A page elsewhere can have its own name lead to this machine (DNS rebinding); the browser then takes
it for the same site, but still sends that name.
"""

from collections.abc import Iterable
from typing import Final

__all__ = ["host_of", "is_here"]

_HERE: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def host_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the header Host; empty unless there is just one."""
    found = [value for name, value in headers if name.lower() == b"host"]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def is_here(host: str) -> bool:
    """Tell whether a name, with any port, means this machine."""
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    known = (name if port.isdigit() else host).lower().removesuffix(".")
    return known in _HERE
