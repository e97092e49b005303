"""How company names, and what people type for them, become words that can be compared."""

import re
import unicodedata
from typing import Final

__all__ = ["core", "words"]

_JURISDICTION: Final = re.compile(r"\s*/\s*[A-Za-z]{2,4}\s*/?\s*$")
"""What the SEC appends to a name: `/DE/`, `/NEW`, `/ADR`, `/ MA`."""

_APOSTROPHES: Final = str.maketrans("", "", "'`\N{RIGHT SINGLE QUOTATION MARK}")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_SILENT: Final = frozenset({"and", "the"})
_SUFFIXES: Final = frozenset(
    {"ab", "ads", "adr", "ag", "as", "asa", "bv", "co", "com", "companies", "company", "corp"}
    | {"corporation", "cv", "de", "gmbh", "group", "holding", "holdings", "inc", "incorporated"}
    | {"kgaa", "limited", "llc", "lp", "ltd", "nv", "plc", "public", "sa", "sab", "se", "spa"}
)


def words(text: str) -> list[str]:
    """Split into plain words: lower case, no accents, initials in one (`J. B. Hunt`: `jb hunt`)."""
    decomposed = unicodedata.normalize("NFKD", _JURISDICTION.sub("", text).casefold())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    found = _BETWEEN_WORDS.sub(" ", letters.translate(_APOSTROPHES)).split()
    return _with_joined_initials([word for word in found if word not in _SILENT] or found)


def core(found: list[str]) -> list[str]:
    """Drop the endings that tell no companies apart (`inc`, `holdings plc`), but never all."""
    end = len(found)
    while end > 1 and found[end - 1] in _SUFFIXES:
        end -= 1
    return found[:end]


def _with_joined_initials(found: list[str]) -> list[str]:
    joined: list[str] = []
    initials = ""
    for word in found:
        if len(word) == 1:
            initials += word
            continue
        joined += [initials, word] if initials else [word]
        initials = ""
    return [*joined, initials] if initials else joined
