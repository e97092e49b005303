"""A regional REST API: routes as data, CORS, validation, throttling, logs and traces."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy, Size, Stack, aws_iam, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .errors import ConstructError
from .feature_flags import prepare
from .json_schema import JsonSchema, draft_4_document
from .logs import make_log_group
from .problem_responses import add_problem_responses

__all__ = ["RestService", "Route", "check_routes"]

_PATH: Final = re.compile(r"/|(/[-\w.~]+|/\{\w+\})+|(/[-\w.~]+|/\{\w+\})*/\{\w+\+\}")
_VARIABLE: Final = re.compile(r"\{(\w+)\+?\}")
_METHODS: Final = ("ANY", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_BEARER: Final = r"^Bearer [-0-9a-zA-Z._~+/]+=*$"
_REQUEST_HEADERS: Final = ("Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match")
_EXPOSED_HEADERS: Final = ("ETag", "Retry-After", "X-Request-Id")
_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "traceId": "$context.xrayTraceId",
    "ip": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "principal": "$context.authorizer.principalId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latencyMs": "$context.responseLatency",
    "integrationLatencyMs": "$context.integrationLatency",
    "responseBytes": "$context.responseLength",
    "error": "$context.error.message",
    "validation": "$context.error.validationErrorString",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path, and the function that handles it.

    `query` and `headers` map each parameter to whether it is required; path parameters, in braces,
    always are. `body` is the JSON Schema of the request body. An `open` route needs no authorizer.
    `rate_per_s` and `burst` limit this route alone.
    """

    method: str
    path: str
    function: lambda_.IFunction
    body: JsonSchema | None = None
    query: Mapping[str, bool] = field(default_factory=dict)
    headers: Mapping[str, bool] = field(default_factory=dict)
    open: bool = False
    key_required: bool = False
    rate_per_s: float | None = None
    burst: int | None = None

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
        if not (authorized or route.open):
            raise ConstructError(f"{route.name}: an authorizer or open=True is required")
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


