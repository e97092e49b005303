"""What prod must have, read from the templates that would be deployed."""

from collections import Counter
from typing import Final

import pytest
from aws_cdk.assertions import Match, Template

from signal9_core.domain.users import MOST_WATCHED
from signal9_core.schemas.users import WatchlistPut
from signal9_core.tables import TABLES
from signal9_deploy.functions import API, FUNCTIONS
from signal9_deploy.stacks.service import MAX_BODY_BYTES
from tests.deploy.lab import (
    ACCOUNT,
    PARTS,
    Resource,
    build,
    everything,
    listed,
    properties,
    resources,
    settings_of,
    stack,
    statements,
    template,
)

_ALARMS: Final = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": "sns:Publish",
}
BUCKETS: Final = [f"signal9-{kind}-prod-{ACCOUNT}" for kind in ("backup", "cache", "static")]


def _named(found: list[Resource], key: str) -> dict[str, Resource]:
    return {str(each[key]): each for each in found if key in each}


def test_the_network_has_two_public_and_two_private_subnets_with_a_nat_gateway_each() -> None:
    network = template("prod", "Network")

    blocks = {each["CidrBlock"] for each in properties(network, "AWS::EC2::Subnet")}

    assert blocks == {"10.0.1.0/24", "10.0.2.0/24", "10.0.101.0/24", "10.0.102.0/24"}
    network.resource_count_is("AWS::EC2::NatGateway", 2)
    network.resource_count_is("AWS::EC2::FlowLog", 1)


def test_aws_is_reached_without_the_internet() -> None:
    endpoints = str(properties(template("prod", "Network"), "AWS::EC2::VPCEndpoint"))

    assert all(name in endpoints for name in ("dynamodb", "s3", "events", "secretsmanager", "sns"))


def test_every_table_can_be_restored_and_cannot_be_deleted() -> None:
    data = template("prod", "Data")
    tables = resources(data, "AWS::DynamoDB::GlobalTable")

    named = _named([each["Properties"] for each in tables.values()], "TableName")

    assert set(named) == {f"signal9-prod-{table.name}" for table in TABLES}
    for each in named.values():
        (replica,) = each["Replicas"]
        assert replica["DeletionProtectionEnabled"]
        assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert each["BillingMode"] == "PAY_PER_REQUEST"
    assert {each["DeletionPolicy"] for each in tables.values()} == {"RetainExceptOnCreate"}


def test_the_stacks_of_prod_cannot_be_deleted() -> None:
    stack("prod", "Data").node.root.synth()  # type: ignore[attr-defined]  # an app can

    for part in ("Network", "Data", "Service", "Edge"):
        assert stack("prod", part).termination_protection


def test_three_buckets_keep_old_versions_for_thirty_days_and_let_the_app_read() -> None:
    named = _named(everything("prod", "AWS::S3::Bucket"), "BucketName")

    assert sorted(named) == BUCKETS
    for each in named.values():
        (rule,) = each["LifecycleConfiguration"]["Rules"]
        (cors,) = each["CorsConfiguration"]["CorsRules"]
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
        assert (cors["AllowedOrigins"], cors["AllowedMethods"]) == (
            ["https://app.signal9.com"],
            ["GET", "HEAD"],
        )


def test_raw_responses_are_kept_for_good_and_backups_for_over_a_year() -> None:
    named = _named(properties(template("prod", "Data"), "AWS::S3::Bucket"), "BucketName")
    rules = {name: each["LifecycleConfiguration"]["Rules"][0] for name, each in named.items()}

    assert "ExpirationInDays" not in rules[f"signal9-cache-prod-{ACCOUNT}"]
    assert rules[f"signal9-backup-prod-{ACCOUNT}"]["ExpirationInDays"] == 400


def test_a_trail_records_the_objects_of_all_three_buckets() -> None:
    (trail,) = properties(template("prod", "Data"), "AWS::CloudTrail::Trail")

    recorded = str(trail["EventSelectors"])

    assert f"signal9-static-prod-{ACCOUNT}" in recorded
    assert all(name in recorded for name in ("Cache", "Backup"))
    assert trail["EnableLogFileValidation"]


