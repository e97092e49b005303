"""Firewall: who is judged by what, in which order, at which cost."""

from collections.abc import Callable, Mapping
from typing import cast

import pytest
from aws_cdk import App, CfnParameter, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_wafv2 as wafv2
from aws_cdk.assertions import Match, Template

from signal9_constructs import (
    ConstructError,
    Firewall,
    FirewallRule,
    ManagedRules,
    RateLimit,
    RestService,
    Route,
)
from signal9_constructs.firewall_rules import capacity_of
from tests.constructs.lab import Made, only, properties, synthesise, text

ACL = "AWS::WAFv2::WebACL"
ANY = wafv2.CfnWebACL.StatementProperty()
Acl = wafv2.CfnWebACL
Statement = wafv2.CfnWebACL.StatementProperty
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
Rule = dict[str, dict[str, object]]


def _plain(stack: Stack) -> None:
    Firewall(stack, "Wall")


def _full(stack: Stack) -> None:
    no_robots = FirewallRule(
        "robots",
        wafv2.CfnWebACL.StatementProperty(
            byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
                field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(
                    single_header={"Name": "user-agent"}
                ),
                positional_constraint="CONTAINS",
                search_string="robot",
                text_transformations=[
                    wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="LOWERCASE")
                ],
            )
        ),
        capacity=20,
    )
    wall = Firewall(
        stack,
        "Wall",
        name="shop",
        requests_per_address=500,
        window_s=60,
        allowed_addresses=["192.0.2.1", "2001:db8::/32"],
        denied_addresses=["198.51.100.0/24"],
        allowed_countries=["DE", "US"],
        managed_rules=("common", "reputation"),
        custom_rules=[no_robots],
        count_only=["common/SizeRestrictions_BODY", "reputation", "robots"],
        log_name="shop",
        log_retention_days=90,
    )
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    wall.protect(api.deployment_stage)


def _edge(stack: Stack) -> None:
    Firewall(
        stack,
        "Wall",
        edge=True,
        block_scripts=False,
        managed_rules=(),
        denied_countries=["XX"],
        denied_addresses=["192.0.2.1"],
        log_retention_days=None,
    )


def _listed(stack: Stack) -> None:
    Firewall(stack, "Wall", name="shop", address_lists=True, max_body_bytes=16_384)


def _behind(stack: Stack) -> None:
    Firewall(
        stack,
        "Wall",
        requests_per_address=None,
        requests_per_token=500,
        required_header=("X-Origin", "hush"),
    )


def _named(stack: Stack) -> None:
    rate = CfnParameter(stack, "Rate", type="Number").value_as_number
    Firewall(stack, "Wall of shop", requests_per_address=cast("int", rate))


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain, full=_full, edge=_edge, named=_named, listed=_listed, behind=_behind
    )


def _rules(template: Template) -> dict[str, Rule]:
    rules = cast("list[dict[str, dict[str, object]]]", only(template, ACL)["Rules"])
    ordered = sorted(rules, key=lambda rule: cast("int", rule["Priority"]))
    return {str(rule["Name"]): rule for rule in ordered}


def test_empty_lists_exist_to_be_filled_by_hand(made: Made) -> None:
    sets = properties(made["listed"], "AWS::WAFv2::IPSet")

    assert list(_rules(made["listed"]))[:2] == ["deny", "allow"]
    assert {each["Name"] for each in sets} == {
        f"shop-{name}-v{version}" for name in ("deny", "allow") for version in (4, 6)
    }
    assert all(each["Addresses"] == [] for each in sets)


def test_a_larger_body_passes_the_common_rules_up_to_a_limit(made: Made) -> None:
    rules = _rules(made["listed"])

    assert "'Size': 16384" in str(rules["body"]["Statement"])
    assert rules["body"]["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 413}}}
    assert "SizeRestrictions_BODY" in str(rules["common"]["Statement"])


def test_an_api_behind_a_distribution_lets_in_only_who_knows_a_header(made: Made) -> None:
    rules = _rules(made["behind"])
    logging = only(made["behind"], "AWS::WAFv2::LoggingConfiguration")

    assert list(rules)[:2] == ["origin", "token-rate"]
    assert "'SearchString': 'hush'" in str(rules["origin"]["Statement"]["NotStatement"])
    redacted = cast("list[object]", logging["RedactedFields"])
    assert {"SingleHeader": {"Name": "X-Origin"}} in redacted


def test_rate_scripts_and_known_attacks_are_judged_by_default(made: Made) -> None:
    assert list(_rules(made["plain"])) == ["rate", "xss", "common", "bad-inputs", "sqli"]
    assert [
        name in text(made["plain"])
        for name in (
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesSQLiRuleSet",
        )
    ] == [True] * 3
    made["plain"].has_resource_properties(
        ACL, {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}}
    )


