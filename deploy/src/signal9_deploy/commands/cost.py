"""Estimates what a stage costs, from its templates and a dated price list."""

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from .cdk_cli import DEPLOY

__all__ = [
    "AtRest",
    "Estimate",
    "Line",
    "Prices",
    "Usage",
    "as_json",
    "as_table",
    "estimate",
    "load_prices",
    "read_templates",
]

Template: TypeAlias = Mapping[str, Any]

_PRICES: Final = DEPLOY / "prices.toml"
_AMOUNTS: Final = ("at_rest", "at_rest_after_free", "per_million", "per_10k_tickers", "per_night")
_LEAST_MEMORY: Final = 128
_MIB_IN_GIB: Final = 1024
_OLD_DAYS: Final = 180
_STRICT: Final = ConfigDict(frozen=True, extra="forbid")
_API: Final = "AWS::ApiGateway::RestApi"
_FIREWALL_IN_RULES: Final = 5  # a firewall costs as much as five of its rules
_ZERO: Final = Decimal(0)


class AtRest(BaseModel):
    """The monthly price of a unit of a resource, the free units, and the requests that it sends."""

    model_config = _STRICT

    unit: str
    price: Decimal
    free: int = 0
    requests: Decimal = _ZERO


class Usage(BaseModel):
    """An amount that is used and its price, once or for `each` resource of the type.

    Amounts of a month are used in so many `nights`, or kept all month.
    """

    model_config = _STRICT

    resource: str
    unit: str
    amount: Decimal
    price: Decimal
    each: bool = False
    nights: int = 0


class Prices(BaseModel):
    """The prices on a date."""

    model_config = _STRICT

    date: date
    region: str
    sources: tuple[str, ...] = Field(min_length=1)
    free: frozenset[str]
    by_use: Mapping[str, str]
    at_rest: Mapping[str, AtRest]
    per_million: tuple[Usage, ...]
    per_10k_tickers: tuple[Usage, ...]

    @property
    def known(self) -> frozenset[str]:
        """The types of resources that the list says something about."""
        usages = (usage.resource for usage in (*self.per_million, *self.per_10k_tickers))
        return self.free.union(self.by_use, self.at_rest, usages)


def load_prices(file: Path = _PRICES) -> Prices:
    """Read the price list with exact decimals."""
    text = file.read_text("utf-8")
    return Prices.model_validate(tomllib.loads(text, parse_float=Decimal))


