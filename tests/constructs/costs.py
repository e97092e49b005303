"""What a construct costs in a month in which nobody uses it, from its template.

Prices are those that stages are reckoned with, `deploy/prices.toml`, so that there is one list.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from signal9_deploy.commands.cost import estimate
from signal9_deploy.commands.prices import Prices, load_prices

__all__ = ["Item", "items_at_rest", "priced_on", "source_of"]

_PAGES: Final = {"EC2": "vpc", "SecretsManager": "secrets-manager", "WAFv2": "waf"}


class Item(NamedTuple):
    """What resources of one kind cost at rest: in how many units, and by which page of AWS."""

    what: str
    units: int
    usd: Decimal
    source: str


def items_at_rest(template: Mapping[str, Any]) -> list[Item]:
    """Return what is charged whether it is used or not, the dearest first."""
    return sorted(_items(template), key=lambda item: (-item.usd, item.what))


def priced_on() -> str:
    """Say of when and where the prices are."""
    prices = _prices()
    return f"{prices.date:%Y-%m}, {prices.region}, without free tiers"


def source_of(kind: str) -> str:
    """Return the page of AWS with the price of a kind of resource."""
    service = kind.split("::")[1]
    return f"aws.amazon.com/{_PAGES.get(service, service.lower())}/pricing"


@cache
def _prices() -> Prices:
    return load_prices()


def _items(template: Mapping[str, Any]) -> Iterator[Item]:
    for line in estimate([{"Resources": {}, **template}], _prices()).lines:
        if line.at_rest:
            price = _prices().at_rest[line.resource]
            units = int(line.at_rest / price.price)
            yield Item(price.unit, units, line.at_rest, source_of(line.resource))
