"""Firewall: who is judged by what, in which order, at which cost."""

from collections.abc import Mapping
from typing import cast

import pytest
from aws_cdk import App, CfnParameter, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from aws_cdk.assertions import Match, Template

from signal9_constructs import ConstructError, Firewall, FirewallRule
from tests.constructs.lab import Made, only, properties, synthesise, text

ACL = "AWS::WAFv2::WebACL"
ANY = wafv2.CfnWebACL.StatementProperty()
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
    assert {"SingleHeader": {"Name": "X-Origin"}} in logging["RedactedFields"]


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
