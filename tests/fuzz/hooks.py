"""What schemathesis checks besides its own: valid requests are refused for good reason only."""

from typing import Any, Final

import schemathesis

REASONS: Final = {
    "adjusted": "not every company has adjusted prices",
    "cursor": "cursors are signed",
    "from": "the first day must not come after the last one",
    "profile": "birth dates are of adults",
    "ticker": "JSON Schema cannot say that an ingested company is meant",
    "tickers": "not together with filters",
    "topic": "a topic has a letter or digit",
    "topics": "a topic has a letter or digit",
    "watchlist": "watched companies must be known",
    "wizard": "it is complete only with a whole profile",
}
"""Fields that may be refused though they fit the schema, and what no schema can say of them."""


@schemathesis.check
def valid_requests_are_refused_for_good_reason(_: Any, response: Any, case: Any) -> None:
    """Fail where a request that fits the document is refused for anything else."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 422:
        return
    fields = {each["field"].partition(".")[0] for each in response.json()["errors"]}
    if unexplained := fields - REASONS.keys():
        raise AssertionError(f"refused for {sorted(unexplained)}: {response.text}")
