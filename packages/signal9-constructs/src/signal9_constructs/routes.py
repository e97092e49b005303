"""The routes of a REST API: what handles each, who may call it, and how much."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions

from .arguments import Wrapper, checked, implements, unwrap
from .errors import ConstructError
from .json_schema import JsonSchema

__all__ = ["Authorizer", "Route", "UsagePlan", "check_routes", "make_integration", "responses"]

Function: TypeAlias = lambda_.IFunction | Wrapper[lambda_.IFunction]
StateMachine: TypeAlias = stepfunctions.IStateMachine | Wrapper[stepfunctions.IStateMachine]
Authorizer: TypeAlias = (
    lambda_.IFunction
    | apigateway.IAuthorizer
    | cognito.IUserPool
    | Wrapper[lambda_.IFunction | cognito.IUserPool]
    | Literal["iam"]
)
"""Who decides on a caller: a function, API Gateway, a user pool, or IAM by signed requests."""

_PATH: Final = re.compile(r"/|(/[-\w.~]+|/\{\w+\})+|(/[-\w.~]+|/\{\w+\})*/\{\w+\+\}")
_VARIABLE: Final = re.compile(r"\{(\w+)\+?\}")
_METHODS: Final = ("ANY", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@checked
@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path, and the `function` or `integration` that handles it.

    `query` and `headers` map each parameter to whether it is required; path parameters, in braces,
    always are. `body` is the JSON Schema of the request body. An `open` route needs no authorizer;
    an `authorizer` here replaces the API's, and `scopes` are those of a user pool's tokens.
    `rate_per_s` and `burst` limit this route alone. A state machine as `integration` is started
    with the body: an express one answers with its output, others with 202 and the execution's ARN.
    """

    method: str
    path: str
    function: Function | None = None
    body: JsonSchema | None = None
    query: Mapping[str, bool] = field(default_factory=dict)
    headers: Mapping[str, bool] = field(default_factory=dict)
    open: bool = False
    key_required: bool = False
    rate_per_s: float | None = None
    burst: int | None = None
    integration: apigateway.Integration | StateMachine | None = None
    authorizer: Authorizer | None = None
    scopes: Sequence[str] = ()
    props: apigateway.MethodOptions | None = None

    @property
    def name(self) -> str:
        """Method and path, such as `GET /orders`."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> dict[str, bool]:
        """All parameters as API Gateway names them, and whether they are required."""
        return {
            **{f"method.request.path.{key}": True for key in _VARIABLE.findall(self.path)},
            **{f"method.request.querystring.{key}": value for key, value in self.query.items()},
            **{f"method.request.header.{key}": value for key, value in self.headers.items()},
        }


@checked
@dataclass(frozen=True, slots=True)
class UsagePlan:
    """Limits of the callers that have one of its keys: names of new keys, or keys that exist."""

    name: str
    keys: Sequence[str | apigateway.IApiKey]
    rate_per_s: float
    burst: int
    requests: int | None = None
    per: Literal["DAY", "WEEK", "MONTH"] = "DAY"


def check_routes(routes: Iterable[Route], *, authorized: bool) -> None:
    """Refuse invalid and duplicate routes, and those without an authorizer that are not `open`."""
    names: set[str] = set()
    variables: dict[str, str] = {}
    for route in routes:
        if route.method not in _METHODS:
            raise ConstructError(f"{route.name}: the method must be one of {_METHODS}")
        if not _PATH.fullmatch(route.path):
            raise ConstructError(
                f"{route.name}: invalid path; use /orders/{{id}}, or {{rest+}} as the last part"
            )
        if (route.function is None) == (route.integration is None):
            raise ConstructError(f"{route.name}: either function or integration is required")
        if not (authorized or route.open or route.authorizer):
            raise ConstructError(f"{route.name}: an authorizer or open=True is required")
        if route.open and (route.authorizer or route.scopes):
            raise ConstructError(f"{route.name}: an open route has neither authorizer nor scopes")
        if route.name in names:
            raise ConstructError(f"{route.name}: duplicate route")
        names.add(route.name)
        _check_variables(route, variables)


def _check_variables(route: Route, known: dict[str, str]) -> None:
    """Refuse another name for a parameter at the same position, as API Gateway does."""
    prefix = ""
    for part in route.path.split("/")[1:]:
        if part.startswith("{") and known.setdefault(prefix, part) != part:
            raise ConstructError(
                f"{route.name}: the parameter after {prefix}/ is {known[prefix]} in another route"
            )
        prefix = f"{prefix}/{part}"


def make_integration(route: Route, role: Callable[[], aws_iam.IRole]) -> apigateway.Integration:
    """Return the integration of a route; `role` is the one that starts state machines."""
    handler: Any = unwrap(route.function or route.integration)
    if implements(handler, lambda_.IFunction):
        # A permission for each method would outgrow the policy of a function with many routes.
        return apigateway.LambdaIntegration(
            handler, allow_test_invoke=False, scope_permission_to_method=False
        )
    if not implements(handler, stepfunctions.IStateMachine):
        return cast("apigateway.Integration", handler)
    starter = role()
    if _is_express(handler):
        return apigateway.StepFunctionsIntegration.start_execution(
            handler, credentials_role=starter
        )
    handler.grant_start_execution(starter)
    return _start(handler.state_machine_arn, starter)


def _is_express(handler: object) -> bool:
    """Whether a handler is an express state machine; the type of an imported one is unknown."""
    type_ = getattr(handler, "state_machine_type", None)
    return type_ is stepfunctions.StateMachineType.EXPRESS


def _start(state_machine_arn: str, role: aws_iam.IRole) -> apigateway.Integration:
    """Start an execution with `{"body": …}`, as the CDK's integration of express ones does."""
    body = r"""$util.escapeJavaScript($input.json('$')).replaceAll("\\'", "'")"""
    request = f'{{"stateMachineArn": "{state_machine_arn}", "input": "{{\\"body\\": {body}}}"}}'
    failed = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "errors": []}
    return apigateway.AwsIntegration(
        service="states",
        action="StartExecution",
        integration_http_method="POST",
        options=apigateway.IntegrationOptions(
            credentials_role=role,
            passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
            request_templates={"application/json": request},
            integration_responses=[
                apigateway.IntegrationResponse(
                    status_code="202",
                    response_templates={
                        "application/json": '{"execution": $input.json("$.executionArn")}'
                    },
                ),
                apigateway.IntegrationResponse(
                    status_code="502",
                    selection_pattern=r"[45]\d{2}",
                    response_templates={"application/json": json.dumps(failed)},
                ),
            ],
        ),
    )


def responses(route: Route) -> list[apigateway.MethodResponse] | None:
    """Return the responses that a method must declare: those of a state machine that is started."""
    handler = unwrap(route.integration)
    if not implements(handler, stepfunctions.IStateMachine) or _is_express(handler):
        return None
    return [apigateway.MethodResponse(status_code=status) for status in ("202", "502")]
