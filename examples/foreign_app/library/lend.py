"""Lends a book."""

import json


def handler(event: dict[str, str], _context: object) -> dict[str, object]:
    """Return the loan of the requested book."""
    book = json.loads(event["body"])["book"]
    return {"statusCode": 201, "body": json.dumps({"book": book, "days": 28})}
