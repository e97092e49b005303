"""RestService: what the routes say, checked, throttled, logged without bodies."""

import json
from collections.abc import Mapping
from typing import cast

import pytest
from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from signal9_constructs import ConstructError, RestService, Route
from signal9_constructs.draft4 import DRAFT_4, draft4
from tests.constructs.lab import only, properties, synthesise, text

METHOD = "AWS::ApiGateway::Method"
STAGE = "AWS::ApiGateway::Stage"
BODY = {"type": "object", "required": ["item"], "properties": {"item": {"const": "pen"}}}


def _function(stack: Stack) -> lambda_.IFunction:
    return lambda_.Function.from_function_attributes(
        stack,
        "Orders",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
        same_environment=True,
    )


def _routes(function: lambda_.IFunction) -> list[Route]:
    return [
        Route("GET", "/orders", function, query={"limit": False, "from": True}),
        Route("POST", "/orders", function, body=BODY, headers={"Idempotency-Key": True}),
        Route("GET", "/orders/{id}", function, rate_per_s=5, burst=7),
        Route("DELETE", "/orders/{id}", function, key_required=True),
        Route("GET", "/health", function, open=True),
    ]


def _plain(stack: Stack) -> None:
    function = _function(stack)
    service = RestService(
        stack,
        "Api",
        routes=_routes(function),
        authorizer=function,
        cors_origins=["https://shop.example"],
    )
    CfnOutput(stack, "Url", value=service.url)


def _full(stack: Stack) -> None:
    function = _function(stack)
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
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
            stack,
            "Judge",
            handler=function,
            identity_sources=[apigateway.IdentitySource.header("X-Key")],
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
        policy=iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    principals=[iam.AnyPrincipal()],
                    actions=["execute-api:Invoke"],
                    resources=["execute-api:/*"],
                )
            ]
        ),
        domain_name="api.shop.example",
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", arn),
        default_endpoint=False,
    )
    CfnOutput(stack, "Url", value=service.url)


def _open(stack: Stack) -> None:
    routes = [Route("GET", "/health", _function(stack), open=True)]
    RestService(stack, "Api", routes=routes, minimum_compression_bytes=None)


@pytest.fixture(scope="module")
def made() -> Mapping[str, Template]:
    return synthesise(plain=_plain, full=_full, open=_open)


def _methods(template: Template) -> list[Mapping[str, object]]:
    return [m for m in properties(template, METHOD) if m["HttpMethod"] != "OPTIONS"]


def test_every_route_is_a_method_and_every_path_is_made_once(made: Mapping[str, Template]) -> None:
    assert len(_methods(made["plain"])) == 5
    assert sorted(
        str(resource["PathPart"])
        for resource in properties(made["plain"], "AWS::ApiGateway::Resource")
    ) == ["health", "orders", "{id}"]


def test_the_api_is_regional(made: Mapping[str, Template]) -> None:
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::RestApi", {"EndpointConfiguration": {"Types": ["REGIONAL"]}}
    )


def test_every_route_is_judged_unless_it_is_open(made: Mapping[str, Template]) -> None:
    kinds = sorted(str(method["AuthorizationType"]) for method in _methods(made["plain"]))

    assert kinds == ["CUSTOM"] * 4 + ["NONE"]
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::Authorizer",
        {
            "Type": "TOKEN",
            "IdentitySource": "method.request.header.Authorization",
            "IdentityValidationExpression": Match.string_like_regexp("^.Bearer "),
            "AuthorizerResultTtlInSeconds": 300,
        },
    )


def test_parameters_are_required_as_the_route_says(made: Mapping[str, Template]) -> None:
    asked = [method.get("RequestParameters") for method in _methods(made["plain"])]

    assert {
        "method.request.querystring.limit": False,
        "method.request.querystring.from": True,
    } in asked
    assert {"method.request.header.Idempotency-Key": True} in asked
    assert asked.count({"method.request.path.id": True}) == 2


def test_bodies_and_parameters_are_checked_before_a_function_runs(
    made: Mapping[str, Template],
) -> None:
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::RequestValidator",
        {"ValidateRequestBody": True, "ValidateRequestParameters": True},
    )
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::Model",
        {
            "ContentType": "application/json",
            "Schema": {
                "$schema": "http://json-schema.org/draft-04/schema#",
                "required": ["item"],
                "properties": {"item": {"enum": ["pen"]}},
            },
        },
    )
    assert all("RequestValidatorId" in method for method in _methods(made["plain"]))