def test_every_table_is_exported_nightly_by_the_clock_alone() -> None:
    exports = properties(template("prod", "Data"), "AWS::Scheduler::Schedule")

    assert len(exports) == len(TABLES)
    for each in exports:
        assert each["Target"]["Arn"].endswith(":dynamodb:exportTableToPointInTime")
        assert each["ScheduleExpression"] == "cron(30 2 * * ? *)"
        assert each["Target"]["DeadLetterConfig"]


def test_an_export_may_write_all_that_dynamodb_writes() -> None:
    policies = properties(template("prod", "Data"), "AWS::IAM::Policy")
    (exports,) = [each for each in policies if each["PolicyName"].startswith("ExportsRole")]

    actions = {
        action
        for statement in exports["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }

    assert {"s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"} <= actions


def test_a_table_without_a_completed_export_in_26_hours_is_an_alarm() -> None:
    data = template("prod", "Data")
    rules = [str(rule.get("EventPattern")) for rule in properties(data, "AWS::Events::Rule")]
    alarms = [
        alarm
        for alarm in properties(data, "AWS::CloudWatch::Alarm")
        if alarm.get("Namespace") == "AWS/Events"
    ]

    assert len(alarms) == len(TABLES)
    for table in TABLES:
        assert any(f"tables/{table.name}/*/manifest-summary.json" in rule for rule in rules)
    for alarm in alarms:
        assert alarm["Period"] * alarm["EvaluationPeriods"] == 26 * 3600
        assert alarm["TreatMissingData"] == "breaching"
        assert alarm["AlarmActions"]
    data.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketName": f"signal9-backup-prod-{ACCOUNT}",
            "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        },
    )


def test_four_secrets_have_placeholders_and_alarms_on_age_where_they_do_not_rotate() -> None:
    data = template("prod", "Data")
    named = _named(properties(data, "AWS::SecretsManager::Secret"), "Name")

    ages = [
        each
        for each in properties(data, "AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "SecretAge"
    ]

    names = {f"signal9/{name}/prod" for name in ("alphavantage", "alpaca", "auth0", "canary")}
    assert set(named) == {*names, "signal9/origin/prod"}
    assert all("set-me" in named[name]["SecretString"] for name in names)
    assert len(ages) == 3
    assert not any("Auth0" in str(each) for each in ages)
    assert all(each["AlarmActions"] for each in ages)


def test_auth0s_secret_is_rotated_by_a_function_that_may_write_only_this_one() -> None:
    service = template("prod", "Service")
    (schedule,) = properties(service, "AWS::SecretsManager::RotationSchedule")
    (grant,) = (
        each
        for each in statements(service, "Rotation")
        if "secretsmanager:PutSecretValue" in each["Action"]
    )
    (caller,) = (
        each
        for each in properties(service, "AWS::Lambda::Permission")
        if each["Principal"] == "secretsmanager.amazonaws.com"
    )

    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    assert schedule["RotateImmediatelyOnUpdate"] is False
    assert "Auth0Secret" in str(schedule["SecretId"])
    assert grant["Resource"] == schedule["SecretId"]
    assert caller["SourceAccount"] == ACCOUNT
    assert not resources(template("prod", "Data"), "AWS::SecretsManager::RotationSchedule")


def test_a_stage_may_leave_auth0s_secret_to_people() -> None:
    settings = settings_of("prod").model_copy(update={"rotation_days": 0})
    stage = build(settings)
    service, data = (Template.from_stack(each) for each in (stage.service, stage.data))

    service.resource_count_is("AWS::SecretsManager::RotationSchedule", 0)
    ages = [
        each
        for each in properties(data, "AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "SecretAge"
    ]
    assert len(ages) == 4


def test_old_data_alarms() -> None:
    (alarm,) = (
        each
        for each in properties(template("prod", "Service"), "AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "Problems"
    )

    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert dimensions == {"service": "signal9", "stage": "prod"}
    assert (alarm["Namespace"], alarm["Threshold"]) == ("Signal9", 1)
    assert alarm["EvaluationPeriods"] * alarm["Period"] == 3600
    assert alarm["AlarmActions"]


@pytest.fixture(scope="module")
def methods() -> list[Resource]:
    return properties(template("prod", "Service"), "AWS::ApiGateway::Method")


def test_every_path_is_validated(methods: list[Resource]) -> None:
    asked = [each for each in methods if each["HttpMethod"] != "OPTIONS"]

    assert len(asked) == sum(len(spec.endpoints) for spec in API)
    assert all(each["RequestValidatorId"] for each in asked)


def test_every_path_answers_browsers_of_the_app(methods: list[Resource]) -> None:
    preflights = [each for each in methods if each["HttpMethod"] == "OPTIONS"]

    assert preflights
    assert all("'https://app.signal9.com'" in str(each["Integration"]) for each in preflights)


def test_the_api_is_logged_throttled_and_named() -> None:
    service = template("prod", "Service")
    (stage,) = properties(service, "AWS::ApiGateway::Stage")

    (setting,) = stage["MethodSettings"]

    assert setting["ThrottlingRateLimit"] == 100
    assert setting["DataTraceEnabled"] is False
    assert stage["AccessLogSetting"]
    service.has_resource_properties("AWS::ApiGateway::RestApi", {"Name": "Signal9 API"})
    service.has_resource_properties(
        "AWS::Logs::LogGroup",
        {"LogGroupName": "/aws/apigateway/signal9-prod", "RetentionInDays": 30},
    )


def test_there_is_no_usage_plan_that_limits_nobody() -> None:
    for name in ("dev", "test", "prod"):
        assert everything(name, "AWS::ApiGateway::UsagePlan") == []


def _rules(part: str) -> dict[str, Resource]:
    (acl,) = properties(template("prod", part), "AWS::WAFv2::WebACL")
    return {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}


def test_only_the_distribution_may_call_the_api() -> None:
    edge = template("prod", "Edge")
    (distribution,) = properties(edge, "AWS::CloudFront::Distribution")
    (logging,) = properties(template("prod", "Service"), "AWS::WAFv2::LoggingConfiguration")

    (api,) = (
        origin
        for origin in distribution["DistributionConfig"]["Origins"]
        if "CustomOriginConfig" in origin
    )
    (header,) = api["OriginCustomHeaders"]
    match = _rules("Service")["origin"]["NotStatement"]["Statement"]["ByteMatchStatement"]

    assert header["HeaderName"].lower() == match["FieldToMatch"]["SingleHeader"]["Name"]
    assert header["HeaderValue"] == match["SearchString"]
    assert match["SearchString"].startswith("{{resolve:secretsmanager:signal9/origin/prod:")
    assert {"SingleHeader": {"Name": header["HeaderName"]}} in logging["RedactedFields"]
    assert next(iter(_rules("Service"))) == "origin"


def test_callers_are_counted_by_token_and_address_where_both_are_known() -> None:
    at_edge = _rules("Edge")

    assert not {"rate", "token-rate"} & set(_rules("Service"))
    assert at_edge["rate"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    by_token = at_edge["token-rate"]["RateBasedStatement"]
    assert by_token["CustomKeys"][0]["Header"]["Name"] == "authorization"
    assert by_token["Limit"] == 1000


def test_an_api_without_an_edge_counts_callers_itself_and_has_its_own_name() -> None:
    prod = settings_of("prod")
    parts = prod.parts.model_copy(update={"edge": False})
    service = Template.from_stack(build(prod.model_copy(update={"parts": parts})).service)
    (acl,) = properties(service, "AWS::WAFv2::WebACL")

    names = [rule["Name"] for rule in acl["Rules"]]

    assert {"rate", "token-rate"} <= set(names)
    assert "origin" not in names
    service.has_resource_properties(
        "AWS::ApiGateway::DomainName",
        {"DomainName": "api.signal9.com", "SecurityPolicy": "TLS_1_2"},
    )


def test_a_token_without_scopes_may_do_nothing_in_prod() -> None:
    functions = _named(
        properties(template("prod", "Service"), "AWS::Lambda::Function"), "FunctionName"
    )

    variables = functions["signal9-prod-Authorizer"]["Environment"]["Variables"]

    assert variables["SIGNAL9_REQUIRE_SCOPES"] == "true"


def test_every_function_has_the_layer_the_vpc_and_dead_letters() -> None:
    service = template("prod", "Service")
    named = _named(properties(service, "AWS::Lambda::Function"), "FunctionName")

    configured = properties(service, "AWS::Lambda::EventInvokeConfig")

    assert len(named) == len(FUNCTIONS) == len(configured)
    for each in named.values():
        assert len(each["Layers"]) == 1
        assert each["VpcConfig"]["SubnetIds"]
        assert each["DeadLetterConfig"]
        assert each["TracingConfig"] == {"Mode": "Active"}
    assert all(each["DestinationConfig"]["OnFailure"] for each in configured)


def test_failures_go_to_one_queue_but_not_its_own() -> None:
    service = template("prod", "Service")

    targets = Counter(
        str(each["DestinationConfig"]["OnFailure"])
        for each in properties(service, "AWS::Lambda::EventInvokeConfig")
    )

    assert sorted(targets.values()) == [1, len(FUNCTIONS) - 1]


def test_the_bus_has_an_archive_schemas_rules_and_a_schedule() -> None:
    service = template("prod", "Service")

    service.has_resource_properties("AWS::Events::EventBus", {"Name": "signal9-events-prod"})
    service.has_resource_properties("AWS::Events::Archive", {"RetentionDays": 30})
    service.resource_count_is("AWS::EventSchemas::Schema", 10)
    service.has_resource_properties(
        "AWS::Events::Rule", {"EventPattern": {"source": ["signal9.data"]}, "State": "ENABLED"}
    )
    service.has_resource_properties(
        "AWS::Scheduler::Schedule", {"ScheduleExpression": "cron(0 6 * * ? *)", "State": "ENABLED"}
    )


def test_every_alarm_notifies_somebody() -> None:
    alarms = everything("prod", "AWS::CloudWatch::Alarm")
    told = everything("prod", "AWS::SNS::Subscription")

    assert len(alarms) > 5 * len(FUNCTIONS)
    assert all(each["AlarmActions"] and each["OKActions"] for each in alarms)
    assert [each["Endpoint"] for each in told] == ["operations@example.com"]
    template("prod", "Data").has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(_ALARMS)])}},
    )


