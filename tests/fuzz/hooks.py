"""A check for schemathesis: valid requests are refused only for documented reasons."""

from typing import Any, Final

import schemathesis

REASONS: Final = {
    "adjusted": "some companies have no adjusted prices",
    "cursor": "must be the cursor of the same query",
    "from": "must not be after `to`",
    "notifications": "a time zone must exist, and quiet hours must have both ends",
    "profile": "users must be adults",
    "ticker": "must be a stored company",
    "tickers": "cannot be combined with filters",
    "topic": "must contain a letter or digit",
    "topics": "must contain a letter or digit",
    "watchlist": "must be stored companies",
    "wizard": "can be completed only with a complete profile",
}
"""Fields that may be refused although they match the schema, and why."""


@schemathesis.check
def valid_requests_are_refused_for_a_reason(_: Any, response: Any, case: Any) -> None:
    """Fail if a request that matches the document is refused for another reason."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 422:
        return
    fields = {error["field"].partition(".")[0] for error in response.json()["errors"]}
    if unexplained := fields - REASONS.keys():
        raise AssertionError(f"refused for {sorted(unexplained)}: {response.text}")