class RestService(Construct):
    """An API from a list of routes.

    `authorizer` is a function that checks bearer tokens, or an API Gateway authorizer; without one
    every route must be `open`. API Gateway validates bodies and parameters before a function runs,
    and its own errors are problem documents. Bodies are never logged.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        routes: Sequence[Route],
        authorizer: lambda_.IFunction | apigateway.IAuthorizer | None = None,
        authorizer_cache_s: int = 300,
        api_name: str | None = None,
        description: str | None = None,
        stage_name: str = "live",
        cors_origins: Sequence[str] = (),
        cors_headers: Sequence[str] = _REQUEST_HEADERS,
        cors_exposed_headers: Sequence[str] = _EXPOSED_HEADERS,
        minimum_compression_bytes: int | None = 1024,
        rate_per_s: float = 100,
        burst: int = 200,
        tracing: bool = True,
        execution_log: apigateway.MethodLoggingLevel = apigateway.MethodLoggingLevel.ERROR,
        access_log_name: str | None = None,
        log_retention_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        account_log_role: bool = True,
        api_keys: Sequence[str] = (),
        requests_per_day: int | None = None,
        policy: aws_iam.PolicyDocument | None = None,
        domain_name: str | None = None,
        certificate: acm.ICertificate | None = None,
        default_endpoint: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        check_routes(routes, authorized=authorizer is not None)
        if "*" in cors_origins:
            raise ConstructError(f"{self.node.path}: cors_origins must name origins, not '*'")
        make_log = partial(
            make_log_group, self, retention_days=log_retention_days, removal_policy=removal_policy
        )
        self.access_log = make_log("AccessLog", name=access_log_name, encryption_key=encryption_key)
        self._rate_per_s, self._burst = rate_per_s, burst
        self.api = apigateway.RestApi(
            self,
            "Default",
            rest_api_name=api_name or id_,
            description=description,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            disable_execute_api_endpoint=not default_endpoint,
            policy=policy,
            cloud_watch_role=account_log_role,
            cloud_watch_role_removal_policy=removal_policy if account_log_role else None,
            fail_on_warnings=True,
            min_compression_size=(
                None if minimum_compression_bytes is None else Size.bytes(minimum_compression_bytes)
            ),
            default_cors_preflight_options=_preflight(
                {route.method for route in routes}, cors_origins, cors_headers, cors_exposed_headers
            ),
            deploy_options=apigateway.StageOptions(
                stage_name=stage_name,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
                logging_level=execution_log,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=tracing,
                throttling_rate_limit=rate_per_s,
                throttling_burst_limit=burst,
                method_options=self._method_options(routes, execution_log),
            ),
        )
        # Otherwise API Gateway creates this group with its first line, without a retention.
        name = f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{stage_name}"
        self.execution_log = make_log("ExecutionLog", name=name)
        self.stage.node.add_dependency(self.execution_log)
        self.authorizer = self._make_authorizer(authorizer, authorizer_cache_s)
        self._add_methods(routes)
        self._limit_permissions_to(stage_name)
        cors = _error_headers(cors_origins, cors_exposed_headers)
        add_problem_responses(Construct(self, "Problems"), self.api, cors)
        self.usage_plan = self._make_usage_plan(api_keys, requests_per_day)
        self.domain = self._make_domain(domain_name, certificate)

    @property
    def stage(self) -> apigateway.Stage:
        """The deployed stage."""
        return self.api.deployment_stage

    @property
    def url(self) -> str:
        """The URL without a trailing slash: the domain's if the default endpoint is disabled."""
        rest_api = cast("apigateway.CfnRestApi", self.api.node.default_child)
        if self.domain and rest_api.disable_execute_api_endpoint:
            return f"https://{self.domain.domain_name}"
        stack = Stack.of(self)
        host = f"{self.api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}"
        return f"https://{host}/{self.stage.stage_name}"

    def _method_options(
        self, routes: Sequence[Route], level: apigateway.MethodLoggingLevel
    ) -> Mapping[str, apigateway.MethodDeploymentOptions]:
        # A method's settings replace all of the stage's, so they repeat its logging.
        return {
            # Here the method ANY is written as a star.
            f"{route.path}/{'*' if route.method == 'ANY' else route.method}": (
                apigateway.MethodDeploymentOptions(
                    logging_level=level,
                    data_trace_enabled=False,
                    metrics_enabled=True,
                    throttling_rate_limit=(
                        self._rate_per_s if route.rate_per_s is None else route.rate_per_s
                    ),
                    throttling_burst_limit=self._burst if route.burst is None else route.burst,
                )
            )
            for route in routes
            if (route.rate_per_s, route.burst) != (None, None)
        }

    def _make_authorizer(
        self, authorizer: lambda_.IFunction | apigateway.IAuthorizer | None, cache_s: int
    ) -> apigateway.IAuthorizer | None:
        if authorizer is None:
            return None
        if hasattr(authorizer, "authorizer_id"):
            return cast("apigateway.IAuthorizer", authorizer)
        role = None
        if Stack.of(authorizer) is not Stack.of(self):
            # A function's own policy cannot name an API in another stack, so a role is needed.
            service = aws_iam.ServicePrincipal("apigateway.amazonaws.com")
            role = aws_iam.Role(self, "Asking", assumed_by=service)
        return apigateway.TokenAuthorizer(
            self,
            "Authorizer",
            handler=authorizer,
            validation_regex=_BEARER,
            assume_role=role,
            results_cache_ttl=Duration.seconds(cache_s),
        )

    def _add_methods(self, routes: Sequence[Route]) -> None:
        validator = self.api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        for route in routes:
            authorizer = None if route.open else self.authorizer
            self.api.root.resource_for_path(route.path).add_method(
                route.method,
                apigateway.LambdaIntegration(route.function, scope_permission_to_method=False),
                authorizer=authorizer,
                authorization_type=None if authorizer else apigateway.AuthorizationType.NONE,
                api_key_required=route.key_required,
                request_parameters=route.parameters,
                request_models=None if route.body is None else self._make_model(route, route.body),
                request_validator=validator,
            )

    def _limit_permissions_to(self, stage_name: str) -> None:
        # A permission per method would fill the 20 KB of a function's policy with some 47 routes;
        # the CDK's permission per function and API is for all stages.
        for permission in self.api.node.children:
            if isinstance(permission, lambda_.CfnPermission):
                permission.source_arn = self.api.arn_for_execute_api("*", "/*", stage_name)

    def _make_model(self, route: Route, body: JsonSchema) -> dict[str, apigateway.IModel]:
        schema = draft_4_document(body)
        # An id cannot have a slash; a bar is in no path, so ids stay unique.
        id_ = route.name.replace("/", "|")
        model = apigateway.CfnModel(
            self,
            f"{id_}Body",
            rest_api_id=self.api.rest_api_id,
            content_type="application/json",
            schema=schema,
        )
        if self.api.latest_deployment:
            # A deployment is a snapshot, so a changed schema requires a new one.
            self.api.latest_deployment.add_to_logical_id({id_: schema})
            self.api.latest_deployment.node.add_dependency(model)
        reference = apigateway.Model.from_model_name(self, f"{id_}Model", model.ref)
        return {"application/json": reference}

    def _make_usage_plan(
        self, keys: Sequence[str], requests_per_day: int | None
    ) -> apigateway.UsagePlan | None:
        if requests_per_day is not None and not keys:
            raise ConstructError(
                f"{self.node.path}: requests_per_day limits only callers with one of api_keys"
            )
        if not keys:
            return None
        quota = None
        if requests_per_day is not None:
            day = apigateway.Period.DAY
            quota = apigateway.QuotaSettings(limit=requests_per_day, period=day)
        plan = self.api.add_usage_plan(
            "UsagePlan",
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.api, stage=self.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=self._rate_per_s, burst_limit=self._burst
            ),
            quota=quota,
        )
        for name in keys:
            plan.add_api_key(self.api.add_api_key(f"Key{name}", api_key_name=name))
        return plan

    def _make_domain(
        self, domain_name: str | None, certificate: acm.ICertificate | None
    ) -> apigateway.DomainName | None:
        if domain_name is None and certificate is None:
            return None
        if domain_name is None or certificate is None:
            raise ConstructError(f"{self.node.path}: domain_name and certificate must go together")
        return self.api.add_domain_name(
            "Domain",
            domain_name=domain_name,
            certificate=certificate,
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )


def _preflight(
    methods: set[str], origins: Sequence[str], headers: Sequence[str], exposed: Sequence[str]
) -> apigateway.CorsOptions | None:
    if not origins:
        return None
    all_methods = apigateway.Cors.ALL_METHODS
    return apigateway.CorsOptions(
        allow_origins=list(origins),
        allow_methods=all_methods if "ANY" in methods else sorted({"OPTIONS", *methods}),
        allow_headers=list(headers),
        expose_headers=list(exposed),
        max_age=Duration.hours(1),
    )


def _error_headers(origins: Sequence[str], exposed: Sequence[str]) -> dict[str, str]:
    """Return the CORS headers of API Gateway's own errors."""
    if not origins:
        return {}
    # API Gateway's errors cannot look an origin up in a list, so they allow any caller's if there
    # are several; they hold no data.
    origin = f"'{origins[0]}'" if len(origins) == 1 else "method.request.header.Origin"
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": f"'{','.join(exposed)}'",
        "Vary": "'Origin'",
    }