def test_a_browser_of_a_named_origin_may_ask(made: Mapping[str, Template]) -> None:
    preflights = [m for m in properties(made["plain"], METHOD) if m["HttpMethod"] == "OPTIONS"]

    assert len(preflights) == 4
    assert all("'https://shop.example'" in json.dumps(each) for each in preflights)
    assert all("If-Match,If-None-Match'" in json.dumps(each) for each in preflights)
    assert "'*'" not in text(made["plain"])


@pytest.mark.parametrize("kind", [METHOD, "AWS::ApiGateway::GatewayResponse"])
def test_a_script_may_read_how_fresh_an_answer_is_when_to_ask_again_and_its_name(
    made: Mapping[str, Template], kind: str
) -> None:
    said = [each for each in properties(made["plain"], kind) if "Allow-Origin" in json.dumps(each)]

    assert said
    assert all("'ETag,Retry-After,X-Request-Id'" in json.dumps(each) for each in said)


def test_answers_of_a_kilobyte_are_compressed_unless_told_otherwise(
    made: Mapping[str, Template],
) -> None:
    sizes = {
        name: only(template, "AWS::ApiGateway::RestApi").get("MinimumCompressionSize")
        for name, template in made.items()
    }

    assert sizes == {"plain": 1024, "full": 0, "open": None}


def test_the_gateways_own_errors_are_problem_documents_that_a_browser_may_read(
    made: Mapping[str, Template],
) -> None:
    responses = properties(made["plain"], "AWS::ApiGateway::GatewayResponse")

    for response in responses:
        headers = cast("dict[str, str]", response["ResponseParameters"])
        template = cast("dict[str, str]", response["ResponseTemplates"])["application/json"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert (
            headers["gatewayresponse.header.Access-Control-Allow-Origin"]
            == "'https://shop.example'"
        )
        problem = json.loads(template.replace("$context.error.messageString", '"why"'))
        assert set(problem) - {"status"} == {"type", "title", "detail", "errors"}
        assert str(problem.get("status")) == str(response.get("StatusCode"))
    assert {response.get("StatusCode") for response in responses} >= {"400", "401", "404", "429"}


def test_whoever_is_not_let_in_is_told_what_to_bring(made: Mapping[str, Template]) -> None:
    asking = {
        response.get("StatusCode")
        for response in properties(made["plain"], "AWS::ApiGateway::GatewayResponse")
        if "'Bearer'" in json.dumps(response["ResponseParameters"])
    }

    assert asking == {"401"}


@pytest.mark.parametrize("kind", ["AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"])
def test_an_authorizer_that_cannot_judge_is_no_fault_of_the_caller(
    made: Mapping[str, Template], kind: str
) -> None:
    (response,) = (
        each
        for each in properties(made["plain"], "AWS::ApiGateway::GatewayResponse")
        if each["ResponseType"] == kind
    )

    assert response["StatusCode"] == "503"
    headers = cast("dict[str, str]", response["ResponseParameters"])
    assert headers["gatewayresponse.header.Retry-After"] == "'30'"


def test_a_path_that_is_not_there_is_a_404(made: Mapping[str, Template]) -> None:
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::GatewayResponse",
        {"ResponseType": "MISSING_AUTHENTICATION_TOKEN", "StatusCode": "404"},
    )