@dataclass(frozen=True, slots=True)
class Line:
    """The cost of all resources of one type, in dollars."""

    resource: str
    count: int
    at_rest: Decimal = _ZERO
    at_rest_after_free: Decimal = _ZERO
    per_million: Decimal = _ZERO
    per_10k_tickers: Decimal = _ZERO
    per_night: Decimal = _ZERO

    @property
    def amounts(self) -> dict[str, str]:
        """The dollars as text with two decimals, by their names in JSON."""
        amounts = {
            "atRest": self.at_rest,
            "atRestAfterFree": self.at_rest_after_free,
            "perMillionRequests": self.per_million,
            "per10kTickers": self.per_10k_tickers,
            "perNight": self.per_night,
        }
        return {name: f"{amount:.2f}" for name, amount in amounts.items()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The monthly cost of a stage."""

    lines: tuple[Line, ...]
    by_use: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def total(self) -> Line:
        """The sum of all lines."""
        sums = [sum((getattr(line, name) for line in self.lines), _ZERO) for name in _AMOUNTS]
        return Line("total", sum(line.count for line in self.lines), *sums)


def read_templates(folder: Path) -> list[Template]:
    """Read all templates of a synthesized stage."""
    return [json.loads(file.read_text("utf-8")) for file in folder.glob("*.template.json")]


def estimate(templates: Iterable[Template], prices: Prices) -> Estimate:
    """Estimate the cost of all resources of the templates."""
    counts: Counter[str] = Counter()
    units: defaultdict[str, Decimal] = defaultdict(Decimal)
    for template in templates:
        for resource in template["Resources"].values():
            type_ = resource["Type"]
            counts[type_] += 1
            units[type_] += _units(type_, resource.get("Properties", {}))
    return Estimate(
        tuple(_lines(counts, units, prices)),
        by_use={type_: use for type_, use in prices.by_use.items() if type_ in counts},
        unknown=tuple(sorted(counts.keys() - prices.known)),
    )


def _lines(
    counts: Mapping[str, int], units: Mapping[str, Decimal], prices: Prices
) -> Iterator[Line]:
    # A health check sends requests all month, which cost at rest if there is an API to check.
    checks = prices.at_rest if _API in counts else ()
    requests = sum((prices.at_rest[each].requests * units[each] for each in checks), _ZERO)
    for type_, count in sorted(counts.items()):
        price = prices.at_rest.get(type_, AtRest(unit="", price=_ZERO))
        per_million = _usage(type_, count, prices.per_million)
        line = Line(
            resource=type_,
            count=count,
            at_rest=price.price * units[type_] + per_million * requests,
            at_rest_after_free=price.price * max(_ZERO, units[type_] - price.free)
            + per_million * requests,
            per_million=per_million,
            per_10k_tickers=_usage(type_, count, prices.per_10k_tickers),
            per_night=_usage(type_, count, prices.per_10k_tickers, per_night=True),
        )
        if any(getattr(line, name) for name in _AMOUNTS):
            yield line


def _usage(type_: str, count: int, usages: Iterable[Usage], *, per_night: bool = False) -> Decimal:
    return sum(
        (
            usage.amount
            * usage.price
            * (count if usage.each else 1)
            / (usage.nights if per_night else 1)
            for usage in usages
            if usage.resource == type_ and (usage.nights or not per_night)
        ),
        _ZERO,
    )


def _units(type_: str, properties: Mapping[str, Any]) -> int | Decimal:
    """Return how many units of its price a resource costs."""
    if type_ == "AWS::Lambda::Function":
        memory = Decimal(properties.get("MemorySize", _LEAST_MEMORY)) / _MIB_IN_GIB
        return memory if "SnapStart" in properties else 0
    if type_ == "AWS::CloudWatch::Alarm":
        return max(1, sum("MetricStat" in metric for metric in properties.get("Metrics", ())))
    if type_ == "AWS::WAFv2::WebACL":
        return _FIREWALL_IN_RULES + len(properties["Rules"])
    if type_ == "AWS::EC2::VPCEndpoint":
        return len(properties.get("SubnetIds", ()))
    return 1


def as_json(estimate: Estimate, prices: Prices, *, region: str, today: date) -> str:
    """Render an estimate of a stage in `region` as JSON."""
    document = {
        "date": prices.date.isoformat(),
        "ageDays": (today - prices.date).days,
        "region": prices.region,
        "stageRegion": region,
        "sources": list(prices.sources),
        "lines": [_as_dict(line) for line in estimate.lines],
        "total": _as_dict(estimate.total),
        "byUse": dict(estimate.by_use),
        "unknown": list(estimate.unknown),
    }
    return json.dumps(document, indent=2)


def as_table(estimate: Estimate, prices: Prices, *, region: str, today: date) -> str:
    """Render an estimate of a stage in `region` as a text table, with what it does not say."""
    rows = [
        ("resource", "number", "at rest", "less free", "1M requests", "10k tickers", "a night"),
        *(
            (line.resource, str(line.count), *line.amounts.values())
            for line in (*estimate.lines, estimate.total)
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if position else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    age = (today - prices.date).days
    heading = (
        f"US dollars per month in {prices.region}, prices of {prices.date} ({age} days old): at "
        "rest, the same less the permanent free tier, and usage; a night refreshes 10k tickers once"
    )
    return "\n".join([heading, "", *lines, *_remarks(estimate, prices, region, age)])


def _remarks(estimate: Estimate, prices: Prices, region: str, age: int) -> Iterator[str]:
    if estimate.by_use or estimate.unknown:
        yield ""
    for type_, use in estimate.by_use.items():
        yield f"not counted: {type_}: {use}"
    for type_ in estimate.unknown:
        yield f"no price known: {type_}"
    if region != prices.region:
        yield f"most of this stage is in {region}, where prices differ from {prices.region}"
    if age > _OLD_DAYS:
        yield f"the prices are {age} days old: compare them with their sources in prices.toml"


def _as_dict(line: Line) -> dict[str, object]:
    return {"resource": line.resource, "count": line.count, **line.amounts}
