"""DnsZone: a zone made or known by its id, records that can be served, health that is told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk.assertions import Capture, Match, Template
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError, DnsZone
from signal9_constructs.dns import full_name, relative_name
from tests.constructs.lab import Made, app, only, properties, synthesise, text, topic

RECORD = "AWS::Route53::RecordSet"
ZONE = "AWS::Route53::HostedZone"


def _site(stack: Stack, id_: str = "Site") -> route53.IAliasRecordTarget:
    return targets.CloudFrontTarget(
        cloudfront.Distribution.from_distribution_attributes(
            stack, id_, domain_name=f"{id_.lower()}.cloudfront.net", distribution_id=id_
        )
    )


def _plain(stack: Stack) -> None:
    zone = DnsZone(stack, "Zone", zone_name="Shop.example.")
    assert zone.name_servers


def _records(stack: Stack) -> None:
    zone = DnsZone(stack, "Zone", zone_name="shop.example", ttl_s=60)
    zone.alias("", _site(stack))
    zone.alias("old.shop.example.", _site(stack, "Old"), ipv6=False)
    zone.cname("docs", "pages.example.net")
    zone.cname("_key.docs", "proof.example.net", ttl_s=5)
    zone.mx({"mail1.example.net": 10, "mail2.example.net": 20})
    zone.txt("", "v=spf1 -all", "k=" + "x" * 300)
    zone.txt("*.shop.example", "any")
    zone.caa("amazon.com", wildcard_issuers=[], report_to="mailto:ops@shop.example")


def _known(stack: Stack) -> None:
    zone = DnsZone(stack, "Zone", zone_name="shop.example", zone_id="Z123")
    zone.alias("app", _site(stack))
    zone.caa(name="app")
    assert zone.name_servers is None


def _safe(stack: Stack) -> None:
    zone = DnsZone(
        stack,
        "Zone",
        zone_name="shop.example",
        dnssec=True,
        query_logs=True,
        alarm_topic=topic(stack),
    )
    health = zone.health_check("Health", host="app.shop.example", path="/api/v1/health")
    zone.failover(
        "app", primary=_site(stack, "Main"), secondary=_site(stack, "Spare"), health_check=health
    )


def _quiet(stack: Stack) -> None:
    zone = DnsZone(stack, "Zone", zone_name="shop.example", comment="The shop")
    zone.health_check(
        "Health",
        host="app.shop.example",
        port=8443,
        interval_s=10,
        failure_threshold=2,
        search_string="fine",
        measure_latency=True,
        regions=["us-east-1", "eu-west-1", "us-west-2"],
    )


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, records=_records, known=_known, safe=_safe, quiet=_quiet)


@pytest.fixture(scope="module")
def zone() -> DnsZone:
    return DnsZone(Stack(app(), "Stack"), "Zone", zone_name="shop.example")


def _record(template: Template, name: str, type_: str) -> Mapping[str, object]:
    (found,) = (
        record
        for record in properties(template, RECORD)
        if (record["Name"], record["Type"]) == (name, type_)
    )
    return found


def test_a_zone_is_kept_since_a_new_one_would_have_other_name_servers(made: Made) -> None:
    made["plain"].has_resource(
        ZONE, {"DeletionPolicy": "Retain", "Properties": {"Name": "shop.example."}}
    )


def test_nothing_but_the_zone_is_made_unless_asked_for(made: Made) -> None:
    assert list(made["plain"].to_json()["Resources"]) == list(made["plain"].find_resources(ZONE))


def test_a_zone_known_by_its_id_is_not_made(made: Made) -> None:
    made["known"].resource_count_is(ZONE, 0)
    assert _record(made["known"], "app.shop.example.", "A")["HostedZoneId"] == "Z123"


def test_a_known_zone_needs_no_look_at_an_account() -> None:
    root = App(analytics_reporting=False)
    stack = Stack(root, "Anywhere")
    DnsZone(stack, "Zone", zone_name="shop.example", zone_id="Z123").txt("", "here")

    manifest = json.loads((Path(root.synth().directory) / "manifest.json").read_text("utf-8"))

    assert "missing" not in manifest


@pytest.mark.parametrize("type_", ["A", "AAAA"])
def test_an_alias_is_reached_over_both_versions_of_ip(made: Made, type_: str) -> None:
    target = _record(made["records"], "shop.example.", type_)["AliasTarget"]

    assert isinstance(target, dict)
    assert target["DNSName"] == "site.cloudfront.net"


def test_an_alias_may_keep_to_the_old_version(made: Made) -> None:
    kinds = {
        record["Type"]
        for record in properties(made["records"], RECORD)
        if record["Name"] == "old.shop.example."
    }

    assert kinds == {"A"}


@pytest.mark.parametrize(
    ("name", "type_", "values", "ttl"),
    [
        ("docs.shop.example.", "CNAME", ["pages.example.net"], "60"),
        ("_key.docs.shop.example.", "CNAME", ["proof.example.net"], "5"),
        ("shop.example.", "MX", ["10 mail1.example.net", "20 mail2.example.net"], "60"),
        ("*.shop.example.", "TXT", ['"any"'], "60"),
        (
            "shop.example.",
            "CAA",
            ['0 issue "amazon.com"', '0 issuewild ";"', '0 iodef "mailto:ops@shop.example"'],
            "60",
        ),
    ],
)
def test_a_record_says_what_it_was_told(
    made: Made, name: str, type_: str, values: list[str], ttl: str
) -> None:
    record = _record(made["records"], name, type_)

    assert (record["ResourceRecords"], record["TTL"]) == (values, ttl)


def test_a_long_text_is_split_as_dns_wants_it(made: Made) -> None:
    written = _record(made["records"], "shop.example.", "TXT")["ResourceRecords"]

    assert isinstance(written, list)
    assert all(len(part) <= 255 for value in written for part in value.split('"'))
    assert written[1].replace('"', "") == "k=" + "x" * 300


def test_where_no_issuer_is_named_nobody_may_issue(made: Made) -> None:
    assert _record(made["known"], "app.shop.example.", "CAA")["ResourceRecords"] == ['0 issue ";"']


def test_the_secondary_answers_while_the_primary_is_unhealthy(made: Made) -> None:
    health = Capture()
    for type_ in ("A", "AAAA"):
        common = {"Name": "app.shop.example.", "Type": type_}
        made["safe"].has_resource_properties(
            RECORD,
            {
                **common,
                "Failover": "PRIMARY",
                "SetIdentifier": "primary",
                "HealthCheckId": {"Ref": health},
                "AliasTarget": {"DNSName": "main.cloudfront.net"},
            },
        )
        made["safe"].has_resource_properties(
            RECORD,
            {
                **common,
                "Failover": "SECONDARY",
                "SetIdentifier": "secondary",
                "HealthCheckId": Match.absent(),
                "AliasTarget": {"DNSName": "spare.cloudfront.net"},
            },
        )

    assert health.as_string().startswith("ZoneHealth")


def test_health_is_asked_over_https_by_name(made: Made) -> None:
    assert only(made["safe"], "AWS::Route53::HealthCheck")["HealthCheckConfig"] == {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "app.shop.example",
        "Port": 443,
        "ResourcePath": "/api/v1/health",
        "EnableSNI": True,
        "FailureThreshold": 3,
        "RequestInterval": 30,
        "MeasureLatency": False,
        "Inverted": False,
    }


def test_how_health_is_asked_can_be_changed(made: Made) -> None:
    assert only(made["quiet"], "AWS::Route53::HealthCheck")["HealthCheckConfig"] == {
        "Type": "HTTPS_STR_MATCH",
        "SearchString": "fine",
        "FullyQualifiedDomainName": "app.shop.example",
        "Port": 8443,
        "ResourcePath": "/",
        "EnableSNI": True,
        "FailureThreshold": 2,
        "RequestInterval": 10,
        "MeasureLatency": True,
        "Inverted": False,
        "Regions": ["us-east-1", "eu-west-1", "us-west-2"],
    }


def test_bad_health_is_told_and_so_is_silence(made: Made) -> None:
    made["safe"].has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Namespace": "AWS/Route53",
            "MetricName": "HealthCheckStatus",
            "Statistic": "Minimum",
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "TreatMissingData": "breaching",
            "AlarmActions": [Match.string_like_regexp(":alarms$")],
            "OKActions": [Match.string_like_regexp(":alarms$")],
        },
    )


def test_without_a_topic_there_are_no_alarms(made: Made) -> None:
    made["quiet"].resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_a_signed_zone_has_a_key_that_route_53_may_use_and_alarms(made: Made) -> None:
    made["safe"].resource_count_is("AWS::Route53::DNSSEC", 1)
    made["safe"].has_resource_properties("AWS::Route53::KeySigningKey", {"Status": "ACTIVE"})
    made["safe"].has_resource(
        "AWS::KMS::Key",
        {
            "DeletionPolicy": "Retain",
            "Properties": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        },
    )
    assert "dnssec-route53.amazonaws.com" in text(made["safe"])
    for name in ("DNSSECInternalFailure", "DNSSECKeySigningKeysNeedingAction"):
        made["safe"].has_resource_properties("AWS::CloudWatch::Alarm", {"MetricName": name})


def test_queries_are_logged_for_a_month_where_route_53_may_write(made: Made) -> None:
    policy = str(only(made["safe"], "AWS::Logs::ResourcePolicy")["PolicyDocument"])

    made["safe"].has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/aws/route53/shop.example", "RetentionInDays": 30}
    )
    assert "route53.amazonaws.com" in policy
    assert "aws:SourceAccount" in policy


def test_a_zone_waits_until_its_queries_may_be_logged(made: Made) -> None:
    (policy,) = made["safe"].find_resources("AWS::Logs::ResourcePolicy")

    made["safe"].has_resource(ZONE, {"DependsOn": Match.array_with([policy])})


@pytest.mark.parametrize(
    "refused",
    [
        lambda zone: zone.cname("", "shop.example.net"),
        lambda zone: [zone.txt("twice", "a"), zone.txt("TWICE.shop.example", "b")],
        lambda zone: [zone.txt("text", "a"), zone.cname("text", "shop.example.net")],
        lambda zone: [zone.cname("other", "shop.example.net"), zone.mx({"m": 1}, name="other")],
        lambda zone: zone.txt("two words", "a"),
        lambda zone: zone.txt("x" * 64, "a"),
        lambda zone: zone.txt(".".join(["x" * 60] * 4), "a"),
        lambda zone: zone.txt("a.*.b", "a"),
    ],
    ids=["apex", "twice", "cname-after", "cname-before", "space", "label", "long", "star"],
)
def test_what_dns_could_not_serve_is_refused(
    zone: DnsZone, refused: Callable[[DnsZone], object]
) -> None:
    with pytest.raises(ConstructError, match=r"shop\.example"):
        refused(zone)


@pytest.mark.parametrize("wish", [{"dnssec": True}, {"query_logs": True}])
def test_only_a_zone_that_is_made_can_be_signed_or_logged(wish: dict[str, bool]) -> None:
    with pytest.raises(ConstructError, match="need a new zone"):
        DnsZone(Stack(app(), "Stack"), "Zone", zone_name="a.example", zone_id="Z", **wish)  # type: ignore[arg-type]


@pytest.mark.parametrize("wish", [{"dnssec": True}, {"query_logs": True}])
def test_what_works_in_one_region_is_refused_in_another(wish: dict[str, bool]) -> None:
    stack = Stack(app(), "Stack", env=Environment(region="eu-west-1"))

    with pytest.raises(ConstructError, match="must be in us-east-1, not eu-west-1"):
        DnsZone(stack, "Zone", zone_name="a.example", **wish)  # type: ignore[arg-type]


def test_an_alarm_on_health_is_refused_where_the_metric_is_not() -> None:
    stack = Stack(app(), "Stack", env=Environment(region="eu-west-1"))
    zone = DnsZone(stack, "Zone", zone_name="a.example", alarm_topic=topic(stack))

    with pytest.raises(ConstructError, match="must be in us-east-1, not eu-west-1"):
        zone.health_check("Health", host="a.example")


def test_a_zone_may_be_named_at_deployment_but_its_records_may_not() -> None:
    stack = Stack(app(), "Stack")
    name = CfnParameter(stack, "Name").value_as_string
    zone = DnsZone(stack, "Zone", zone_name=name, query_logs=True)
    zone.txt("", "v=spf1 -all")
    zone.cname("Docs", "pages.example.net")

    with pytest.raises(ConstructError, match="must be known at synthesis"):
        zone.txt(name, "a")

    template = Template.from_stack(stack)
    template.has_resource_properties(RECORD, {"Name": {"Fn::Join": ["", [{"Ref": "Name"}, "."]]}})
    template.has_resource_properties(
        RECORD, {"Name": {"Fn::Join": ["", ["docs.", {"Ref": "Name"}, "."]]}}
    )


def test_an_api_may_be_pointed_to_as_well(zone: DnsZone) -> None:
    domain = apigateway.DomainName.from_domain_name_attributes(
        zone,
        "Domain",
        domain_name="api.shop.example",
        domain_name_alias_hosted_zone_id="Z1",
        domain_name_alias_target="d-1.execute-api.us-east-1.amazonaws.com",
    )

    zone.alias("api", targets.ApiGatewayDomain(domain))

    assert _record(Template.from_stack(Stack.of(zone)), "api.shop.example.", "A")["AliasTarget"]


LABELS = st.from_regex(r"_?[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?", fullmatch=True)


@settings(max_examples=40)
@given(labels=st.lists(LABELS, max_size=4), wild=st.booleans(), dot=st.booleans())
def test_a_name_means_the_same_in_full_and_relative_to_its_zone(
    labels: list[str], *, wild: bool, dot: bool
) -> None:
    relative = ".".join(["*", *labels] if wild else labels).lower()
    full = full_name(relative, "shop.example")

    assert relative_name(relative.upper(), "shop.example") == relative
    assert relative_name(full + "." * dot, "shop.example") == relative
