from typing import Final

import pytest
from aws_cdk.assertions import Template

from signal9_core.credentials import KEYS, SecretsManagerCredentials
from signal9_core.domain.queues import DEAD_LETTERS, work_queue
from signal9_core.events import EVENTS, AssetDataUpdated, NewsIngested, PricesUpdated
from signal9_core.settings import Settings
from signal9_core.tables import TABLES, USERS
from signal9_deploy.functions import API, AUTHORIZER, FUNCTIONS, JOBS, Endpoint, FunctionSpec, Use
from signal9_deploy.names import SECRETS, queue_name, secret_name
from signal9_deploy.settings import StageSettings
from signal9_handlers import jobs
from signal9_handlers.routes import OPERATIONS
from tests.deploy.lab import (
    ISSUER,
    build,
    everything,
    listed,
    properties,
    settings_of,
    statements,
    template,
)

READ: Final = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
WRITE: Final = {"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem"}


def _handlers() -> set[str]:
    """Return every handler there is, by the string that Lambda knows it by."""
    handlers = {f"signal9_handlers.jobs.{name}" for name in jobs.__all__}
    handlers |= {
        f"signal9_handlers.{name}.handler"
        for name in ("auth.authorizer", "canary", "failures", "rotation")
    }
    return handlers | {operation.resource.handler_path for operation in OPERATIONS}


def test_every_handler_is_deployed_once_and_every_string_is_one() -> None:
    deployed = [spec.handler for spec in FUNCTIONS]

    assert sorted(deployed) == sorted(_handlers())


def test_routes_are_those_of_the_handlers() -> None:
    deployed = {(each.method, each.path, spec.handler) for spec in API for each in spec.endpoints}
    answered = {
        (method, operation.path, operation.resource.handler_path)
        for operation in OPERATIONS
        for method in operation.methods
    }

    assert deployed == answered


def test_bodies_are_checked_by_the_gateway_against_the_models_of_the_handlers() -> None:
    checked = {
        f"{each.method} {each.path}": each.body.model_json_schema()
        for spec in API
        for each in spec.endpoints
        if each.body
    }
    expected = {
        f"{operation.method} {operation.path}": operation.body.model_json_schema()
        for operation in OPERATIONS
        if operation.body
    }
    models = [
        each["Schema"] for each in properties(template("prod", "Service"), "AWS::ApiGateway::Model")
    ]

    assert checked == expected
    assert sorted(each["title"] for each in models) == sorted(
        each["title"] for each in checked.values()
    )


def test_only_the_health_check_is_open_to_everybody() -> None:
    opened = {each.path for spec in API for each in spec.endpoints if each.open}

    assert opened == {"/api/v1/health"}


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_every_function_is_in_every_stage_and_called_by_its_own_handler(name: str) -> None:
    found = {
        each["FunctionName"]: each["Handler"]
        for each in properties(template(name, "Service"), "AWS::Lambda::Function")
        if "FunctionName" in each
    }

    assert found == {f"signal9-{name}-{spec.name}": spec.handler for spec in FUNCTIONS}


@pytest.mark.parametrize("name", ["local", "prod"])
def test_api_functions_know_the_origins_of_the_gateway(name: str) -> None:
    told = {
        each["FunctionName"]: each["Environment"]["Variables"].get("SIGNAL9_CORS_ORIGINS")
        for each in properties(template(name, "Service"), "AWS::Lambda::Function")
        if "FunctionName" in each
    }

    origins = ",".join(settings_of(name).origins)
    assert origins
    assert told == {
        f"signal9-{name}-{spec.name}": origins if spec.endpoints else None for spec in FUNCTIONS
    }