def test_the_stage_is_throttled_traced_measured_and_never_logs_bodies(
    made: Mapping[str, Template],
) -> None:
    stage = only(made["plain"], STAGE)
    settings = cast("list[dict[str, object]]", stage["MethodSettings"])

    assert stage["TracingEnabled"] is True
    assert all(each["DataTraceEnabled"] is False for each in settings)
    assert all(each["MetricsEnabled"] is True for each in settings)
    assert {
        (each["ResourcePath"], each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"])
        for each in settings
    } == {("/*", 100, 200), ("/~1orders~1{id}", 5, 7)}


def test_a_route_may_be_throttled_to_nothing_by_any_of_its_methods(
    made: Mapping[str, Template],
) -> None:
    settings = cast("list[dict[str, object]]", only(made["full"], STAGE)["MethodSettings"])

    assert {
        (each["ResourcePath"], each["HttpMethod"]): (
            each["ThrottlingRateLimit"],
            each["ThrottlingBurstLimit"],
        )
        for each in settings
    } == {("/*", "*"): (10, 20), ("/", "GET"): (10, 0), ("/~1files~1{path+}", "*"): (0, 20)}


def test_bodies_of_paths_that_look_alike_are_told_apart_and_all_of_draft_4(
    made: Mapping[str, Template],
) -> None:
    schemas = [
        cast("dict[str, object]", each["Schema"])
        for each in properties(made["full"], "AWS::ApiGateway::Model")
    ]

    assert len(schemas) == 2
    assert {each["$schema"] for each in schemas} == {DRAFT_4}


def test_the_access_log_is_json_and_holds_no_token(made: Mapping[str, Template]) -> None:
    setting = cast("dict[str, str]", only(made["plain"], STAGE)["AccessLogSetting"])
    logged = json.loads(setting["Format"])

    assert {"requestId", "principal", "route", "status", "latencyMs"} <= set(logged)
    assert "Authorization" not in setting["Format"]


def test_both_logs_are_forgotten_in_time(made: Mapping[str, Template]) -> None:
    groups = properties(made["full"], "AWS::Logs::LogGroup")

    assert [group["RetentionInDays"] for group in groups] == [7, 7]
    assert "/aws/apigateway/shop" in [group["LogGroupName"] for group in groups]
    assert "API-Gateway-Execution-Logs_" in json.dumps(groups)


def test_every_default_can_be_changed(made: Mapping[str, Template]) -> None:
    made["full"].has_resource_properties(
        "AWS::ApiGateway::RestApi",
        {
            "Name": "Shop API",
            "DisableExecuteApiEndpoint": True,
            "Policy": {"Statement": [Match.object_like({"Action": "execute-api:Invoke"})]},
        },
    )
    made["full"].has_resource_properties(STAGE, {"StageName": "v1", "TracingEnabled": False})
    made["full"].has_resource_properties("AWS::ApiGateway::Authorizer", {"Type": "REQUEST"})
    made["full"].resource_count_is("AWS::ApiGateway::Account", 0)
    assert all(name in text(made["full"]) for name in ("'X-Key'", "'X-Total'"))


def test_several_origins_may_read_errors_too(made: Mapping[str, Template]) -> None:
    made["full"].all_resources_properties(
        "AWS::ApiGateway::GatewayResponse",
        {
            "ResponseParameters": Match.object_like(
                {
                    "gatewayresponse.header.Access-Control-Allow-Origin": (
                        "method.request.header.Origin"
                    )
                }
            )
        },
    )


def test_keys_have_a_plan_with_a_quota(made: Mapping[str, Template]) -> None:
    made["full"].has_resource_properties(
        "AWS::ApiGateway::UsagePlan",
        {
            "Quota": {"Limit": 1000, "Period": "DAY"},
            "Throttle": {"RateLimit": 10, "BurstLimit": 20},
        },
    )
    made["full"].has_resource_properties("AWS::ApiGateway::ApiKey", {"Name": "partner"})
    made["plain"].resource_count_is("AWS::ApiGateway::UsagePlan", 0)


def test_a_domain_of_its_own_speaks_modern_tls(made: Mapping[str, Template]) -> None:
    made["full"].has_resource_properties(
        "AWS::ApiGateway::DomainName",
        {"DomainName": "api.shop.example", "SecurityPolicy": "TLS_1_2"},
    )


def test_the_url_is_where_the_api_answers(made: Mapping[str, Template]) -> None:
    plain, full = (str(made[name].find_outputs("Url")) for name in ("plain", "full"))

    assert ".execute-api.us-east-1." in plain
    assert "live" in plain
    assert "execute-api" not in full
    assert "ApiDomain" in full


def test_without_origins_there_is_no_cors(made: Mapping[str, Template]) -> None:
    assert "Access-Control" not in text(made["open"])


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        ([("GET", "/orders", False)], "GET /orders: give the service an authorizer"),
        ([("FETCH", "/orders", True)], "FETCH /orders: the method must be one of"),
        ([("GET", "orders", True)], "GET orders: the path must look like"),
        ([("GET", "/orders/", True)], "the path must look like"),
        ([("GET", "/{rest+}/orders", True)], "and {x+} ends it"),
        ([("GET", "/orders", True), ("GET", "/orders", True)], "GET /orders: given twice"),
        (
            [("GET", "/o/{id}", True), ("PUT", "/o/{name}/x", True)],
            "/o/ is followed by {id} elsewhere",
        ),
    ],
)
def test_routes_that_cannot_be_are_refused(routes: list[tuple[str, str, bool]], why: str) -> None:
    stack = Stack()
    function = _function(stack)
    wanted = [Route(method, path, function, open=free) for method, path, free in routes]

    with pytest.raises(ConstructError) as refused:
        RestService(stack, "Api", routes=wanted)

    assert why in str(refused.value)


def test_every_origin_is_named_and_a_domain_has_its_certificate() -> None:
    with pytest.raises(ConstructError, match="name the origins"):
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
def test_newer_schemas_are_put_into_the_words_of_draft_4(
    newer: Mapping[str, object], older: Mapping[str, object]
) -> None:
    assert draft4(newer) == older