def test_an_address_may_ask_two_thousand_times_in_five_minutes(made: Made) -> None:
    rule = _rules(made["plain"])["rate"]

    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "Limit": 2000,
        "EvaluationWindowSec": 300,
    }
    assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}


def test_scripts_are_looked_for_in_query_path_and_body(made: Made) -> None:
    statements = cast(
        "dict[str, list[object]]", _rules(made["plain"])["xss"]["Statement"]["OrStatement"]
    )["Statements"]

    assert len(statements) == 3
    assert all("XssMatchStatement" in str(statement) for statement in statements)


def test_denial_comes_first_and_an_allowed_address_skips_the_rest(made: Made) -> None:
    rules = _rules(made["full"])

    assert list(rules)[:4] == ["deny", "allow-countries", "allow", "rate"]
    assert rules["allow"]["Action"] == {"Allow": {}}
    assert "NotStatement" in rules["allow-countries"]["Statement"]


def test_addresses_of_both_versions_are_listed(made: Made) -> None:
    sets = properties(made["full"], "AWS::WAFv2::IPSet")

    assert {(each["IPAddressVersion"], *cast("list[str]", each["Addresses"])) for each in sets} == {
        ("IPV4", "192.0.2.1/32"),
        ("IPV6", "2001:db8::/32"),
        ("IPV4", "198.51.100.0/24"),
    }


def test_a_rule_may_only_count(made: Made) -> None:
    rules = _rules(made["full"])

    assert rules["reputation"]["OverrideAction"] == {"Count": {}}
    assert rules["robots"]["Action"] == {"Count": {}}
    assert rules["common"]["OverrideAction"] == {"None": {}}
    assert "SizeRestrictions_BODY" in str(rules["common"]["Statement"])


def test_every_rule_is_measured(made: Made) -> None:
    for rule in _rules(made["full"]).values():
        assert rule["VisibilityConfig"]["CloudWatchMetricsEnabled"] is True


def test_a_metric_has_a_name_that_cloudwatch_takes(made: Made) -> None:
    visible = cast("dict[str, object]", only(made["named"], ACL)["VisibilityConfig"])

    assert visible["MetricName"] == "Wall-of-shop"
    assert _rules(made["named"])["rate"]["VisibilityConfig"]["MetricName"] == "Wall-of-shop-rate"


def test_the_rate_may_be_said_at_deployment(made: Made) -> None:
    rate = cast(
        "dict[str, object]", _rules(made["named"])["rate"]["Statement"]["RateBasedStatement"]
    )

    assert rate["Limit"] == {"Ref": "Rate"}


def test_what_is_logged_holds_no_token(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::WAFv2::LoggingConfiguration",
        {
            "RedactedFields": [
                {"SingleHeader": {"Name": "authorization"}},
                {"SingleHeader": {"Name": "cookie"}},
            ]
        },
    )
    made["full"].has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "aws-waf-logs-shop", "RetentionInDays": 90}
    )
    made["edge"].resource_count_is("AWS::WAFv2::LoggingConfiguration", 0)


def test_an_api_is_protected_by_its_stage(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::WAFv2::WebACLAssociation",
        {
            "ResourceArn": {
                "Fn::Join": [
                    "",
                    Match.array_with([":apigateway:us-east-1::/restapis/", "/stages/"]),
                ]
            }
        },
    )


def test_an_edge_firewall_is_for_cloudfront(made: Made) -> None:
    made["edge"].has_resource_properties(ACL, {"Scope": "CLOUDFRONT"})
    assert list(_rules(made["edge"])) == ["deny", "deny-countries", "rate"]


