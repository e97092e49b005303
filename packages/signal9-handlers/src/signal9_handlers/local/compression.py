"""Compression as API Gateway does it (`minimumCompressionSize`): of larger answers, on request."""

import gzip
from typing import Final

from .exchange import Reply, Request

__all__ = ["SMALLEST", "compressed"]

SMALLEST: Final = 1_024
"""Bytes from which on it pays."""

_LEVEL: Final = 1
"""Four fifths of what the highest level saves, in a tenth of its time."""


def compressed(request: Request, reply: Reply) -> Reply:
    """Return the reply, with a gzipped body where the client takes that and it pays."""
    if len(reply.body) < SMALLEST or not _takes_gzip(request):
        return reply
    body = gzip.compress(reply.body, _LEVEL, mtime=0)
    return reply._replace(headers=[*reply.headers, ("Content-Encoding", "gzip")], body=body)


def _takes_gzip(request: Request) -> bool:
    sent = [value for name, value in request.headers if name.lower() == "accept-encoding"]
    codings = [each.strip().lower() for value in sent for each in value.split(",")]
    return any(
        coding.partition(";")[0].strip() in {"gzip", "*"} and not coding.endswith("q=0")
        for coding in codings
    )
