"""Whole numbers as few bytes: seven bits in each, the lowest first, the top bit for "more"."""

from typing import Final

from ...errors import StoreError

__all__ = ["Reader", "unzigzag", "varint", "zigzag"]

_MORE: Final = 0x80
_BITS: Final = 0x7F


def varint(value: int) -> bytes:
    """Return a number that is not negative as it is written."""
    written = bytearray()
    while value >= _MORE:
        written.append(value & _BITS | _MORE)
        value >>= 7
    written.append(value)
    return bytes(written)


def zigzag(value: int) -> int:
    """Return twice the size of `value`, plus one where it is negative."""
    return value << 1 if value >= 0 else (-value << 1) | 1


def unzigzag(value: int) -> int:
    """Return what `zigzag` was given."""
    return -(value >> 1) if value & 1 else value >> 1


class Reader:
    """Reads what was written, piece by piece; `StoreError` where it ends too early."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    def number(self) -> int:
        """Return the next varint."""
        value = shift = 0
        content, at = self._content, self._at
        try:
            while True:
                byte = content[at]
                at += 1
                if byte < _MORE:
                    self._at = at
                    return value | byte << shift
                value |= (byte & _BITS) << shift
                shift += 7
        except IndexError as error:
            raise StoreError("it ends within a number") from error

    def signed(self) -> int:
        """Return the next varint, which may be negative."""
        return unzigzag(self.number())

    def numbers(self) -> list[int]:
        """Return a list of varints that its length leads."""
        return [self.number() for _ in range(self.number())]

    def raw(self, size: int) -> bytes:
        """Return the next bytes as they are."""
        taken = self._content[self._at : self._at + size]
        if len(taken) < size:
            raise StoreError("it ends too early")
        self._at += size
        return taken

    def again(self) -> "Reader":
        """Return another reader that stands where this one does."""
        return Reader(self._content, self._at)

    def rest(self) -> bytes:
        """Return all bytes from here on."""
        return self._content[self._at :]