def test_the_capacity_is_known_before_deployment() -> None:
    assert Firewall(Stack(), "Wall").capacity == 1292


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"capacity_limit": 1000}, "need 1292 capacity units, more than 1000"),
        ({"managed_rules": ("magic",)}, "managed rules 'magic': must be one of"),
        ({"denied_addresses": ["300.1.1.1"]}, "invalid address: '300.1.1.1'"),
        ({"allowed_countries": ["DE"], "denied_countries": ["US"]}, "not both"),
        ({"max_body_bytes": 16_385}, "max_body_bytes=16385: must be from 1 to 16384"),
        ({"count_only": ["comon"]}, r"count_only: \['comon'\]"),
        ({"managed_rules": ("sqli", "sqli")}, "duplicate rule names"),
        ({"window_s": 30}, r"window_s=30: must be one of \(60"),
        ({"requests_per_address": 9}, "requests_per_address=9: must be at least 10"),
        (
            {"custom_rules": [FirewallRule("no robots", ANY, 1)]},
            r"invalid rule names \['no robots'\]",
        ),
    ],
)
def test_a_firewall_that_could_not_deploy_is_refused(
    options: Mapping[str, object], why: str
) -> None:
    with pytest.raises(ConstructError, match=why):
        Firewall(Stack(), "Wall", **options)  # type: ignore[arg-type]


def test_an_edge_firewall_elsewhere_is_refused() -> None:
    stack = Stack(App(), "Stack", env={"region": "eu-west-1"})

    with pytest.raises(ConstructError, match="must be in us-east-1, not eu-west-1"):
        Firewall(stack, "Wall", edge=True)


def test_an_edge_firewall_protects_no_api() -> None:
    stack = Stack()
    api = apigateway.RestApi(stack, "Api")
    wall = Firewall(stack, "Wall", edge=True)

    with pytest.raises(ConstructError, match="protects distributions"):
        wall.protect(api.deployment_stage)


def _text(where: str, constraint: str = "CONTAINS", **inspected: object) -> Statement:
    return Statement(
        byte_match_statement=Acl.ByteMatchStatementProperty(
            field_to_match=Acl.FieldToMatchProperty(**(inspected or {"uri_path": {}})),  # type: ignore[arg-type]
            positional_constraint=constraint,
            search_string=where,
            text_transformations=[Acl.TextTransformationProperty(priority=0, type="LOWERCASE")],
        )
    )


def _limited(stack: Stack) -> None:
    Firewall(
        stack,
        "Wall",
        requests_per_address=None,
        rate_limits=[
            RateLimit("sign-in", 10, window_s=60, paths=["/login", "/token"], action="captcha"),
            RateLimit("proxied", 500, by="forwarded-address"),
            RateLimit("tokens", 300, by="token", action="challenge"),
            RateLimit("keys", 100, by="header", header="X-Api-Key", status=503),
        ],
        redacted_headers=["X-Api-Key"],
        redact_query=True,
        log_blocked_only=True,
    )


def _managed(stack: Stack) -> None:
    Firewall(
        stack,
        "Wall",
        managed_rules=[
            ManagedRules(
                "common",
                version="Version_1.19",
                actions={"NoUserAgent_HEADER": "count", "SizeRestrictions_BODY": "captcha"},
                excluded_paths=["/hooks/"],
            ),
            ManagedRules("bots", inspection="TARGETED"),
            ManagedRules("Shield", vendor="Example", capacity=80),
            "reputation",
        ],
        custom_rules=[
            FirewallRule("teapots", _text("teapot"), action="challenge"),
            Acl.RuleProperty(
                name="own",
                priority=7,
                statement=_text("/own", "STARTS_WITH"),
                action=Acl.RuleActionProperty(block={}),
                visibility_config=Acl.VisibilityConfigProperty(
                    cloud_watch_metrics_enabled=True,
                    metric_name="own",
                    sampled_requests_enabled=False,
                ),
                rule_labels=[Acl.LabelProperty(name="own:rule")],
            ),
        ],
        count_only=["teapots", "own", "bots"],
        capacity_limit=2000,
        props={"token_domains": ["shop.example"]},
    )


def _protecting(stack: Stack) -> None:
    wall = Firewall(stack, "Wall", log_retention_days=None)
    function = lambda_.Function.from_function_arn(stack, "Orders", FUNCTION)
    wall.protect(_balancer(stack))
    wall.protect(cognito.UserPool(stack, "Users"))
    wall.protect(cognito.UserPool.from_user_pool_id(stack, "Theirs", "us-east-1_1"))
    wall.protect(appsync.GraphqlApi.from_graphql_api_attributes(stack, "Graph", graphql_api_id="g"))
    wall.protect(RestService(stack, "Api", routes=[Route("GET", "/orders", function, open=True)]))