def test_the_alarm_on_client_errors_waits_for_two_periods_over_ten() -> None:
    template("prod", "Service").has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "4XXError",
            "Threshold": 10,
            "EvaluationPeriods": 2,
            "TreatMissingData": "notBreaching",
        },
    )


def test_logs_expire() -> None:
    groups = everything("prod", "AWS::Logs::LogGroup")

    assert {each["RetentionInDays"] for each in groups} == {30}


def test_firewalls_stand_before_the_api_and_the_distribution() -> None:
    scopes = [each["Scope"] for each in everything("prod", "AWS::WAFv2::WebACL")]
    limits = str(everything("prod", "AWS::WAFv2::WebACL"))

    assert sorted(scopes) == ["CLOUDFRONT", "REGIONAL"]
    assert limits.count("'Limit': 2000") == 1
    template("prod", "Service").resource_count_is("AWS::WAFv2::WebACLAssociation", 1)


def test_a_watchlist_of_the_most_companies_passes_the_firewall() -> None:
    longest = WatchlistPut(watchlist=["A" * 20] * MOST_WATCHED)

    assert len(longest.model_dump_json(indent=4)) < MAX_BODY_BYTES


def test_people_can_be_shut_out_or_let_in_without_a_deployment() -> None:
    names = {each["Name"] for each in everything("prod", "AWS::WAFv2::IPSet")}

    assert names == {
        f"signal9-prod-{place}-{name}-v{version}"
        for place in ("api", "edge")
        for name in ("allow", "deny")
        for version in (4, 6)
    }


