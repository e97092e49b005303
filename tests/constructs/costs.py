"""What a construct costs in a month in which nobody uses it, from its template and a price list."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

__all__ = ["PRICED_ON", "PRICES", "Price", "items_at_rest"]

PRICED_ON: Final = "2026-11, us-east-1, without free tiers"
_HOURS: Final = 730


@dataclass(frozen=True)
class Price:
    """What one piece costs a month, and the page of AWS that says so."""

    what: str
    usd: Decimal
    source: str


_ALARM: Final = Price("metric under alarm", Decimal("0.10"), "aws.amazon.com/cloudwatch/pricing")
_RULE: Final = Price("firewall rule or group", Decimal(1), "aws.amazon.com/waf/pricing")
_ENDPOINT: Final = Price(
    "interface endpoint in a zone",
    Decimal("0.010") * _HOURS,
    "aws.amazon.com/privatelink/pricing",
)
_CHECK: Final = Price(
    "health check over HTTPS", Decimal("0.75") + 2, "aws.amazon.com/route53/pricing"
)
PRICES: Final[Mapping[str, Price]] = {
    "AWS::CloudWatch::Alarm": _ALARM,
    "AWS::CloudWatch::Dashboard": Price(
        "dashboard", Decimal(3), "aws.amazon.com/cloudwatch/pricing"
    ),
    "AWS::EC2::EIP": Price(
        "public IPv4 address", Decimal("0.005") * _HOURS, "aws.amazon.com/vpc/pricing"
    ),
    "AWS::EC2::NatGateway": Price(
        "NAT gateway", Decimal("0.045") * _HOURS, "aws.amazon.com/vpc/pricing"
    ),
    "AWS::EC2::VPCEndpoint": _ENDPOINT,
    "AWS::KMS::Key": Price("key", Decimal(1), "aws.amazon.com/kms/pricing"),
    "AWS::Route53::HealthCheck": _CHECK,
    "AWS::Route53::HostedZone": Price("zone", Decimal("0.50"), "aws.amazon.com/route53/pricing"),
    "AWS::SecretsManager::Secret": Price(
        "secret", Decimal("0.40"), "aws.amazon.com/secrets-manager/pricing"
    ),
    "AWS::WAFv2::WebACL": Price("firewall", Decimal(5), "aws.amazon.com/waf/pricing"),
}
"""What is charged whether it is used or not; all else costs by use or by the gigabyte."""

Template = Mapping[str, Mapping[str, Mapping[str, object]]]


def items_at_rest(template: Template) -> list[tuple[Price, int]]:
    """Return what a template's resources cost at rest, and how many there are of each."""
    counted: dict[Price, int] = {}
    for resource in template.get("Resources", {}).values():
        kind = str(resource["Type"])
        properties = cast("Mapping[str, object]", resource.get("Properties", {}))
        if kind in PRICES:
            counted[PRICES[kind]] = counted.get(PRICES[kind], 0) + _pieces(kind, properties)
        if kind == "AWS::WAFv2::WebACL":
            counted[_RULE] = counted.get(_RULE, 0) + _length(properties, "Rules")
    return sorted(
        ((price, count) for price, count in counted.items() if count),
        key=lambda item: (-item[0].usd * item[1], item[0].what),
    )


def _pieces(kind: str, properties: Mapping[str, object]) -> int:
    if kind == "AWS::EC2::VPCEndpoint":
        # One through a gateway costs nothing, and has no subnets.
        return _length(properties, "SubnetIds")
    if kind == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
        metrics = cast("list[Mapping[str, object]]", properties["Metrics"])
        return sum("MetricStat" in metric for metric in metrics)
    return 1


def _length(properties: Mapping[str, object], name: str) -> int:
    return len(cast("list[object]", properties.get(name, [])))
