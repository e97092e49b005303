"""A regional REST API: routes as data, CORS, validation, throttling, logs and traces."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from aws_cdk import Duration, RemovalPolicy, Size, Stack, aws_iam, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .arguments import checked, implements, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .json_schema import JsonSchema, draft_4_document
from .logs import make_log_group
from .problem_responses import add_problem_responses
from .routes import Authorizer, Route, UsagePlan, check_routes, make_integration, responses

__all__ = ["RestService", "Route", "UsagePlan", "check_routes"]

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


@checked
class RestService(Construct):
    """An API from a list of routes.

    `authorizer` is a function that checks bearer tokens, a user pool, `"iam"` for signed requests,
    or an API Gateway authorizer; without one every route must be `open`, or have its own. API
    Gateway validates bodies and parameters before a function runs, and its own errors are problem
    documents. Bodies are never logged.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        routes: Sequence[Route],
        authorizer: Authorizer | None = None,
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
        access_log: logs.ILogGroup | None = None,
        access_log_name: str | None = None,
        log_retention_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        account_log_role: bool = True,
        api_keys: Sequence[str] = (),
        requests_per_day: int | None = None,
        usage_plans: Sequence[UsagePlan] = (),
        policy: aws_iam.PolicyDocument | None = None,
        vpc_endpoints: Sequence[ec2.IVpcEndpoint] = (),
        domain_name: str | apigateway.IDomainName | None = None,
        certificate: acm.ICertificate | None = None,
        base_path: str | None = None,
        default_endpoint: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        deploy_options: apigateway.StageOptions | None = None,
        props: apigateway.RestApiProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._refuse_origins_and_logs(cors_origins, access_log, access_log_name)
        self._refuse_names(domain_name, certificate, base_path, vpc_endpoints)
        if requests_per_day is not None and not api_keys:
            raise self._error("requests_per_day limits only callers with one of api_keys")
        if not routes:
            raise self._error("at least one route is required")
        check_routes(routes, authorized=authorizer is not None)
        make_log = partial(
            make_log_group, self, retention_days=log_retention_days, removal_policy=removal_policy
        )
        self.access_log = access_log or make_log(
            "AccessLog", name=access_log_name, encryption_key=encryption_key
        )
        self._rate_per_s, self._burst, self._base_path = rate_per_s, burst, base_path
        own = apigateway.RestApiProps(
            rest_api_name=api_name or id_,
            description=description,
            disable_execute_api_endpoint=not default_endpoint,
            policy=policy,
            cloud_watch_role=account_log_role,
            cloud_watch_role_removal_policy=removal_policy if account_log_role else None,
            min_compression_size=(
                None if minimum_compression_bytes is None else Size.bytes(minimum_compression_bytes)
            ),
            endpoint_configuration=_private(vpc_endpoints),
            default_cors_preflight_options=_preflight(
                {route.method for route in routes}, cors_origins, cors_headers, cors_exposed_headers
            ),
            deploy=True,
            deploy_options=self._stage_options(
                routes, stage_name, execution_log, deploy_options, tracing=tracing
            ),
        )
        # Not a struct: the types of endpoints and their configuration exclude each other.
        defaults: dict[str, object] = {"fail_on_warnings": True}
        if not vpc_endpoints and not (props and props.endpoint_configuration):
            defaults["endpoint_types"] = [apigateway.EndpointType.REGIONAL]
        self.api = apigateway.RestApi(self, "Default", **merge(self, props, own, defaults))
        if vpc_endpoints:
            self.api.grant_invoke_from_vpc_endpoints_only(list(vpc_endpoints))
        # Otherwise API Gateway creates this group with its first line, without a retention.
        name = f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{stage_name}"
        self.execution_log = make_log("ExecutionLog", name=name, encryption_key=encryption_key)
        self.stage.node.add_dependency(self.execution_log)
        self._authorizers: dict[str, apigateway.IAuthorizer] = {}
        self._cache_s = authorizer_cache_s
        self._default = authorizer
        self.authorizer = self._authorizer(authorizer)
        self._add_methods(routes)
        self._limit_permissions_to(stage_name)
        cors = _error_headers(cors_origins, cors_exposed_headers)
        add_problem_responses(Construct(self, "Problems"), self.api, cors)
        self.usage_plan = self._make_usage_plan(api_keys, requests_per_day)
        self.usage_plans = {plan.name: self._add_usage_plan(plan) for plan in usage_plans}
        self.domain = self._make_domain(domain_name, certificate, base_path)

    @property
    def resource(self) -> apigateway.RestApi:
        """The API, so that the construct can stand for it."""
        return self.api

    @property
    def stage(self) -> apigateway.Stage:
        """The deployed stage."""
        return self.api.deployment_stage

    @property
    def url(self) -> str:
        """The URL without a trailing slash: the domain's if the default endpoint is disabled."""
        rest_api = cast("apigateway.CfnRestApi", self.api.node.default_child)
        if self.domain and rest_api.disable_execute_api_endpoint:
            return "/".join(filter(None, (f"https://{self.domain.domain_name}", self._base_path)))
        stack = Stack.of(self)
        host = f"{self.api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}"
        return f"https://{host}/{self.stage.stage_name}"

    def _refuse_origins_and_logs(
        self,
        cors_origins: Sequence[str],
        access_log: logs.ILogGroup | None,
        access_log_name: str | None,
    ) -> None:
        if "*" in cors_origins:
            raise self._error("cors_origins must name origins, not '*'")
        if access_log and access_log_name:
            raise self._error("access_log exists: access_log_name must not be set")

    def _refuse_names(
        self,
        domain_name: str | apigateway.IDomainName | None,
        certificate: acm.ICertificate | None,
        base_path: str | None,
        vpc_endpoints: Sequence[ec2.IVpcEndpoint],
    ) -> None:
        if isinstance(domain_name, str) is not bool(certificate):
            raise self._error("domain_name and certificate must go together")
        if base_path and not domain_name:
            raise self._error("base_path requires a domain_name")
        if vpc_endpoints and domain_name:
            raise self._error("an API with vpc_endpoints is private: it has no domain_name")

    def _error(self, message: str) -> ConstructError:
        return ConstructError(f"{self.node.path}: {message}")

    def _stage_options(
        self,
        routes: Sequence[Route],
        name: str,
        execution_log: apigateway.MethodLoggingLevel,
        given: apigateway.StageOptions | None,
        *,
        tracing: bool,
    ) -> apigateway.StageOptions:
        own = apigateway.StageOptions(
            stage_name=name,
            access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
            logging_level=execution_log,
            tracing_enabled=tracing,
            throttling_rate_limit=self._rate_per_s,
            throttling_burst_limit=self._burst,
            method_options=self._method_options(routes, execution_log) or None,
        )
        defaults = apigateway.StageOptions(
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
            data_trace_enabled=False,
            metrics_enabled=True,
        )
        return apigateway.StageOptions(**merge(self, given, own, defaults))

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

    def _authorizer(self, authorizer: Authorizer | None) -> apigateway.IAuthorizer | None:
        """Return the authorizer of API Gateway for a route's or the API's; IAM needs none."""
        judge: Any = unwrap(authorizer)
        if judge is None or judge == "iam" or implements(judge, apigateway.IAuthorizer):
            return None if judge == "iam" else cast("apigateway.IAuthorizer | None", judge)
        known = self._authorizers.get(judge.node.addr)
        if known is None:
            # The API's authorizer has an id of its own; that of a route must not move with it.
            suffix = "" if authorizer is self._default else judge.node.addr[-8:]
            known = self._make_authorizer(judge, suffix)
            self._authorizers[judge.node.addr] = known
        return known

    def _make_authorizer(self, judge: Any, suffix: str) -> apigateway.IAuthorizer:
        cache = Duration.seconds(self._cache_s)
        if implements(judge, cognito.IUserPool):
            return apigateway.CognitoUserPoolsAuthorizer(
                self, f"Authorizer{suffix}", cognito_user_pools=[judge], results_cache_ttl=cache
            )
        role = None
        if Stack.of(judge) is not Stack.of(self):
            # A function's own policy cannot name an API in another stack, so a role is needed.
            service = aws_iam.ServicePrincipal("apigateway.amazonaws.com")
            role = aws_iam.Role(self, f"Asking{suffix}", assumed_by=service)
        return apigateway.TokenAuthorizer(
            self,
            f"Authorizer{suffix}",
            handler=judge,
            validation_regex=_BEARER,
            assume_role=role,
            results_cache_ttl=cache,
        )

    def _add_methods(self, routes: Sequence[Route]) -> None:
        validator = self.api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        for route in routes:
            judge = None if route.open else route.authorizer or self._default
            authorizer = self._authorizer(judge)
            type_ = apigateway.AuthorizationType
            own = apigateway.MethodOptions(
                authorizer=authorizer,
                authorization_type=(
                    None if authorizer else type_.IAM if judge == "iam" else type_.NONE
                ),
                authorization_scopes=list(route.scopes) or None,
                api_key_required=route.key_required,
                request_parameters=route.parameters,
                request_models=None if route.body is None else self._make_model(route, route.body),
            )
            defaults = {"request_validator": validator, "method_responses": responses(route)}
            self.api.root.resource_for_path(route.path).add_method(
                route.method,
                make_integration(route, self._starter),
                **merge(self, route.props, own, defaults),
            )

    def _limit_permissions_to(self, stage_name: str) -> None:
        # The CDK's permission per function and API is for all stages.
        for permission in self.api.node.children:
            if isinstance(permission, lambda_.CfnPermission):
                permission.source_arn = self.api.arn_for_execute_api("*", "/*", stage_name)

    def _starter(self) -> aws_iam.Role:
        """Return the role that starts state machines."""
        existing = self.node.try_find_child("Starter")
        if existing:
            return cast("aws_iam.Role", existing)
        service = aws_iam.ServicePrincipal("apigateway.amazonaws.com")
        return aws_iam.Role(self, "Starter", assumed_by=service)

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
        if not keys:
            return None
        plan = UsagePlan("", keys, self._rate_per_s, self._burst, requests_per_day)
        return self._add_usage_plan(plan)

    def _add_usage_plan(self, plan: UsagePlan) -> apigateway.UsagePlan:
        quota = None
        if plan.requests is not None:
            period = apigateway.Period[plan.per]
            quota = apigateway.QuotaSettings(limit=plan.requests, period=period)
        made = self.api.add_usage_plan(
            f"UsagePlan{plan.name}",
            name=plan.name or None,
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.api, stage=self.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=plan.rate_per_s, burst_limit=plan.burst
            ),
            quota=quota,
        )
        for key in plan.keys:
            if isinstance(key, str):
                made.add_api_key(self.api.add_api_key(f"Key{key}", api_key_name=key))
            else:
                made.add_api_key(key)
        return made

    def _make_domain(
        self,
        domain_name: str | apigateway.IDomainName | None,
        certificate: acm.ICertificate | None,
        base_path: str | None,
    ) -> apigateway.IDomainName | None:
        if domain_name is None:
            return None
        if isinstance(domain_name, str):
            return self.api.add_domain_name(
                "Domain",
                domain_name=domain_name,
                certificate=cast("acm.ICertificate", certificate),
                base_path=base_path,
                endpoint_type=apigateway.EndpointType.REGIONAL,
                security_policy=apigateway.SecurityPolicy.TLS_1_2,
            )
        apigateway.BasePathMapping(
            self,
            "Mapping",
            domain_name=domain_name,
            rest_api=self.api,
            stage=self.stage,
            base_path=base_path,
        )
        return domain_name


def _private(endpoints: Sequence[ec2.IVpcEndpoint]) -> apigateway.EndpointConfiguration | None:
    if not endpoints:
        return None
    return apigateway.EndpointConfiguration(
        types=[apigateway.EndpointType.PRIVATE], vpc_endpoints=list(endpoints)
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
