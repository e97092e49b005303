"""A regional REST API over functions: checked, throttled, logged, traced."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy, Size, Stack, aws_iam, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .cors import Cors
from .draft4 import DRAFT_4, draft4
from .errors import ConstructError
from .kinds import prepare
from .logs import make_log_group
from .problems import add_problem_responses
from .routes import Route, check_routes

__all__ = ["RestService"]

_BEARER: Final = r"^Bearer [-0-9a-zA-Z._~+/]+=*$"
_SENT: Final = ("Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match")
_EXPOSED: Final = ("ETag", "Retry-After", "X-Request-Id")
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


class RestService(Construct):
    """An API from a list of routes.

    `authorizer` is a function that judges bearer tokens, or any authorizer; a route without one
    must say that it is open. Bodies and parameters are validated before a function runs. Errors
    of API Gateway itself are problem documents. Bodies are never logged.
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
        cors_headers: Sequence[str] = _SENT,
        cors_exposed_headers: Sequence[str] = _EXPOSED,
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        check_routes(routes, authorized=authorizer is not None)
        cors = Cors(cors_origins, cors_headers, cors_exposed_headers)
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
            min_compression_size=_size(minimum_compression_bytes),
            default_cors_preflight_options=cors.preflight({route.method for route in routes}),
            deploy_options=self._stage_options(stage_name, routes, execution_log, tracing=tracing),
        )
        self.execution_log = self._forget_execution_log(stage_name, make_log)
        self.authorizer = self._judge(authorizer, authorizer_cache_s)
        self._add_routes(routes)
        add_problem_responses(Construct(self, "Problems"), self.api, cors)
        self.usage_plan = self._plan_usage(api_keys, requests_per_day)
        self.domain = self._name(domain_name, certificate)

    @property
    def stage(self) -> apigateway.Stage:
        """The one stage that is deployed."""
        return self.api.deployment_stage

    @property
    def _made(self) -> apigateway.CfnRestApi:
        return cast("apigateway.CfnRestApi", self.api.node.default_child)

    @property
    def url(self) -> str:
        """Where the API is, without a trailing slash: at its domain if nowhere else."""
        if self.domain and self._made.disable_execute_api_endpoint:
            return f"https://{self.domain.domain_name}"
        stack = Stack.of(self)
        host = f"{self.api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}"
        return f"https://{host}/{self.stage.stage_name}"

    def _stage_options(
        self,
        stage_name: str,
        routes: Sequence[Route],
        level: apigateway.MethodLoggingLevel,
        *,
        tracing: bool,
    ) -> apigateway.StageOptions:
        return apigateway.StageOptions(
            stage_name=stage_name,
            access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
            logging_level=level,
            data_trace_enabled=False,
            metrics_enabled=True,
            tracing_enabled=tracing,
            throttling_rate_limit=self._rate_per_s,
            throttling_burst_limit=self._burst,
            method_options=self._per_route(routes, level),
        )

    def _per_route(
        self, routes: Sequence[Route], level: apigateway.MethodLoggingLevel
    ) -> Mapping[str, apigateway.MethodDeploymentOptions]:
        # A method's own settings replace the stage's, so that logging has to be repeated.
        return {
            f"{route.path}/{_method(route)}": apigateway.MethodDeploymentOptions(
                logging_level=level,
                data_trace_enabled=False,
                metrics_enabled=True,
                throttling_rate_limit=(
                    self._rate_per_s if route.rate_per_s is None else route.rate_per_s
                ),
                throttling_burst_limit=self._burst if route.burst is None else route.burst,
            )
            for route in routes
            if (route.rate_per_s, route.burst) != (None, None)
        }

    def _forget_execution_log(
        self, stage_name: str, make_log: Callable[..., logs.LogGroup]
    ) -> logs.LogGroup:
        """Make the log group that API Gateway would otherwise make itself, for ever."""
        name = f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{stage_name}"
        group = make_log("ExecutionLog", name=name)
        # API Gateway makes the group itself when it logs first.
        self.stage.node.add_dependency(group)
        return group

    def _judge(
        self, authorizer: lambda_.IFunction | apigateway.IAuthorizer | None, cache_s: int
    ) -> apigateway.IAuthorizer | None:
        if authorizer is None:
            return None
        if hasattr(authorizer, "authorizer_id"):
            return cast("apigateway.IAuthorizer", authorizer)
        return apigateway.TokenAuthorizer(
            self,
            "Authorizer",
            handler=authorizer,
            identity_source=apigateway.IdentitySource.header("Authorization"),
            validation_regex=_BEARER,
            assume_role=self._role_to_ask(authorizer),
            results_cache_ttl=Duration.seconds(cache_s),
        )

    def _role_to_ask(self, authorizer: lambda_.IFunction) -> aws_iam.Role | None:
        """Return who asks a function of another stack, whose policy could not name this API."""
        if Stack.of(authorizer) is Stack.of(self):
            return None
        return aws_iam.Role(
            self, "Asking", assumed_by=aws_iam.ServicePrincipal("apigateway.amazonaws.com")
        )

    def _add_routes(self, routes: Sequence[Route]) -> None:
        validator = self.api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        for route in routes:
            self._add(route, validator)

    def _add(self, route: Route, validator: apigateway.IRequestValidator) -> None:
        resource = self.api.root.resource_for_path(route.path)
        authorizer = None if route.open else self.authorizer
        resource.add_method(
            route.method,
            apigateway.LambdaIntegration(
                route.function, allow_test_invoke=False, scope_permission_to_method=True
            ),
            authorizer=authorizer,
            authorization_type=None if authorizer else apigateway.AuthorizationType.NONE,
            api_key_required=route.key_required,
            request_parameters=route.parameters,
            request_models=self._models(route),
            request_validator=validator,
        )

    def _models(self, route: Route) -> dict[str, apigateway.IModel] | None:
        if route.body is None:
            return None
        schema = {"$schema": DRAFT_4, **cast("Mapping[str, object]", draft4(route.body))}
        # A path holds no bar, so that no two routes have one id.
        id_ = route.name.replace("/", "|")
        model = apigateway.CfnModel(
            self,
            f"{id_}Body",
            rest_api_id=self.api.rest_api_id,
            content_type="application/json",
            schema=schema,
        )
        if self.api.latest_deployment:
            # A deployment is a snapshot: a changed schema needs a new one.
            self.api.latest_deployment.add_to_logical_id({id_: schema})
            self.api.latest_deployment.node.add_dependency(model)
        known = apigateway.Model.from_model_name(self, f"{id_}Model", model.ref)
        return {"application/json": known}

    def _plan_usage(
        self, keys: Sequence[str], requests_per_day: int | None
    ) -> apigateway.UsagePlan | None:
        if not keys and requests_per_day is None:
            return None
        plan = self.api.add_usage_plan(
            "UsagePlan",
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.api, stage=self.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=self._rate_per_s,
                burst_limit=self._burst,
            ),
            quota=_quota(requests_per_day),
        )
        for name in keys:
            plan.add_api_key(self.api.add_api_key(f"Key{name}", api_key_name=name))
        return plan

    def _name(
        self, domain_name: str | None, certificate: acm.ICertificate | None
    ) -> apigateway.DomainName | None:
        if domain_name is None and certificate is None:
            return None
        if domain_name is None or certificate is None:
            raise ConstructError(f"{self.node.path}: a domain and its certificate go together")
        return self.api.add_domain_name(
            "Domain",
            domain_name=domain_name,
            certificate=certificate,
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )


def _size(smallest_bytes: int | None) -> Size | None:
    return None if smallest_bytes is None else Size.bytes(smallest_bytes)


def _quota(requests_per_day: int | None) -> apigateway.QuotaSettings | None:
    if requests_per_day is None:
        return None
    return apigateway.QuotaSettings(limit=requests_per_day, period=apigateway.Period.DAY)


def _method(route: Route) -> str:
    # A stage's settings know every method by a star.
    return "*" if route.method == "ANY" else route.method