def test_the_gateways_own_errors_can_be_read_by_the_app() -> None:
    refusals = properties(template("prod", "Service"), "AWS::ApiGateway::GatewayResponse")
    opened = {
        each["ResponseType"]: each["ResponseParameters"].get(
            "gatewayresponse.header.Access-Control-Allow-Origin"
        )
        for each in refusals
    }

    assert {"ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "UNAUTHORIZED"} <= set(
        opened
    )
    assert set(opened.values()) == {"'https://app.signal9.com'"}


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_function_reads_and_writes_the_tables_that_it_uses_and_no_others(
    spec: FunctionSpec,
) -> None:
    allowed: dict[str, set[str]] = {}
    for each in statements(template("prod", "Service"), spec.name):
        actions = {action for action in listed(each["Action"]) if action.startswith("dynamodb:")}
        for arn in listed(each["Resource"]):
            for table in TABLES:
                if actions and table.name in str(arn):
                    place = "index" if "/index/" in str(arn) else "table"
                    allowed.setdefault(f"{table.name} {place}", set()).update(actions)

    wanted = {
        f"{use.table.name} table": READ | (WRITE if use.writes else set()) for use in spec.uses
    } | {f"{use.table.name} index": {"dynamodb:Query"} for use in spec.uses if use.indexes}
    assert allowed == wanted


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_function_publishes_notifies_and_reads_secrets_only_where_it_says_so(
    spec: FunctionSpec,
) -> None:
    actions = {
        action
        for each in statements(template("prod", "Service"), spec.name)
        for action in listed(each["Action"])
    }

    assert ("events:PutEvents" in actions) == spec.publishes
    assert ("sns:Publish" in actions) == spec.notifies
    assert ("secretsmanager:GetSecretValue" in actions) == bool(spec.secrets or spec.rotates)
    assert ("secretsmanager:PutSecretValue" in actions) == bool(spec.rotates)
    kept = {"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"}
    assert {each for each in actions if each.startswith("s3:")} == (
        kept if spec.writes_cache else set()
    )
    assert not any(action.endswith("*") for action in actions)


def test_only_functions_that_call_providers_reach_the_internet() -> None:
    groups = {
        each["FunctionName"]: str(each["VpcConfig"]["SecurityGroupIds"])
        for each in properties(template("prod", "Service"), "AWS::Lambda::Function")
        if "FunctionName" in each
    }

    outside = {name for name, group in groups.items() if "Outgoing" in group}

    assert outside == {f"signal9-prod-{spec.name}" for spec in FUNCTIONS if spec.internet}
    assert all("Closed" in group for name, group in groups.items() if name not in outside)


def test_closed_functions_cannot_reach_the_internet() -> None:
    groups = properties(template("prod", "Network"), "AWS::EC2::SecurityGroup")
    (closed,) = (each for each in groups if "alone" in each["GroupDescription"])
    rules = str([closed, *everything("prod", "AWS::EC2::SecurityGroupEgress")])

    (outgoing,) = (each for each in groups if "call providers" in each["GroupDescription"])

    assert "0.0.0.0/0" not in str(closed["SecurityGroupEgress"])
    assert "0.0.0.0/0" in str(outgoing["SecurityGroupEgress"])
    assert "pl-02cd2c6b" in rules


NEW: Final = FunctionSpec(
    name="Quotes",
    handler="signal9_handlers.api.quotes.handler",
    uses=(Use(USERS, writes=True),),
    endpoints=(Endpoint("PUT", "/api/v1/quotes/{ticker}"),),
    secrets=("alpaca",),
    environment={"SIGNAL9_QUOTES": "15"},
)


@pytest.fixture(scope="module")
def grown() -> Template:
    """The service of a stage with one more function."""
    found = build(settings_of("dev"), specs=(*FUNCTIONS, NEW))
    return Template.from_stack(found.service)


def test_a_new_function_is_one_entry_of_the_table(grown: Template) -> None:
    function = _variables(grown)["signal9-dev-Quotes"]

    allowed = str(statements(grown, "Quotes"))

    assert function["SIGNAL9_QUOTES"] == "15"
    assert "dynamodb:PutItem" in allowed
    assert "secretsmanager:GetSecretValue" in allowed


def test_insights_follow_every_event_about_prices_reports_and_news() -> None:
    (enhancement,) = (spec for spec in JOBS if spec.name == "Enhancement")
    about_reports = {kind for kind in EVENTS if "reports" in kind.model_fields}

    assert set(enhancement.events) == about_reports | {
        AssetDataUpdated,
        NewsIngested,
        PricesUpdated,
    }


def test_a_model_may_be_called_only_where_a_stage_has_one_and_by_what_scores() -> None:
    model = "amazon.nova-micro-v1:0"
    grown = build(settings_of("prod").model_copy(update={"sentiment_model": model}))
    assert grown.network is not None
    service, network = Template.from_stack(grown.service), Template.from_stack(grown.network)
    allowed = {
        spec.name: [
            statement
            for statement in statements(service, spec.name)
            if "bedrock" in str(statement["Action"])
        ]
        for spec in FUNCTIONS
    }

    (statement,) = allowed.pop("Enhancement")
    parts = statement["Resource"]["Fn::Join"][1]
    assert (statement["Action"], statement["Effect"]) == ("bedrock:InvokeModel", "Allow")
    assert parts[-1].endswith(f"::foundation-model/{model}")
    assert not any(allowed.values())
    assert _variables(service)["signal9-prod-Enhancement"]["SIGNAL9_SENTIMENT_MODEL"] == model
    assert "bedrock-runtime" in str(properties(network, "AWS::EC2::VPCEndpoint"))
    for part in ("Service", "Network"):
        assert "bedrock" not in str(template("prod", part).to_json())


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_every_path_but_health_asks_the_authorizer(name: str) -> None:
    service = template(name, "Service")
    asked = [
        each
        for each in properties(service, "AWS::ApiGateway::Method")
        if each["HttpMethod"] != "OPTIONS"
    ]
    (authorizer,) = properties(service, "AWS::ApiGateway::Authorizer")

    open_ones = [each["HttpMethod"] for each in asked if each["AuthorizationType"] == "NONE"]

    assert sorted(open_ones) == ["GET", "HEAD"]
    assert {each["AuthorizationType"] for each in asked} == {"CUSTOM", "NONE"}
    assert authorizer["Type"] == "TOKEN"
    assert "FunctionsAuthorizer" in str(authorizer["AuthorizerUri"])


