"""Bodies with something wrong in them."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

__all__ = ["damaged"]

JUNK: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**18,
        10**30,
        "",
        "None",
        "x",
        "0",
        "9" * 400,
        "1e400",
        "NaN",
        "2024-13-45",
        "20240105",
        "12\u2028",
        [],
        {},
        {"": 1},
        [[]],
        {"a": "1"},
    ]
)


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw a body with a part cut out, bits flipped, bytes put in, or a value replaced."""
    at = draw(st.integers(0, len(body)))
    kind = draw(st.sampled_from(["cut", "flip", "insert", "twice", "value"]))
    if kind == "cut":
        return body[:at] + body[draw(st.integers(at, len(body))) :]
    if kind == "insert":
        return body[:at] + draw(st.binary(min_size=1, max_size=9)) + body[at:]
    if kind == "twice":
        return body[: len(body) - at] + body
    if kind == "flip" or body[:1] not in b"{[":
        flipped = bytearray(body)
        for place in draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=5)):
            flipped[place] ^= 1 << draw(st.integers(0, 7))
        return bytes(flipped)
    content = json.loads(body)
    container, name = draw(st.sampled_from(list(_places(content))))
    container[name] = draw(JUNK)
    return json.dumps(content).encode()


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in a JSON value with every name or position in it."""
    names = list(content) if isinstance(content, dict) else list(range(len(content)))
    for name in names[:20]:
        yield content, name
        if isinstance(content[name], dict | list):
            yield from _places(content[name])
