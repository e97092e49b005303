import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from aws_cdk.assertions import Template

from signal9_deploy.commands.cost import (
    Estimate,
    Prices,
    as_json,
    as_table,
    estimate,
    load_prices,
    read_templates,
)
from tests.constructs.alone import ALONE
from tests.constructs.lab import synthesise_each
from tests.deploy.lab import parts, template


@pytest.fixture(scope="module")
def prices() -> Prices:
    return load_prices()


def _of(name: str, prices: Prices) -> Estimate:
    return estimate([template(name, part).to_json() for part in parts(name)], prices)


def test_dev_at_rest_costs_at_most_five_dollars_a_month(prices: Prices) -> None:
    """By the list, so that nothing else in the account can make it more."""
    assert _of("dev", prices).total.at_rest <= 5


def test_prod_costs_more_than_dev_at_rest_and_the_same_per_ticker_but_for_nat(
    prices: Prices,
) -> None:
    dev, prod = _of("dev", prices).total, _of("prod", prices).total

    assert prod.at_rest > 20 * dev.at_rest
    assert Decimal(0) < prod.per_10k_tickers - dev.per_10k_tickers < 1


def _types(*stages: str) -> set[str]:
    return {
        each["Type"]
        for name in stages
        for part in parts(name)
        for each in template(name, part).to_json()["Resources"].values()
    }


def test_every_price_is_of_something_that_some_stage_or_construct_has(prices: Prices) -> None:
    made = synthesise_each(ALONE)
    constructs = {
        each["Type"]
        for stack in made.values()
        for each in Template.from_stack(stack).to_json().get("Resources", {}).values()
    }
    usages = (*prices.per_million, *prices.per_10k_tickers)

    priced = {*prices.at_rest, *(usage.resource for usage in usages), *prices.by_use}
    on_request = {"AWS::CloudWatch::CompositeAlarm"}  # an incident of `Observability`
    assert priced <= _types("prod") | constructs | on_request


def test_something_is_known_of_the_price_of_every_resource_of_every_stage(prices: Prices) -> None:
    assert _types("local", "dev", "test", "prod") - prices.known == set()
    assert _of("prod", prices).unknown == ()


def test_what_is_not_known_is_said(prices: Prices) -> None:
    found = estimate([_template(("AWS::New::Thing", {}), ("AWS::SNS::Topic", {}))], prices)

    table = as_table(found, prices, region="eu-central-1", today=prices.date + timedelta(days=200))

    assert found.unknown == ("AWS::New::Thing",)
    assert "no price known: AWS::New::Thing" in table
    assert "not counted: AWS::SNS::Topic: 0.50 a million messages" in table
    assert "most of this stage is in eu-central-1, where prices differ from us-east-1" in table
    assert "the prices are 200 days old: compare them with their sources" in table


def test_requests_of_the_health_check_cost_at_rest_what_requests_cost(prices: Prices) -> None:
    api: tuple[str, dict[str, Any]] = ("AWS::ApiGateway::RestApi", {})
    alone = estimate([_template(api)], prices).total
    checked = estimate([_template(api, ("AWS::Route53::HealthCheck", {}))], prices).total

    assert alone.at_rest == 0
    assert checked.at_rest == Decimal("1.5") + alone.per_million * 14 / 10


def test_a_night_costs_what_is_used_in_it_but_not_what_is_kept(prices: Prices) -> None:
    found = estimate([_template(("AWS::EC2::NatGateway", {}), ("AWS::S3::Bucket", {}))], prices)

    by_type = {line.resource: line for line in found.lines}

    gateway, bucket = by_type["AWS::EC2::NatGateway"], by_type["AWS::S3::Bucket"]
    assert gateway.per_night * 21 == gateway.per_10k_tickers
    assert 0 < bucket.per_night * 21 < bucket.per_10k_tickers


def test_the_price_file_is_dated_and_names_its_sources(prices: Prices) -> None:
    assert prices.date.year >= 2026
    assert all(source.startswith("https://aws.amazon.com/") for source in prices.sources)


def _template(*resources: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            f"R{number}": {"Type": type_, "Properties": properties}
            for number, (type_, properties) in enumerate(resources)
        }
    }


def test_what_is_never_charged_is_taken_off_once_over_all_stacks(prices: Prices) -> None:
    stacks = [_template(*(("AWS::CloudWatch::Alarm", {}) for _ in range(6))) for _ in range(2)]

    (line,) = estimate(stacks, prices).lines

    assert (line.count, line.at_rest, line.at_rest_after_free) == (
        12,
        Decimal("1.20"),
        Decimal("0.20"),
    )


@pytest.mark.parametrize(
    ("type_", "properties", "dollars"),
    [
        ("AWS::WAFv2::WebACL", {"Rules": [{}, {}, {}]}, "8.00"),
        ("AWS::EC2::VPCEndpoint", {"SubnetIds": ["a", "b"]}, "14.60"),
        ("AWS::Lambda::Function", {"MemorySize": 512, "SnapStart": {}}, "1.975"),
        ("AWS::Lambda::Function", {"MemorySize": 512}, "0"),
        ("AWS::CloudWatch::Alarm", {"Metrics": [{"MetricStat": {}}] * 3 + [{}]}, "0.30"),
    ],
)
def test_some_resources_are_several_units_of_their_price(
    prices: Prices, type_: str, properties: dict[str, Any], dollars: str
) -> None:
    (line,) = estimate([_template((type_, properties))], prices).lines

    assert line.at_rest == Decimal(dollars)


def test_a_gateway_endpoint_costs_nothing(prices: Prices) -> None:
    assert estimate([_template(("AWS::EC2::VPCEndpoint", {}))], prices).lines == ()


def test_programs_and_people_are_told_the_same(prices: Prices) -> None:
    found = _of("dev", prices)

    today = prices.date + timedelta(days=5)
    document = json.loads(as_json(found, prices, region="us-east-1", today=today))
    table = as_table(found, prices, region="us-east-1", today=today)
    rows = table.split("\n\n")[1].splitlines()

    assert document["date"] == prices.date.isoformat()
    assert f"{found.total.at_rest:.2f}" == document["total"]["atRest"]
    assert document["total"]["perNight"] == rows[-1].split()[-1]
    assert document["total"]["atRest"] in rows[-1]
    assert [line["resource"] for line in document["lines"]] == [
        row.split()[0] for row in rows[1:-1]
    ]
    assert document["ageDays"] == 5
    assert f"prices of {prices.date} (5 days old)" in table


def test_templates_are_read_from_where_they_were_synthesised(tmp_path: Any) -> None:
    (tmp_path / "A.template.json").write_text('{"Resources": {}}', encoding="utf-8")
    (tmp_path / "A.assets.json").write_text("{}", encoding="utf-8")

    assert read_templates(tmp_path) == [{"Resources": {}}]
