"""What holds for every stage: clean for the rule packs and for cfn-lint, named, and tagged."""

from typing import Final

import pytest

from signal9_deploy.stage import ACKNOWLEDGMENTS, Signal9Stage
from signal9_deploy.stage_files import stage_names
from tests.deploy.lab import build, everything, parts, settings_of, stack, stage, template

REAL: Final = ("dev", "test", "prod")


@pytest.mark.parametrize("name", REAL)
def test_rule_packs_find_nothing_that_is_not_acknowledged(name: str) -> None:
    assert [(each.id, each.path) for each in stage(name).verdict().open] == []


def test_every_acknowledgment_of_ours_is_needed_in_some_stage() -> None:
    used = {reason for name in REAL for _, reason in stage(name).verdict().acknowledged}

    assert set(ACKNOWLEDGMENTS) - used == set()


@pytest.mark.parametrize("name", stage_names())
def test_stacks_are_called_after_their_stage(name: str) -> None:
    assert {stack(name, part).stack_name for part in parts(name)} == {
        f"Signal9-{name}-{part}" for part in parts(name)
    }


def test_a_stage_without_a_domain_gets_no_names_and_no_certificates() -> None:
    for type_ in (
        "AWS::Route53::HostedZone",
        "AWS::Route53::RecordSet",
        "AWS::CertificateManager::Certificate",
        "AWS::ApiGateway::DomainName",
    ):
        assert everything("test", type_) == []


def test_dev_has_nothing_that_costs_by_the_hour() -> None:
    for type_ in ("AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::WAFv2::WebACL"):
        assert everything("dev", type_) == []


@pytest.fixture(scope="module")
def elsewhere() -> Signal9Stage:
    """Prod in another region, with a zone that exists."""
    prod = settings_of("prod")
    lists = {"dynamodb": "pl-11111111", "s3": "pl-22222222"}
    changes = {
        "region": "eu-central-1",
        "zone_id": "Z0123456789",
        "network": prod.network.model_copy(update={"prefix_lists": lists}),
    }
    return build(prod.model_copy(update=changes))


def test_a_zone_that_exists_is_used_instead_of_made(elsewhere: Signal9Stage) -> None:
    assert elsewhere.data.zone is not None
    assert elsewhere.data.zone.zone.hosted_zone_id == "Z0123456789"


def test_another_region_keeps_its_edge_where_cloudfront_looks(elsewhere: Signal9Stage) -> None:
    assert elsewhere.edge is not None
    assert (elsewhere.service.region, elsewhere.edge.region) == ("eu-central-1", "us-east-1")


def test_resources_carry_product_and_stage() -> None:
    (tagged,) = everything("prod", "AWS::ApiGateway::RestApi")

    assert {each["Key"]: each["Value"] for each in tagged["Tags"]} == {
        "Product": "signal9",
        "Stage": "prod",
    }


@pytest.mark.parametrize("name", REAL)
def test_templates_fit_into_cloudformation(name: str) -> None:
    sizes = {part: len(template(name, part).to_json()["Resources"]) for part in parts(name)}

    assert all(count <= 500 for count in sizes.values()), sizes
