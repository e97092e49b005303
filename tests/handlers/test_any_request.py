"""Whatever is asked, the API answers it or says what is wrong with it."""

import json
from http import HTTPStatus
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_handlers.api.problems import Problem
from signal9_handlers.local.exchange import Request
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.openapi import document

GATEWAY = Gateway()

words = st.text(max_size=12) | st.sampled_from(["AAPL", "brk.b", "a", "%", "..", "%2F", "\x00"])
values = words | st.sampled_from(
    ["1", "-1", "0", "1e9", "9" * 30, "2024-01-02", "0001-01-01", "9999-12-31", "true", "1mo"]
)
NAMES = {
    path: [each["name"] for each in item["get"]["parameters"] if each["in"] == "query"]
    for path, item in json.loads(document())["paths"].items()
    if "get" in item
}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a path of the API with mostly known parameters and any values."""
    path, names = draw(st.sampled_from(sorted(NAMES.items())))
    known = st.sampled_from([*names, "unheard-of"])
    query = draw(st.dictionaries(known, values, max_size=4))
    ticker = draw(st.sampled_from(["AAPL", "msft"]) | words)
    return Request("GET", path.replace("{ticker}", ticker), urlencode(query))


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(request=requests())
def test_no_request_makes_the_api_fail(app: App, request: Request) -> None:
    reply = GATEWAY(request)

    assert reply.status in {200, 404, 422}
    if reply.status != HTTPStatus.OK:
        assert Problem.model_validate_json(reply.body).status == reply.status
