"""RestService: what the routes say, checked, throttled, logged without bodies."""

import json
from collections.abc import Mapping
from typing import Final, cast

import pytest
from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError, RestService, Route
from signal9_constructs.json_schema import DRAFT_4, as_draft_4
from signal9_constructs.rest import check_routes
from tests.constructs.lab import ENV, Made, app, only, properties, synthesise, text

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
def made() -> Made:
    return synthesise(plain=_plain, full=_full, open=_open)


def _methods(template: Template) -> list[Mapping[str, object]]:
    return [m for m in properties(template, METHOD) if m["HttpMethod"] != "OPTIONS"]


def test_every_route_is_a_method_and_every_path_is_made_once(made: Made) -> None:
    assert len(_methods(made["plain"])) == 5
    assert sorted(
        str(resource["PathPart"])
        for resource in properties(made["plain"], "AWS::ApiGateway::Resource")
    ) == ["health", "orders", "{id}"]


def test_the_api_is_regional(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::ApiGateway::RestApi", {"EndpointConfiguration": {"Types": ["REGIONAL"]}}
    )


def test_every_route_is_judged_unless_it_is_open(made: Made) -> None:
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


def test_parameters_are_required_as_the_route_says(made: Made) -> None:
    asked = [method.get("RequestParameters") for method in _methods(made["plain"])]

    assert {
        "method.request.querystring.limit": False,
        "method.request.querystring.from": True,
    } in asked
    assert {"method.request.header.Idempotency-Key": True} in asked
    assert asked.count({"method.request.path.id": True}) == 2


def test_bodies_and_parameters_are_checked_before_a_function_runs(made: Made) -> None:
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


def test_a_browser_of_a_named_origin_may_ask(made: Made) -> None:
    preflights = [m for m in properties(made["plain"], METHOD) if m["HttpMethod"] == "OPTIONS"]

    assert len(preflights) == 4
    assert all("'https://shop.example'" in json.dumps(each) for each in preflights)
    assert all("If-Match,If-None-Match'" in json.dumps(each) for each in preflights)
    assert "'*'" not in text(made["plain"])


@pytest.mark.parametrize("kind", [METHOD, "AWS::ApiGateway::GatewayResponse"])
def test_a_script_may_read_how_fresh_an_answer_is_when_to_ask_again_and_its_name(
    made: Made, kind: str
) -> None:
    said = [each for each in properties(made["plain"], kind) if "Allow-Origin" in json.dumps(each)]

    assert said
    assert all("'ETag,Retry-After,X-Request-Id'" in json.dumps(each) for each in said)


def test_answers_of_a_kilobyte_are_compressed_unless_told_otherwise(made: Made) -> None:
    sizes = {
        name: only(template, "AWS::ApiGateway::RestApi").get("MinimumCompressionSize")
        for name, template in made.items()
    }

    assert sizes == {"plain": 1024, "full": 0, "open": None}


def test_the_gateways_own_errors_are_problem_documents_that_a_browser_may_read(made: Made) -> None:
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


def test_whoever_is_not_let_in_is_told_what_to_bring(made: Made) -> None:
    asking = {
        response.get("StatusCode")
        for response in properties(made["plain"], "AWS::ApiGateway::GatewayResponse")
        if "'Bearer'" in json.dumps(response["ResponseParameters"])
    }

    assert asking == {"401"}


@pytest.mark.parametrize("kind", ["AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"])
def test_an_authorizer_that_cannot_judge_is_no_fault_of_the_caller(made: Made, kind: str) -> None:
    (response,) = (
        each
        for each in properties(made["plain"], "AWS::ApiGateway::GatewayResponse")
        if each["ResponseType"] == kind
    )

    assert response["StatusCode"] == "503"
    headers = cast("dict[str, str]", response["ResponseParameters"])
    assert headers["gatewayresponse.header.Retry-After"] == "'30'"


