import json
from decimal import Decimal
from typing import Any

import pytest

from signal9_deploy.commands.cost import (
    Estimate,
    Prices,
    as_json,
    as_table,
    estimate,
    load_prices,
    read_templates,
)
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


def test_every_price_is_of_something_that_some_stage_has(prices: Prices) -> None:
    types = {
        each["Type"]
        for part in parts("prod")
        for each in template("prod", part).to_json()["Resources"].values()
    }
    usages = (*prices.per_million, *prices.per_10k_tickers)

    assert {*prices.at_rest, *(usage.resource for usage in usages)} <= types


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

    document = json.loads(as_json(found, prices))
    table = as_table(found, prices)

    assert document["date"] == prices.date.isoformat()
    assert f"{found.total.at_rest:.2f}" == document["total"]["atRest"]
    assert document["total"]["atRest"] in table.splitlines()[-1]
    assert [line["resource"] for line in document["lines"]] == [
        line.split()[0] for line in table.splitlines()[3:-1]
    ]


def test_templates_are_read_from_where_they_were_synthesised(tmp_path: Any) -> None:
    (tmp_path / "A.template.json").write_text('{"Resources": {}}', encoding="utf-8")
    (tmp_path / "A.assets.json").write_text("{}", encoding="utf-8")

    assert read_templates(tmp_path) == [{"Resources": {}}]
