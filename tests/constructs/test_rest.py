"""RestService: routes, authorization, validation, CORS, throttling, logs and problem documents."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Match, Template
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError, PythonFunction, RestService, Route, UsagePlan
from signal9_constructs.json_schema import DRAFT_4, as_draft_4
from signal9_constructs.rest import check_routes
from tests.constructs.lab import ENV, Made, actions, app, only, properties, synthesise, text

METHOD = "AWS::ApiGateway::Method"
STAGE = "AWS::ApiGateway::Stage"
RESPONSE = "AWS::ApiGateway::GatewayResponse"
BODY = {"type": "object", "required": ["item"], "properties": {"item": {"const": "pen"}}}


def _function(stack: Stack) -> lambda_.IFunction:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    return lambda_.Function.from_function_attributes(
        stack, "Orders", function_arn=arn, same_environment=True
    )


def _plain(stack: Stack) -> None:
    function = _function(stack)
    routes = [
        Route("GET", "/orders", function, query={"limit": False, "from": True}),
        Route("POST", "/orders", function, body=BODY, headers={"Idempotency-Key": True}),
        Route("GET", "/orders/{id}", function, rate_per_s=5, burst=7),
        Route("DELETE", "/orders/{id}", function, key_required=True),
        Route("GET", "/health", function, open=True),
    ]
    origins = ["https://shop.example"]
    service = RestService(stack, "Api", routes=routes, authorizer=function, cors_origins=origins)
    CfnOutput(stack, "Url", value=service.url)


def _full(stack: Stack) -> None:
    function = _function(stack)
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    key = [apigateway.IdentitySource.header("X-Key")]
    anyone = iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=["execute-api:Invoke"],
        resources=["execute-api:/*"],
    )
    service = RestService(
        stack,
        "Api",
        routes=[
            Route("GET", "/", function, burst=0),
            Route("ANY", "/files/{path+}", function, rate_per_s=0),
            Route("POST", "/a-b", function, body={"type": "object"}),
            Route("POST", "/a/b", function, body={"$schema": "https://json-schema.org/2020"}),
        ],
        authorizer=apigateway.RequestAuthorizer(
            stack, "Judge", handler=function, identity_sources=key
        ),
        api_name="Shop API",
        stage_name="v1",
        cors_origins=["https://a.example", "https://b.example"],
        cors_headers=["X-Key"],
        cors_exposed_headers=["X-Total"],
        minimum_compression_bytes=0,
        rate_per_s=10,
        burst=20,
        tracing=False,
        execution_log=apigateway.MethodLoggingLevel.INFO,
        access_log_name="/aws/apigateway/shop",
        log_retention_days=7,
        account_log_role=False,
        api_keys=["partner"],
        requests_per_day=1000,
        policy=iam.PolicyDocument(statements=[anyone]),
        domain_name="api.shop.example",
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", arn),
        default_endpoint=False,
    )
    CfnOutput(stack, "Url", value=service.url)


def _open(stack: Stack) -> None:
    routes = [Route("GET", "/health", _function(stack), open=True)]
    RestService(stack, "Api", routes=routes, minimum_compression_bytes=None)


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full, open=_open)


def _methods(template: Template, *, preflights: bool = False) -> list[Mapping[str, Any]]:
    return [
        method
        for method in properties(template, METHOD)
        if (method["HttpMethod"] == "OPTIONS") == preflights
    ]


def _throttling(template: Template) -> dict[tuple[str, str], tuple[int, int]]:
    stage: Any = only(template, STAGE)
    return {
        (setting["ResourcePath"], setting["HttpMethod"]): (
            setting["ThrottlingRateLimit"],
            setting["ThrottlingBurstLimit"],
        )
        for setting in stage["MethodSettings"]
    }


def test_every_route_needs_a_token_unless_it_is_open(made: Made) -> None:
    types = sorted(method["AuthorizationType"] for method in _methods(made["plain"]))

    assert types == ["CUSTOM"] * 4 + ["NONE"]
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::Authorizer",
        {
            "Type": "TOKEN",
            "IdentitySource": "method.request.header.Authorization",
            "IdentityValidationExpression": Match.string_like_regexp("^.Bearer "),
            "AuthorizerResultTtlInSeconds": 300,
        },
    )


def test_parameters_are_required_as_the_route_says(made: Made) -> None:
    parameters = [method.get("RequestParameters") for method in _methods(made["plain"])]

    query = {"limit": False, "from": True}
    assert {f"method.request.querystring.{name}": query[name] for name in query} in parameters
    assert {"method.request.header.Idempotency-Key": True} in parameters
    assert parameters.count({"method.request.path.id": True}) == 2


def test_bodies_and_parameters_are_validated_before_a_function_runs(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::RequestValidator",
        {"ValidateRequestBody": True, "ValidateRequestParameters": True},
    )
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::Model",
        {
            "ContentType": "application/json",
            "Schema": {"$schema": DRAFT_4, "properties": {"item": {"enum": ["pen"]}}},
        },
    )
    assert all("RequestValidatorId" in method for method in _methods(made["plain"]))


def test_bodies_of_similar_paths_have_models_of_their_own(made: Made) -> None:
    schemas: Any = [model["Schema"] for model in properties(made["full"], "AWS::ApiGateway::Model")]

    assert [schema["$schema"] for schema in schemas] == [DRAFT_4] * 2


def test_browsers_of_the_origin_may_call_and_read_headers(made: Made) -> None:
    preflights = [json.dumps(method) for method in _methods(made["plain"], preflights=True)]
    errors = [json.dumps(response) for response in properties(made["plain"], RESPONSE)]

    assert len(preflights) == 4
    assert all("If-Match,If-None-Match'" in preflight for preflight in preflights)
    for response in (*preflights, *errors):
        assert "'https://shop.example'" in response
        assert "'ETag,Retry-After,X-Request-Id'" in response
    assert "'*'" not in text(made["plain"])
    assert "Access-Control" not in text(made["open"])


def test_with_several_origins_errors_repeat_the_callers_origin(made: Made) -> None:
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    origin = Match.object_like({header: "method.request.header.Origin"})

    made["full"].all_resources_properties(RESPONSE, {"ResponseParameters": origin})


def test_responses_of_a_kilobyte_are_compressed_by_default(made: Made) -> None:
    sizes = {
        name: only(template, "AWS::ApiGateway::RestApi").get("MinimumCompressionSize")
        for name, template in made.items()
    }

    assert sizes == {"plain": 1024, "full": 0, "open": None}


@pytest.fixture(scope="module")
def problems(made: Made) -> dict[str, Any]:
    return {
        str(response["ResponseType"]): response for response in properties(made["plain"], RESPONSE)
    }


def test_errors_of_the_gateway_are_problem_documents(problems: dict[str, Any]) -> None:
    for problem in problems.values():
        content_type = problem["ResponseParameters"]["gatewayresponse.header.Content-Type"]
        template = problem["ResponseTemplates"]["application/json"]
        document = json.loads(template.replace("$context.error.messageString", '"why"'))

        assert content_type == "'application/problem+json'"
        assert set(document) - {"status"} == {"type", "title", "detail", "errors"}
        assert str(document.get("status")) == str(problem.get("StatusCode"))


@pytest.mark.parametrize(
    ("type_", "status", "header"),
    [
        ("UNAUTHORIZED", "401", ("WWW-Authenticate", "'Bearer'")),
        ("AUTHORIZER_FAILURE", "503", ("Retry-After", "'30'")),
        ("AUTHORIZER_CONFIGURATION_ERROR", "503", ("Retry-After", "'30'")),
        ("MISSING_AUTHENTICATION_TOKEN", "404", ("Vary", "'Origin'")),
        ("THROTTLED", "429", ("Vary", "'Origin'")),
    ],
)
def test_an_error_has_the_status_and_header_of_its_cause(
    problems: dict[str, Any], type_: str, status: str, header: tuple[str, str]
) -> None:
    name, value = header

    assert problems[type_]["StatusCode"] == status
    assert problems[type_]["ResponseParameters"][f"gatewayresponse.header.{name}"] == value


def test_the_stage_is_traced_measured_and_never_logs_bodies(made: Made) -> None:
    stage: Any = only(made["plain"], STAGE)

    assert stage["TracingEnabled"] is True
    assert {setting["DataTraceEnabled"] for setting in stage["MethodSettings"]} == {False}
    assert {setting["MetricsEnabled"] for setting in stage["MethodSettings"]} == {True}


def test_routes_may_have_limits_of_their_own(made: Made) -> None:
    assert _throttling(made["plain"]) == {
        ("/*", "*"): (100, 200),
        ("/~1orders~1{id}", "GET"): (5, 7),
    }
    assert _throttling(made["full"]) == {
        ("/*", "*"): (10, 20),
        ("/", "GET"): (10, 0),
        ("/~1files~1{path+}", "*"): (0, 20),
    }


def test_the_access_log_is_json_without_tokens_and_logs_expire(made: Made) -> None:
    setting: Any = only(made["plain"], STAGE)["AccessLogSetting"]
    groups = properties(made["full"], "AWS::Logs::LogGroup")

    fields = {"requestId", "principal", "route", "status", "latencyMs"}
    assert fields <= set(json.loads(setting["Format"]))
    assert "Authorization" not in setting["Format"]
    assert [group["RetentionInDays"] for group in groups] == [7, 7]
    assert "API-Gateway-Execution-Logs_" in json.dumps(groups)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (
            "AWS::ApiGateway::RestApi",
            {
                "Name": "Shop API",
                "DisableExecuteApiEndpoint": True,
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "Policy": {"Statement": [Match.object_like({"Action": "execute-api:Invoke"})]},
            },
        ),
        (STAGE, {"StageName": "v1", "TracingEnabled": False}),
        ("AWS::ApiGateway::Authorizer", {"Type": "REQUEST"}),
        ("AWS::ApiGateway::ApiKey", {"Name": "partner"}),
        (
            "AWS::ApiGateway::UsagePlan",
            {
                "Quota": {"Limit": 1000, "Period": "DAY"},
                "Throttle": {"RateLimit": 10, "BurstLimit": 20},
            },
        ),
        (
            "AWS::ApiGateway::DomainName",
            {"DomainName": "api.shop.example", "SecurityPolicy": "TLS_1_2"},
        ),
        ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/apigateway/shop"}),
    ],
)
def test_every_option_is_used(made: Made, type_: str, expected: Mapping[str, object]) -> None:
    made["full"].has_resource_properties(type_, expected)
    made["full"].resource_count_is("AWS::ApiGateway::Account", 0)
    made["plain"].resource_count_is("AWS::ApiGateway::UsagePlan", 0)
    assert all(name in text(made["full"]) for name in ("'X-Key'", "'X-Total'"))


def test_the_url_is_where_the_api_responds(made: Made) -> None:
    plain, full = (str(made[name].find_outputs("Url")) for name in ("plain", "full"))

    assert ".execute-api.us-east-1." in plain
    assert "live" in plain
    assert "execute-api" not in full
    assert "ApiDomain" in full


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ([("GET", "/orders", False)], "GET /orders: an authorizer or open=True is required"),
        ([("FETCH", "/orders", True)], "FETCH /orders: the method must be one of"),
        ([("GET", "orders", True)], "GET orders: invalid path"),
        ([("GET", "/orders/", True)], "GET /orders/: invalid path"),
        ([("GET", "/{rest+}/orders", True)], "{rest+} as the last part"),
        ([("GET", "/orders", True), ("GET", "/orders", True)], "GET /orders: duplicate route"),
        (
            [("GET", "/o/{id}", True), ("PUT", "/o/{name}/x", True)],
            "after /o/ is {id} in another route",
        ),
    ],
)
def test_invalid_routes_are_refused(routes: list[tuple[str, str, bool]], message: str) -> None:
    stack = Stack()
    function = _function(stack)
    wanted = [Route(method, path, function, open=open_) for method, path, open_ in routes]

    with pytest.raises(ConstructError) as refused:
        RestService(stack, "Api", routes=wanted)

    assert message in str(refused.value)


def test_origins_must_be_named_and_a_domain_needs_its_certificate() -> None:
    with pytest.raises(ConstructError, match="must name origins"):
        RestService(Stack(), "Api", routes=[], cors_origins=["*"])
    with pytest.raises(ConstructError, match="go together"):
        RestService(Stack(), "Api", routes=[], domain_name="api.shop.example")


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (
            {"$id": "x", "$defs": {"Item": {"const": 1}}, "exclusiveMinimum": 3},
            {"definitions": {"Item": {"enum": [1]}}, "exclusiveMinimum": True, "minimum": 3},
        ),
        ({"items": [{"$ref": "#/$defs/It"}]}, {"items": [{"$ref": "#/definitions/It"}]}),
        (
            {"minimum": 5, "exclusiveMinimum": 3, "maximum": 9, "exclusiveMaximum": 9},
            {"minimum": 5, "exclusiveMinimum": False, "maximum": 9, "exclusiveMaximum": True},
        ),
        ({"maximum": 2, "exclusiveMaximum": True}, {"maximum": 2, "exclusiveMaximum": True}),
        (
            {"properties": {"const": {"const": 1}, "$ref": {}}, "required": ["const"]},
            {"properties": {"const": {"enum": [1]}, "$ref": {}}, "required": ["const"]},
        ),
        ({"enum": [{"const": 1}], "default": {"$defs": 1}},) * 2,
    ],
)
def test_schemas_are_converted_to_draft_4(
    newer: Mapping[str, object], older: Mapping[str, object]
) -> None:
    assert as_draft_4(newer) == older


METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# A part of a path is one of two words, or a parameter named after its position.
PATHS = st.lists(st.sampled_from(["orders", "items", "{at%d}"]), max_size=3).map(
    lambda parts: "/" + "/".join(part.replace("%d", str(at)) for at, part in enumerate(parts))
)
ROUTES = st.sets(st.tuples(st.sampled_from(METHODS), PATHS), min_size=1, max_size=8)


def _prefixes(path: str) -> set[str]:
    parts = path.strip("/").split("/")
    return {"/" + "/".join(parts[: end + 1]) for end in range(len(parts)) if parts[0]}


@settings(max_examples=15)
@given(wanted=ROUTES, data=st.data())
def test_every_route_is_a_method_and_every_path_a_single_resource(
    wanted: set[tuple[str, str]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(wanted)))
    stack = Stack(app(), "Stack", env=ENV)
    function = _function(stack)

    service = RestService(
        stack, "Api", routes=[Route(method, path, function, open=True) for method, path in order]
    )

    methods = [(method.http_method, method.resource.path) for method in service.api.methods]
    children = service.node.find_all()
    resources = [child.path for child in children if isinstance(child, apigateway.Resource)]
    assert sorted(methods) == sorted(wanted)
    assert sorted(path for path in resources if path != "/") == sorted(
        set[str]().union(*(_prefixes(path) for _, path in wanted))
    )


@given(wanted=ROUTES, data=st.data())
def test_a_duplicate_route_is_refused(wanted: set[tuple[str, str]], data: st.DataObject) -> None:
    twice = data.draw(st.sampled_from(sorted(wanted)))
    function = _function(Stack())
    routes = [Route(method, path, function) for method, path in [*sorted(wanted), twice]]

    with pytest.raises(ConstructError, match="duplicate route"):
        check_routes(routes, authorized=True)


@given(path=PATHS, other=st.sampled_from(["id", "key"]))
def test_a_position_has_one_parameter_name_only(path: str, other: str) -> None:
    function = _function(Stack())
    paths = [f"{path.rstrip('/')}/{{{name}}}" for name in ("number", other)]

    with pytest.raises(ConstructError, match=r"is \{number\} in another route"):
        check_routes([Route("GET", path, function, open=True) for path in paths], authorized=False)


def test_a_function_of_many_routes_has_one_permission_for_the_stage() -> None:
    def build(stack: Stack) -> None:
        function = _function(stack)
        routes = [Route("GET", f"/orders{number}", function, open=True) for number in range(60)]
        RestService(stack, "Api", routes=routes)

    permission = only(synthesise(api=build)["api"], "AWS::Lambda::Permission")

    assert str(permission["SourceArn"]).endswith("'/live/*/*']]}")


def _various(stack: Stack) -> None:
    function = _function(stack)
    definition = sfn.DefinitionBody.from_string('{"StartAt": "End"}')
    express = sfn.StateMachineType.EXPRESS
    quick = sfn.StateMachine(stack, "Quick", definition_body=definition, state_machine_type=express)
    slow = sfn.StateMachine(stack, "Slow", definition_body=definition)
    pool = cognito.UserPool(stack, "Pool")
    judge = PythonFunction(
        stack,
        "Judge",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
    )
    RestService(
        stack,
        "Api",
        routes=[
            Route("GET", "/function", judge),
            Route("POST", "/quick", integration=quick),
            Route("POST", "/slow", integration=slow, authorizer="iam"),
            Route("GET", "/pool", function, authorizer=pool, scopes=["shop/read"]),
            Route("GET", "/own", function, authorizer=function),
            Route("GET", "/mock", integration=apigateway.MockIntegration(), open=True),
            Route("PUT", "/named", function, props=apigateway.MethodOptions(operation_name="Name")),
        ],
        authorizer=judge,
        usage_plans=[UsagePlan("Gold", ["acme"], 50, 100, 10_000, "MONTH")],
        deploy_options=apigateway.StageOptions(variables={"colour": "blue"}, metrics_enabled=False),
        props=apigateway.RestApiProps(binary_media_types=["image/png"]),
    )


def _private(stack: Stack) -> None:
    endpoint = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", port=443, vpc_endpoint_id="vpce-1"
    )
    RestService(
        stack,
        "Api",
        routes=[Route("GET", "/health", _function(stack), open=True)],
        vpc_endpoints=[endpoint],
    )


def _below(stack: Stack) -> None:
    domain = apigateway.DomainName.from_domain_name_attributes(
        stack,
        "Domain",
        domain_name="api.shop.example",
        domain_name_alias_hosted_zone_id="Z1",
        domain_name_alias_target="d-1.execute-api.us-east-1.amazonaws.com",
    )
    service = RestService(
        stack,
        "Api",
        routes=[Route("GET", "/health", _function(stack), open=True)],
        domain_name=domain,
        base_path="v1",
        default_endpoint=False,
        access_log=logs.LogGroup.from_log_group_name(stack, "Log", "shop"),
    )
    CfnOutput(stack, "Url", value=service.url)


@pytest.fixture(scope="module")
def more() -> Made:
    return synthesise(various=_various, private=_private, below=_below)


def _by_path(template: Template) -> dict[str, Mapping[str, Any]]:
    resources = template.find_resources("AWS::ApiGateway::Resource")
    paths = {id_: each["Properties"]["PathPart"] for id_, each in resources.items()}
    return {paths[method["ResourceId"]["Ref"]]: method for method in _methods(template)}


def test_each_route_may_have_an_authorizer_of_its_kind(more: Made) -> None:
    methods = _by_path(more["various"])

    assert {path: method["AuthorizationType"] for path, method in methods.items()} == {
        "function": "CUSTOM",
        "quick": "CUSTOM",
        "slow": "AWS_IAM",
        "pool": "COGNITO_USER_POOLS",
        "own": "CUSTOM",
        "mock": "NONE",
        "named": "CUSTOM",
    }
    assert methods["pool"]["AuthorizationScopes"] == ["shop/read"]
    assert methods["function"]["AuthorizerId"] == methods["quick"]["AuthorizerId"]
    assert methods["own"]["AuthorizerId"] != methods["quick"]["AuthorizerId"]


def test_an_express_state_machine_answers_and_another_is_started(more: Made) -> None:
    methods = _by_path(more["various"])
    quick, slow = (methods[path]["Integration"] for path in ("quick", "slow"))

    assert "StartSyncExecution" in str(quick["Uri"])
    assert "action/StartExecution" in str(slow["Uri"])
    assert [each["StatusCode"] for each in slow["IntegrationResponses"]] == ["202", "502"]
    assert "states:StartExecution" in actions(more["various"])


def test_the_request_that_starts_a_state_machine_holds_the_body_as_text(more: Made) -> None:
    slow = _by_path(more["various"])["slow"]["Integration"]
    (template,) = slow["RequestTemplates"].values()
    request = "".join(part if isinstance(part, str) else "arn" for part in template["Fn::Join"][1])

    filled = re.sub(r"\$util\.escapeJavaScript\(.*?\)\.replaceAll\(.*?\)", r'{\\"a\\": 1}', request)
    assert json.loads(json.loads(filled)["input"]) == {"body": {"a": 1}}


def test_further_props_of_api_stage_and_method_pass_through(more: Made) -> None:
    various = more["various"]

    various.has_resource_properties("AWS::ApiGateway::RestApi", {"BinaryMediaTypes": ["image/png"]})
    various.has_resource_properties(STAGE, {"Variables": {"colour": "blue"}})
    assert _by_path(various)["named"]["OperationName"] == "Name"
    various.has_resource_properties(
        "AWS::ApiGateway::UsagePlan",
        {"UsagePlanName": "Gold", "Quota": {"Limit": 10_000, "Period": "MONTH"}},
    )
    various.resource_count_is("AWS::ApiGateway::UsagePlanKey", 1)


def test_a_private_api_is_for_its_endpoints_only(more: Made) -> None:
    api = only(more["private"], "AWS::ApiGateway::RestApi")

    assert api["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"]}
    assert "'StringNotEquals': {'aws:SourceVpce': ['vpce-1']}" in str(api["Policy"])


def test_an_api_may_be_below_a_domain_and_write_to_a_log_group_that_exist(more: Made) -> None:
    below = more["below"]

    below.has_resource_properties("AWS::ApiGateway::BasePathMapping", {"BasePath": "v1"})
    below.resource_count_is("AWS::ApiGateway::DomainName", 0)
    below.has_output("Url", {"Value": "https://api.shop.example/v1"})
    assert "log-group:shop" in str(only(below, STAGE)["AccessLogSetting"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"routes": []}, "at least one route is required"),
        ({"base_path": "v1"}, "base_path requires a domain_name"),
        ({"requests_per_day": 5}, "requests_per_day limits only callers with one of api_keys"),
        ({"props": apigateway.RestApiProps(deploy=False)}, "props must not set deploy"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: dict[str, Any], message: str) -> None:
    stack = Stack()
    given = {"routes": [Route("GET", "/health", _function(stack), open=True)], **arguments}

    with pytest.raises(ConstructError, match=message):
        RestService(stack, "Api", **given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either function or integration"),
        ({"integration": apigateway.MockIntegration(), "function": True}, "either function or"),
        ({"function": True, "open": True, "authorizer": "iam"}, "neither authorizer nor scopes"),
    ],
)
def test_a_contradictory_route_is_refused(arguments: dict[str, Any], message: str) -> None:
    function = {"function": _function(Stack())} if "function" in arguments else {}

    with pytest.raises(ConstructError, match=message):
        check_routes([Route("GET", "/orders", **arguments | function)], authorized=True)