def test_the_stage_is_throttled_traced_measured_and_never_logs_bodies(made: Made) -> None:
    stage = only(made["plain"], STAGE)
    settings = cast("list[dict[str, object]]", stage["MethodSettings"])

    assert stage["TracingEnabled"] is True
    assert all(each["DataTraceEnabled"] is False for each in settings)
    assert all(each["MetricsEnabled"] is True for each in settings)
    assert {
        (each["ResourcePath"], each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"])
        for each in settings
    } == {("/*", 100, 200), ("/~1orders~1{id}", 5, 7)}


def test_a_route_may_be_throttled_to_nothing_by_any_of_its_methods(made: Made) -> None:
    settings = cast("list[dict[str, object]]", only(made["full"], STAGE)["MethodSettings"])

    assert {
        (each["ResourcePath"], each["HttpMethod"]): (
            each["ThrottlingRateLimit"],
            each["ThrottlingBurstLimit"],
        )
        for each in settings
    } == {("/*", "*"): (10, 20), ("/", "GET"): (10, 0), ("/~1files~1{path+}", "*"): (0, 20)}


def test_bodies_of_paths_that_look_alike_are_told_apart_and_all_of_draft_4(made: Made) -> None:
    schemas = [
        cast("dict[str, object]", each["Schema"])
        for each in properties(made["full"], "AWS::ApiGateway::Model")
    ]

    assert len(schemas) == 2
    assert {each["$schema"] for each in schemas} == {DRAFT_4}


def test_the_access_log_is_json_and_holds_no_token(made: Made) -> None:
    setting = cast("dict[str, str]", only(made["plain"], STAGE)["AccessLogSetting"])
    logged = json.loads(setting["Format"])

    assert {"requestId", "principal", "route", "status", "latencyMs"} <= set(logged)
    assert "Authorization" not in setting["Format"]


def test_both_logs_are_forgotten_in_time(made: Made) -> None:
    groups = properties(made["full"], "AWS::Logs::LogGroup")

    assert [group["RetentionInDays"] for group in groups] == [7, 7]
    assert "/aws/apigateway/shop" in [group["LogGroupName"] for group in groups]
    assert "API-Gateway-Execution-Logs_" in json.dumps(groups)


def test_every_default_can_be_changed(made: Made) -> None:
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


def test_several_origins_may_read_errors_too(made: Made) -> None:
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


def test_keys_have_a_plan_with_a_quota(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::ApiGateway::UsagePlan",
        {
            "Quota": {"Limit": 1000, "Period": "DAY"},
            "Throttle": {"RateLimit": 10, "BurstLimit": 20},
        },
    )
    made["full"].has_resource_properties("AWS::ApiGateway::ApiKey", {"Name": "partner"})
    made["plain"].resource_count_is("AWS::ApiGateway::UsagePlan", 0)


def test_a_domain_of_its_own_speaks_modern_tls(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::ApiGateway::DomainName",
        {"DomainName": "api.shop.example", "SecurityPolicy": "TLS_1_2"},
    )


def test_the_url_is_where_the_api_answers(made: Made) -> None:
    plain, full = (str(made[name].find_outputs("Url")) for name in ("plain", "full"))

    assert ".execute-api.us-east-1." in plain
    assert "live" in plain
    assert "execute-api" not in full
    assert "ApiDomain" in full


def test_without_origins_there_is_no_cors(made: Made) -> None:
    assert "Access-Control" not in text(made["open"])


@pytest.mark.parametrize(
    ("routes", "why"),
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
def test_routes_that_cannot_be_are_refused(routes: list[tuple[str, str, bool]], why: str) -> None:
    stack = Stack()
    function = _function(stack)
    wanted = [Route(method, path, function, open=free) for method, path, free in routes]

    with pytest.raises(ConstructError) as refused:
        RestService(stack, "Api", routes=wanted)

    assert why in str(refused.value)


def test_every_origin_is_named_and_a_domain_has_its_certificate() -> None:
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
def test_newer_schemas_are_put_into_the_words_of_draft_4(
    newer: Mapping[str, object], older: Mapping[str, object]
) -> None:
    assert as_draft_4(newer) == older


METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
VARIABLE: Final = "{at%d}"

# A place in a path has two words, or one variable, named after where it stands.
PATHS = st.lists(st.sampled_from(["orders", "items", VARIABLE]), max_size=3).map(
    lambda parts: "/" + "/".join(part.replace("%d", str(at)) for at, part in enumerate(parts))
)
WANTED = st.sets(st.tuples(st.sampled_from(METHODS), PATHS), min_size=1, max_size=8)


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

    with pytest.raises(ConstructError, match="duplicate route"):
        check_routes(routes, authorized=True)


@given(path=PATHS, other=st.sampled_from(["id", "key"]))
def test_a_place_has_one_variable_only(path: str, other: str) -> None:
    function = _function(Stack())
    above = path.rstrip("/")
    routes = [
        Route("GET", f"{above}/{{{name}}}", function, open=True) for name in ("number", other)
    ]

    with pytest.raises(ConstructError, match=r"is \{number\} in another route"):
        check_routes(routes, authorized=False)
