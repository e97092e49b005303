"""Notifies the next reader of a book."""


def handler(event: dict[str, dict[str, str]], _context: object) -> str:
    """Name the book that was lent."""
    return event["detail"]["book"]