def test_countries_are_a_setting() -> None:
    prod = settings_of("prod").model_copy(update={"denied_countries": ("XX",)})

    acl = str(properties(Template.from_stack(build(prod).service), "AWS::WAFv2::WebACL"))

    assert "{'GeoMatchStatement': {'CountryCodes': ['XX']}}" in acl


def test_the_distribution_reads_a_private_bucket_sends_headers_and_writes_logs() -> None:
    edge = template("prod", "Edge")
    (distribution,) = properties(edge, "AWS::CloudFront::Distribution")
    config = distribution["DistributionConfig"]

    edge.resource_count_is("AWS::CloudFront::OriginAccessControl", 1)
    names = ["app.signal9.com", "signal9.com", "www.signal9.com", "api.signal9.com"]
    assert config["Aliases"] == names
    edge.has_resource_properties(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": "app.signal9.com",
            "SubjectAlternativeNames": names[1:],
        },
    )
    assert config["Logging"]
    assert config["WebACLId"]
    assert config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    assert any(each["PathPattern"] == "/api/*" for each in config["CacheBehaviors"])


def test_the_zone_names_site_and_api_and_health_is_checked() -> None:
    names = {
        (each["Name"].rstrip("."), each["Type"])
        for each in everything("prod", "AWS::Route53::RecordSet")
    }
    (check,) = everything("prod", "AWS::Route53::HealthCheck")

    hosts = ("api.signal9.com", "app.signal9.com", "signal9.com", "www.signal9.com")
    assert names == {(host, type_) for host in hosts for type_ in ("A", "AAAA")}
    config = check["HealthCheckConfig"]
    assert (config["FullyQualifiedDomainName"], config["ResourcePath"], config["Type"]) == (
        "app.signal9.com",
        "/api/v1/health",
        "HTTPS",
    )