def test_browsers_may_send_what_changes_a_record_safely() -> None:
    preflights = [
        each["Integration"]
        for each in properties(template("prod", "Service"), "AWS::ApiGateway::Method")
        if each["HttpMethod"] == "OPTIONS"
    ]

    assert all("If-Match," in str(each) and "PATCH" in str(each) for each in preflights)
    assert all("ETag,Retry-After,X-Next-Cursor,X-Request-Id" in str(each) for each in preflights)


def _variables(service: Template) -> dict[str, dict[str, object]]:
    return {
        each["FunctionName"]: each["Environment"]["Variables"]
        for each in properties(service, "AWS::Lambda::Function")
        if "FunctionName" in each
    }


def test_the_authorizer_alone_knows_issuer_and_audience() -> None:
    found = _variables(template("prod", "Service"))

    knowing = {name for name, given in found.items() if "SIGNAL9_ISSUER" in given}

    assert knowing == {f"signal9-prod-{AUTHORIZER.name}"}
    given = found[f"signal9-prod-{AUTHORIZER.name}"]
    assert given["SIGNAL9_ISSUER"] == ISSUER
    assert given["SIGNAL9_AUDIENCE"] == "https://api.signal9.com"


def test_without_an_issuer_the_authorizer_has_none() -> None:
    given = _variables(template("local", "Service"))["signal9-local-Authorizer"]

    assert "SIGNAL9_ISSUER" not in given


def test_functions_that_call_providers_archive_responses() -> None:
    found = _variables(template("prod", "Service"))

    keeping = {name for name, given in found.items() if "SIGNAL9_CACHE_BUCKET" in given}

    assert keeping == {f"signal9-prod-{spec.name}" for spec in FUNCTIONS if spec.writes_cache}
    assert "Cache" in str(found["signal9-prod-Work"]["SIGNAL9_CACHE_BUCKET"])


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_every_variable_is_a_setting_and_none_is_a_key(name: str) -> None:
    known = {f"SIGNAL9_{each.upper()}" for each in Settings.model_fields}
    keys = {"SIGNAL9_ALPHAVANTAGE_KEY", "SIGNAL9_ALPACA_KEY", "SIGNAL9_ALPACA_SECRET"}

    given = {
        each
        for variables in _variables(template(name, "Service")).values()
        for each in variables
        if each.startswith("SIGNAL9_")
    }

    assert given <= known - keys


def test_the_secrets_are_those_that_core_reads() -> None:
    made = {(secret_name(spec.name, "prod"), each) for spec in SECRETS for each in spec.fields}
    client = Listening()

    for key in (key for keys in KEYS.values() for key in keys):
        SecretsManagerCredentials(client, "prod").get(key)

    own = {secret_name(name, "prod") for name in ("auth0", "canary")}
    assert client.asked == {name for name, _ in made} - own