def _balancer(stack: Stack) -> elbv2.IApplicationLoadBalancer:
    return elbv2.ApplicationLoadBalancer.from_application_load_balancer_attributes(
        stack,
        "Balancer",
        load_balancer_arn="arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/shop/1",
        security_group_id="sg-1",
    )


def _at_the_edge(stack: Stack) -> None:
    existing = Firewall.from_web_acl_arn(
        stack, "Theirs", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/theirs/1"
    )
    for name, wall in (("Own", Firewall(stack, "Wall", edge=True)), ("Other", existing)):
        origin = origins.HttpOrigin(f"{name.lower()}.example")
        behavior = cloudfront.BehaviorOptions(origin=origin)
        wall.protect(cloudfront.Distribution(stack, name, default_behavior=behavior))


@pytest.fixture(scope="module")
def more() -> Made:
    return synthesise(
        limited=_limited, managed=_managed, protecting=_protecting, at_the_edge=_at_the_edge
    )


def test_a_limit_counts_by_address_forwarded_address_token_or_header(more: Made) -> None:
    limits = {
        name: rule["Statement"]["RateBasedStatement"]
        for name, rule in _rules(more["limited"]).items()
        if "RateBasedStatement" in rule["Statement"]
    }

    assert "ForwardedIPConfig" in str(limits["proxied"])
    assert "'Name': 'authorization'" in str(limits["tokens"])
    assert "'Name': 'x-api-key'" in str(limits["keys"])
    scope = str(limits["sign-in"])
    assert "'SearchString': '/login'" in scope
    assert "'SearchString': '/token'" in scope
    assert scope.count("NORMALIZE_PATH") == 2


