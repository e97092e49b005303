"""Whatever the list of routes: each is a method of its own, and each path is made once."""

from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError, RestService, Route
from signal9_constructs.routes import check_routes
from tests.constructs.lab import ENV, app

FUNCTION: Final = "arn:aws:lambda:us-east-1:123456789012:function:orders"
METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
VARIABLE: Final = "{at%d}"

# A place in a path has two words, or one variable, named after where it stands.
PATHS = st.lists(st.sampled_from(["orders", "items", VARIABLE]), max_size=3).map(
    lambda parts: "/" + "/".join(part.replace("%d", str(at)) for at, part in enumerate(parts))
)
WANTED = st.sets(st.tuples(st.sampled_from(METHODS), PATHS), min_size=1, max_size=8)


def _function(stack: Stack) -> lambda_.IFunction:
    return lambda_.Function.from_function_arn(stack, "Orders", FUNCTION)


def _below(path: str) -> set[str]:
    """Return a path and all above it, without the root."""
    parts = path.strip("/").split("/")
    return {"/" + "/".join(parts[: end + 1]) for end in range(len(parts)) if parts[0]}


@settings(max_examples=15)
@given(wanted=WANTED, data=st.data())
def test_no_route_is_lost_and_no_path_is_made_twice(
    wanted: set[tuple[str, str]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(wanted)))
    stack = Stack(app(), "Stack", env=ENV)
    function = _function(stack)

    service = RestService(
        stack, "Api", routes=[Route(method, path, function, open=True) for method, path in order]
    )

    made = [(method.http_method, method.resource.path) for method in service.api.methods]
    paths = [
        each.path
        for each in service.node.find_all()
        if isinstance(each, apigateway.Resource) and each.path != "/"
    ]
    assert sorted(made) == sorted(wanted)
    assert sorted(paths) == sorted(set[str]().union(*(_below(path) for _, path in wanted)))


@given(wanted=WANTED, data=st.data())
def test_a_route_that_is_given_twice_is_refused(
    wanted: set[tuple[str, str]], data: st.DataObject
) -> None:
    twice = data.draw(st.sampled_from(sorted(wanted)))
    function = _function(Stack())
    routes = [Route(method, path, function) for method, path in [*sorted(wanted), twice]]

    with pytest.raises(ConstructError, match="given twice"):
        check_routes(routes, authorized=True)


@given(path=PATHS, other=st.sampled_from(["id", "key"]))
def test_a_place_has_one_variable_only(path: str, other: str) -> None:
    function = _function(Stack())
    above = path.rstrip("/")
    routes = [
        Route("GET", f"{above}/{{{name}}}", function, open=True) for name in ("number", other)
    ]

    with pytest.raises(ConstructError, match=r"is followed by \{number\} elsewhere"):
        check_routes(routes, authorized=False)