class Listening:
    """Secrets Manager, as far as it is asked for secrets by name."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803  # boto3's name
        self.asked.add(SecretId)
        return {"SecretString": "{}"}


def test_schedules_events_and_failures_reach_their_functions() -> None:
    service = template("dev", "Service")

    rules = properties(service, "AWS::Events::Rule")
    heard = {detail_type for rule in rules for detail_type in rule["EventPattern"]["detail-type"]}

    assert heard == {event.detail_type for spec in JOBS for event in spec.events} | {
        "Ingestion Failed"
    }
    assert all(each["RetryPolicy"] for rule in rules for each in rule["Targets"])
    mappings = properties(service, "AWS::Lambda::EventSourceMapping")
    assert [each["FunctionResponseTypes"] for each in mappings] == 6 * [["ReportBatchItemFailures"]]


def test_work_is_planned_often_and_at_six_in_any_case() -> None:
    schedules = [
        each["ScheduleExpression"]
        for each in properties(template("dev", "Service"), "AWS::Scheduler::Schedule")
        if "FunctionsPlan" in str(each["Target"]["Arn"])
    ]

    assert sorted(schedules) == ["cron(0 6 * * ? *)", "rate(15 minutes)"]


QUEUES: Final = {"Work": "work-sample", **{spec.name: spec.queue for spec in JOBS if spec.queue}}


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_work_and_events_wait_in_queues_whose_dead_letters_are_found_by_name(name: str) -> None:
    queues = {
        each["QueueName"]: each
        for each in properties(template(name, "Service"), "AWS::SQS::Queue")
        if "QueueName" in each
    }

    names = QUEUES | {"Work": work_queue(settings_of(name).provider)}
    waiting = {queue_name(settings_of(name), str(each)) for each in names.values()}
    waiting.add(queue_name(settings_of(name), "failures"))
    assert set(queues) == waiting | {f"{each}{DEAD_LETTERS}" for each in waiting}
    attempts = {each: queues[each]["RedrivePolicy"]["maxReceiveCount"] for each in waiting}
    work = queue_name(settings_of(name), names["Work"])
    assert attempts == dict.fromkeys(waiting, 3) | {work: 6}
    assert queues[work]["VisibilityTimeout"] == 300  # a killed worker delays its item no longer
    assert all(queues[each]["MaximumMessageSize"] < 256 * 1024 for each in waiting)


@pytest.mark.parametrize("spec", JOBS, ids=lambda spec: spec.name)
def test_a_function_sends_to_its_own_queue_and_dead_letters_and_a_planner_to_the_workers(
    spec: FunctionSpec,
) -> None:
    allowed = {
        action: str(each["Resource"])
        for each in statements(template("prod", "Service"), spec.name)
        for action in listed(each["Action"])
        if "DeadLetters" not in str(each["Resource"])
    }

    own = f"{'Work' if spec.plans else spec.name}Queue"
    assert (own in allowed.get("sqs:SendMessage", "")) == (spec.name in QUEUES or spec.plans)
    assert ("sqs:ReceiveMessage" in allowed) == (spec.name in QUEUES or spec.handles_failures)


def test_the_concurrency_of_workers_is_bounded() -> None:
    mappings = properties(template("prod", "Service"), "AWS::Lambda::EventSourceMapping")

    bounds = {
        str(each["FunctionName"]): each["ScalingConfig"]["MaximumConcurrency"]
        for each in mappings
        if "ScalingConfig" in each
    }

    assert len(bounds) == 4
    assert next(bound for name, bound in bounds.items() if "Work" in name) == 2


SENDER: Final = "notifications@signal9.com"


@pytest.fixture(scope="module")
def mailing() -> Template:
    """The service of a stage that mails."""
    settings = settings_of("prod").model_copy(update={"mail_sender": SENDER})
    return Template.from_stack(build(settings).service)


def test_only_the_delivery_mails_and_from_one_address_only(mailing: Template) -> None:
    allowed = {
        spec.name: [
            each
            for each in statements(mailing, spec.name)
            if any(action.startswith("ses:") for action in listed(each["Action"]))
        ]
        for spec in FUNCTIONS
    }

    (statement,) = allowed.pop("Delivery")
    assert statement["Action"] == "ses:SendEmail"
    assert str(statement["Resource"]).endswith(":identity/signal9.com']]}")
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": SENDER}}
    assert not any(allowed.values())


def test_the_delivery_knows_its_sender_and_reaches_ses(mailing: Template) -> None:
    (function,) = (
        each
        for each in properties(mailing, "AWS::Lambda::Function")
        if each.get("FunctionName") == "signal9-prod-Delivery"
    )

    variables = function["Environment"]["Variables"]
    assert variables["SIGNAL9_MAIL_SENDER"] == SENDER
    assert variables["SIGNAL9_APP_URL"] == "https://app.signal9.com"
    assert "Outgoing" in str(function["VpcConfig"]["SecurityGroupIds"])


def test_without_a_sender_nobody_may_mail() -> None:
    assert "ses:" not in str(template("prod", "Service").to_json())


def test_the_delivery_runs_every_five_minutes() -> None:
    template("prod", "Service").has_resource_properties(
        "AWS::Scheduler::Schedule", {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED"}
    )


def test_mail_needs_a_way_out_of_the_vpc() -> None:
    values = settings_of("prod").model_dump() | {"mail_sender": SENDER}
    values["network"] = values["network"] | {"nat_gateways": 0}

    with pytest.raises(ValueError, match="mail_sender: requires a NAT gateway, or no VPC"):
        StageSettings.model_validate(values)