def test_a_limit_may_ask_for_a_puzzle_instead_of_blocking(more: Made) -> None:
    rules = _rules(more["limited"])

    assert rules["sign-in"]["Action"] == {"Captcha": {}}
    assert rules["tokens"]["Action"] == {"Challenge": {}}
    assert rules["keys"]["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 503}}}


def test_logs_may_leave_out_headers_queries_and_what_was_allowed(more: Made) -> None:
    logging = only(more["limited"], "AWS::WAFv2::LoggingConfiguration")

    redacted = cast("list[object]", logging["RedactedFields"])
    assert {"SingleHeader": {"Name": "X-Api-Key"}} in redacted
    assert {"QueryString": {}} in redacted
    assert cast("dict[str, object]", logging["LoggingFilter"])["DefaultBehavior"] == "DROP"


def test_a_managed_group_has_its_version_actions_and_exceptions(more: Made) -> None:
    group = cast(
        "dict[str, object]",
        _rules(more["managed"])["common"]["Statement"]["ManagedRuleGroupStatement"],
    )

    assert (group["Name"], group["Version"]) == ("AWSManagedRulesCommonRuleSet", "Version_1.19")
    assert group["RuleActionOverrides"] == [
        {"ActionToUse": {"Count": {}}, "Name": "NoUserAgent_HEADER"},
        {"ActionToUse": {"Captcha": {}}, "Name": "SizeRestrictions_BODY"},
    ]
    assert "'SearchString': '/hooks/'" in str(group["ScopeDownStatement"])


def test_bots_are_inspected_as_closely_as_wanted(more: Made) -> None:
    rule = _rules(more["managed"])["bots"]

    assert "'InspectionLevel': 'TARGETED'" in str(rule["Statement"])
    assert rule["OverrideAction"] == {"Count": {}}


def test_another_vendors_group_is_used_by_its_name(more: Made) -> None:
    statement = str(_rules(more["managed"])["Shield"]["Statement"])

    assert "'VendorName': 'Example'" in statement


def test_a_rule_of_cloudformation_passes_with_the_priority_of_its_place(more: Made) -> None:
    rule: Mapping[str, object] = _rules(more["managed"])["own"]

    assert rule["Priority"] == len(_rules(more["managed"])) - 1
    assert rule["RuleLabels"] == [{"Name": "own:rule"}]
    assert rule["Action"] == {"Count": {}}
    more["managed"].has_resource_properties(ACL, {"TokenDomains": ["shop.example"]})


def test_apis_load_balancers_and_user_pools_are_protected(more: Made) -> None:
    protected = str(properties(more["protecting"], "AWS::WAFv2::WebACLAssociation"))

    assert protected.count("ResourceArn") == 5
    for part in (
        "/restapis/",
        "loadbalancer/app/shop/1",
        "apis/g",
        "userpool/us-east-1_1",
        "Users",
    ):
        assert part in protected


def test_a_distribution_is_protected_by_an_edge_firewall_new_or_existing(more: Made) -> None:
    walls = [
        cast("dict[str, object]", each["DistributionConfig"])["WebACLId"]
        for each in properties(more["at_the_edge"], "AWS::CloudFront::Distribution")
    ]

    assert walls == [
        {"Fn::GetAtt": ["Wall", "Arn"]},
        "arn:aws:wafv2:us-east-1:123456789012:global/webacl/theirs/1",
    ]


def _network_balancer(stack: Stack) -> object:
    return elbv2.NetworkLoadBalancer.from_network_load_balancer_attributes(
        stack,
        "B",
        load_balancer_arn="arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/b/1",
    )


def _distribution(stack: Stack) -> cloudfront.Distribution:
    behavior = cloudfront.BehaviorOptions(origin=origins.HttpOrigin("shop.example"))
    return cloudfront.Distribution(stack, "Site", default_behavior=behavior)


@pytest.mark.parametrize(
    ("edge", "build", "why"),
    [
        (False, lambda stack: s3.Bucket(stack, "B"), "resource is a Bucket: must be an IStageRef"),
        (False, lambda stack: apigatewayv2.HttpApi(stack, "B"), "resource is an? HttpApi: must be"),
        (False, _network_balancer, "must be an application load balancer"),
        (False, _distribution, "a distribution needs a firewall with edge=True"),
        (True, _balancer, "an edge firewall protects distributions"),
        (
            True,
            lambda stack: cloudfront.Distribution.from_distribution_attributes(
                stack, "B", domain_name="d.example", distribution_id="D"
            ),
            "must be a Distribution of this app",
        ),
        (
            False,
            lambda stack: cognito.UserPool.from_user_pool_arn(
                stack, "B", "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_1"
            ),
            "resource is in eu-west-1: must be in us-east-1",
        ),
    ],
)
def test_what_waf_cannot_protect_is_refused(
    edge: bool,
    build: Callable[[Stack], object],
    why: str,
) -> None:
    stack = Stack(App(), "Stack", env={"region": "us-east-1"})
    wall = Firewall(stack, "Wall", edge=edge)

    with pytest.raises(ConstructError, match=why):
        wall.protect(build(stack))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "units"),
    [
        (_text("a", "EXACTLY"), 12),
        (_text("a"), 20),
        (_text("a", all_query_arguments={}), 30),
        (Statement(label_match_statement={"key": "k", "scope": "LABEL"}), 1),
        (Statement(and_statement={"statements": [_text("a"), _text("b", "EXACTLY")]}), 32),
        (Statement(not_statement={"statement": _text("a")}), 20),
        (Statement(rule_group_reference_statement={"arn": "arn"}), None),
        (
            Statement(
                or_statement={
                    "statements": [Statement(rule_group_reference_statement={"arn": "a"})]
                }
            ),
            None,
        ),
    ],
)
def test_the_capacity_of_a_statement_is_that_of_its_parts(
    statement: wafv2.CfnWebACL.StatementProperty, units: int | None
) -> None:
    assert capacity_of(statement) == units


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"capacity_limit": 5001}, "capacity_limit=5001: must be at most 5000"),
        (
            {"managed_rules": [ManagedRules("Shield", vendor="X")]},
            r"capacity of \['Shield'\] is unknown",
        ),
        (
            {"managed_rules": [ManagedRules("common", version="1.19")]},
            "must be such as Version_1.0",
        ),
        ({"managed_rules": [ManagedRules("reputation", version="Version_1.0")]}, "have none"),
        ({"managed_rules": [ManagedRules("sqli", inspection="COMMON")]}, "inspection is for bots"),
        (
            {"managed_rules": [ManagedRules("account-takeover")]},
            "configs must say what it inspects",
        ),
        ({"rate_limits": [RateLimit("few", 9)]}, "few: requests=9: must be at least 10"),
        ({"rate_limits": [RateLimit("key", 99, by="header")]}, "by='header' and header must go"),
        ({"rate_limits": [RateLimit("key", 99, header="X")]}, "by='header' and header must go"),
        ({"rate_limits": [RateLimit("path", 99, paths=["x"])]}, "path 'x': must begin with /"),
        ({"rate_limits": [RateLimit("rate", 99)]}, "duplicate rule names"),
    ],
)
def test_rules_that_could_not_deploy_are_refused(options: Mapping[str, object], why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        Firewall(Stack(), "Wall", **options)  # type: ignore[arg-type]