def test_stateful_resources_are_retained_unless_their_creation_fails() -> None:
    kept = ("AWS::S3::Bucket", "AWS::SecretsManager::Secret", "AWS::Route53::HostedZone")

    policies = {
        logical: each["DeletionPolicy"]
        for part in ("Data", "Edge")
        for type_ in kept
        for logical, each in resources(template("prod", part), type_).items()
    }

    assert set(policies.values()) == {"RetainExceptOnCreate"}
    assert settings_of("prod").retain


def test_mail_records_are_complete() -> None:
    mail = {
        "mail": {"mx.example.com": 10},
        "spf": "v=spf1 include:example.com -all",
        "dmarc": "v=DMARC1; p=reject",
    }
    edge = build(settings_of("prod").model_copy(update=mail)).edge
    assert edge is not None

    records = {
        (record["Name"], record["Type"]): record["ResourceRecords"]
        for record in properties(Template.from_stack(edge), "AWS::Route53::RecordSet")
        if record["Type"] in {"MX", "TXT"}
    }

    assert records == {
        ("signal9.com.", "MX"): ["10 mx.example.com"],
        ("signal9.com.", "TXT"): ['"v=spf1 include:example.com -all"'],
        ("_dmarc.signal9.com.", "TXT"): ['"v=DMARC1; p=reject"'],
    }


def test_prod_ingests_live_data_within_the_plan_of_its_provider() -> None:
    prod = settings_of("prod").model_copy(update={"provider_per_minute": 75})
    functions = properties(Template.from_stack(build(prod).service), "AWS::Lambda::Function")

    for function in _named(functions, "FunctionName").values():
        variables = function["Environment"]["Variables"]
        assert variables["SIGNAL9_PROVIDER"] == "alphavantage"
        assert variables["SIGNAL9_ALPHAVANTAGE_PER_MINUTE"] == "75"


def test_nothing_stays_behind_a_failed_first_deployment() -> None:
    policies = {
        resource.get("DeletionPolicy", "Delete")
        for part in PARTS
        for resource in template("prod", part).to_json()["Resources"].values()
    }

    assert policies == {"Delete", "RetainExceptOnCreate"}


def test_a_producer_cannot_be_replaced_while_another_stack_uses_it() -> None:
    texts = {part: str(template("prod", part).to_json()) for part in PARTS}

    assert not any("Fn::GetStackOutput" in text for text in texts.values())
    assert "Fn::ImportValue" in texts["Service"]
    assert "Fn::ImportValue" in texts["Edge"]


def test_recipients_are_told_when_the_stage_costs_more_than_its_budget() -> None:
    (budget,) = everything("prod", "AWS::Budgets::Budget")
    subscribers = [
        subscriber["Address"]
        for notification in budget["NotificationsWithSubscribers"]
        for subscriber in notification["Subscribers"]
    ]

    assert stack("prod", "Costs").region == "us-east-1"
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 300, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:Stage$prod"]}
    assert subscribers == ["operations@example.com"] * 2


def test_unusual_costs_are_a_setting() -> None:
    monitor = "arn:aws:ce::123456789012:anomalymonitor/1"
    unusual = {"anomaly_usd": 20, "anomaly_monitor": monitor}
    costs = build(settings_of("prod").model_copy(update=unusual)).costs
    assert costs is not None

    (subscription,) = properties(Template.from_stack(costs), "AWS::CE::AnomalySubscription")

    assert subscription["MonitorArnList"] == [monitor]
    assert not everything("prod", "AWS::CE::AnomalySubscription")


def test_the_name_servers_of_the_zone_are_an_output() -> None:
    assert "NameServers" in template("prod", "Data").to_json()["Outputs"]
