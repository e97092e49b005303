"""DnsZone: records, health checks, failover, query logs and DNSSEC."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk.assertions import Match, Template
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
    zone.record("_sip._tcp", route53.RecordType.SRV, "10 5 5060 sip.example.net", ttl_s=9)
    zone.delegate("lab", "ns1.example.net", "ns2.example.net")


def _known(stack: Stack) -> None:
    zone = DnsZone(stack, "Zone", zone_name="shop.example", zone_id="Z123")
    zone.alias("app", _site(stack))
    zone.caa(name="app")
    assert zone.name_servers is None


def _given(stack: Stack) -> None:
    existing = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Existing", hosted_zone_id="Z9", zone_name="Shop.example"
    )
    zone = DnsZone(stack, "Zone", zone=existing)
    zone.txt("", "v=spf1 -all")
    again = DnsZone(stack, "Again", zone=zone)
    again.txt("also", "x")
    again.health_check("Down", host="old.shop.example", props={"inverted": True})
    assert zone.zone_name == again.zone_name == "shop.example"


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
    return synthesise(
        plain=_plain, records=_records, known=_known, given=_given, safe=_safe, quiet=_quiet
    )


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


def test_a_zone_is_retained_because_a_new_one_has_other_name_servers(made: Made) -> None:
    made["plain"].has_resource(
        ZONE, {"DeletionPolicy": "RetainExceptOnCreate", "Properties": {"Name": "shop.example."}}
    )


def test_a_zone_is_a_single_resource_by_default(made: Made) -> None:
    assert list(made["plain"].to_json()["Resources"]) == list(made["plain"].find_resources(ZONE))


def test_an_existing_zone_is_used(made: Made) -> None:
    made["known"].resource_count_is(ZONE, 0)
    assert _record(made["known"], "app.shop.example.", "A")["HostedZoneId"] == "Z123"


def test_a_zone_of_the_cdk_or_of_this_library_is_used(made: Made) -> None:
    records = properties(made["given"], RECORD)

    assert {(str(each["Name"]), str(each["HostedZoneId"])) for each in records} == {
        ("shop.example.", "Z9"),
        ("also.shop.example.", "Z9"),
    }
    made["given"].resource_count_is(ZONE, 0)


def test_a_record_may_have_any_type_and_a_name_other_name_servers(made: Made) -> None:
    service = _record(made["records"], "_sip._tcp.shop.example.", "SRV")
    delegated = _record(made["records"], "lab.shop.example.", "NS")

    assert (service["ResourceRecords"], service["TTL"]) == (["10 5 5060 sip.example.net"], "9")
    assert delegated["ResourceRecords"] == ["ns1.example.net", "ns2.example.net"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "pass zone_name or zone"),
        ({"zone": True, "zone_name": "b.example"}, "zone has a zone_id and a zone_name already"),
        ({"zone": True, "props": {"comment": "x"}}, "props need a new zone"),
        ({"zone_name": "b.example", "props": {"zone_name": "c"}}, "props must not set zone_name"),
    ],
)
def test_a_zone_that_is_new_and_exists_is_refused(
    zone: DnsZone, options: dict[str, Any], message: str
) -> None:
    if "zone" in options:
        options = {**options, "zone": zone}

    with pytest.raises(ConstructError, match=message):
        DnsZone(Stack(app(), "Stack"), "Zone", **options)


def test_the_zone_itself_cannot_be_delegated(zone: DnsZone) -> None:
    with pytest.raises(ConstructError, match="has its name servers already"):
        zone.delegate("shop.example", "ns1.example.net")


def test_an_existing_zone_needs_no_lookup() -> None:
    root = App(analytics_reporting=False)
    stack = Stack(root, "Anywhere")
    DnsZone(stack, "Zone", zone_name="shop.example", zone_id="Z123").txt("", "here")

    manifest = json.loads((Path(root.synth().directory) / "manifest.json").read_text("utf-8"))

    assert "missing" not in manifest


@pytest.mark.parametrize("type_", ["A", "AAAA"])
def test_an_alias_works_over_ipv4_and_ipv6(made: Made, type_: str) -> None:
    target = _record(made["records"], "shop.example.", type_)["AliasTarget"]

    assert isinstance(target, dict)
    assert target["DNSName"] == "site.cloudfront.net"


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
def test_a_record_has_its_values_and_ttl(
    made: Made, name: str, type_: str, values: list[str], ttl: str
) -> None:
    record = _record(made["records"], name, type_)

    assert (record["ResourceRecords"], record["TTL"]) == (values, ttl)


def test_a_long_text_is_split(made: Made) -> None:
    written = _record(made["records"], "shop.example.", "TXT")["ResourceRecords"]

    assert isinstance(written, list)
    assert all(len(part) <= 255 for value in written for part in value.split('"'))
    assert written[1].replace('"', "") == "k=" + "x" * 300


def test_without_issuers_nobody_may_issue_certificates(made: Made) -> None:
    assert _record(made["known"], "app.shop.example.", "CAA")["ResourceRecords"] == ['0 issue ";"']


@pytest.mark.parametrize("type_", ["A", "AAAA"])
def test_the_secondary_takes_over_while_the_primary_is_unhealthy(made: Made, type_: str) -> None:
    record = {"Name": "app.shop.example.", "Type": type_}
    primary = {"Failover": "PRIMARY", "HealthCheckId": {"Ref": Match.any_value()}}
    secondary = {"Failover": "SECONDARY", "HealthCheckId": Match.absent()}

    made["safe"].has_resource_properties(
        RECORD, {**record, **primary, "AliasTarget": {"DNSName": "main.cloudfront.net"}}
    )
    made["safe"].has_resource_properties(
        RECORD, {**record, **secondary, "AliasTarget": {"DNSName": "spare.cloudfront.net"}}
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "safe",
            {
                "Type": "HTTPS",
                "Port": 443,
                "ResourcePath": "/api/v1/health",
                "FailureThreshold": 3,
                "RequestInterval": 30,
                "MeasureLatency": False,
            },
        ),
        (
            "quiet",
            {
                "Type": "HTTPS_STR_MATCH",
                "SearchString": "fine",
                "Port": 8443,
                "ResourcePath": "/",
                "FailureThreshold": 2,
                "RequestInterval": 10,
                "MeasureLatency": True,
                "Regions": ["us-east-1", "eu-west-1", "us-west-2"],
            },
        ),
    ],
)
def test_health_is_checked_over_https_by_name(
    made: Made, name: str, expected: Mapping[str, object]
) -> None:
    host = {"FullyQualifiedDomainName": "app.shop.example", "EnableSNI": True, "Inverted": False}

    config = only(made[name], "AWS::Route53::HealthCheck")["HealthCheckConfig"]

    assert config == {**host, **expected}


def test_a_health_check_takes_further_props_of_the_cdk(made: Made) -> None:
    config: Any = only(made["given"], "AWS::Route53::HealthCheck")["HealthCheckConfig"]

    assert config["Inverted"] is True


def test_bad_health_and_missing_data_notify(made: Made) -> None:
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
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        },
    )
    assert "dnssec-route53.amazonaws.com" in text(made["safe"])
    for name in ("DNSSECInternalFailure", "DNSSECKeySigningKeysNeedingAction"):
        made["safe"].has_resource_properties("AWS::CloudWatch::Alarm", {"MetricName": name})


def test_queries_are_logged_for_a_month(made: Made) -> None:
    policy = str(only(made["safe"], "AWS::Logs::ResourcePolicy")["PolicyDocument"])

    made["safe"].has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/aws/route53/shop.example", "RetentionInDays": 30}
    )
    assert "route53.amazonaws.com" in policy
    assert "aws:SourceAccount" in policy


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
def test_invalid_records_are_refused(zone: DnsZone, refused: Callable[[DnsZone], object]) -> None:
    with pytest.raises(ConstructError, match=r"shop\.example"):
        refused(zone)


@pytest.mark.parametrize("option", [{"dnssec": True}, {"query_logs": True}])
def test_dnssec_and_query_logs_need_a_new_zone_in_us_east_1(option: dict[str, Any]) -> None:
    stack = Stack(app(), "Stack", env=Environment(region="eu-west-1"))

    with pytest.raises(ConstructError, match="need a new zone"):
        DnsZone(stack, "Known", zone_name="a.example", zone_id="Z", **option)
    with pytest.raises(ConstructError, match="must be in us-east-1, not eu-west-1"):
        DnsZone(stack, "Zone", zone_name="a.example", **option)


def test_a_health_alarm_in_another_region_is_refused() -> None:
    stack = Stack(app(), "Stack", env=Environment(region="eu-west-1"))
    zone = DnsZone(stack, "Zone", zone_name="a.example", alarm_topic=topic(stack))

    with pytest.raises(ConstructError, match="must be in us-east-1, not eu-west-1"):
        zone.health_check("Health", host="a.example")


def test_a_zones_name_may_be_a_token_but_a_records_may_not() -> None:
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
