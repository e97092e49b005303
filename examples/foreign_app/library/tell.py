"""Tells whoever waits for a book."""


def handler(event: dict[str, dict[str, str]], _context: object) -> str:
    """Name the book that was lent."""
    return event["detail"]["book"]
