"""Names in a zone: written relative to it or in full, checked before Route 53 would refuse them."""

import re
from typing import Final

from aws_cdk import Token

from .errors import ConstructError

__all__ = ["full_name", "plain", "relative_name"]

_LABEL: Final = re.compile(r"_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST: Final = 253


def relative_name(name: str, zone_name: str) -> str:
    """Return `name` without the zone's own, in small letters; the zone itself is the empty name."""
    if Token.is_unresolved(name):
        raise ConstructError(f"a name in {zone_name} must be known at synthesis, not a token")
    if plain(name) == zone_name:
        return ""
    relative = plain(name).removesuffix(f".{zone_name}")
    labels = relative.removeprefix("*.").split(".") if relative not in {"", "*"} else []
    wrong = [label for label in labels if len(label) > 63 or not _LABEL.fullmatch(label)]  # noqa: PLR2004
    if wrong or len(full_name(relative, zone_name)) > _LONGEST:
        raise ConstructError(f"{name!r} in {zone_name}: not a name that DNS could hold")
    return relative


def plain(name: str) -> str:
    """Return `name` in small letters, without a dot at its end; a token stays as it is."""
    return name if Token.is_unresolved(name) else name.lower().removesuffix(".")


def full_name(relative: str, zone_name: str) -> str:
    """Return the name in full, as people write it."""
    return f"{relative}.{zone_name}" if relative else zone_name
