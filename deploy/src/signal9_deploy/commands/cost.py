"""What a stage costs, from the very templates that would be deployed."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from .prices import Prices, Usage

__all__ = ["Estimate", "Line", "as_json", "as_table", "estimate", "read_templates"]

Template: TypeAlias = Mapping[str, Any]

_RULES_A_FIREWALL_COSTS: Final = 5
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """What the resources of one type cost, in dollars."""

    resource: str
    count: int
    at_rest: Decimal = _NONE
    at_rest_after_free: Decimal = _NONE
    per_million: Decimal = _NONE
    per_10k_tickers: Decimal = _NONE


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stage costs a month, line by line; `after_free` is without what AWS never charges."""

    lines: tuple[Line, ...]

    @property
    def total(self) -> Line:
        """The sum of all lines."""
        sums = [
            sum((getattr(line, name) for line in self.lines), _NONE)
            for name in ("at_rest", "at_rest_after_free", "per_million", "per_10k_tickers")
        ]
        return Line("total", sum(line.count for line in self.lines), *sums)


def read_templates(folder: Path) -> list[Template]:
    """Read every template of a synthesised stage."""
    return [json.loads(file.read_text("utf-8")) for file in folder.glob("*.template.json")]


def estimate(templates: Iterable[Template], prices: Prices) -> Estimate:
    """Reckon what all resources of the templates cost together."""
    resources = [each for found in templates for each in found["Resources"].values()]
    counts = Counter(each["Type"] for each in resources)
    units: Counter[str] = Counter()
    for each in resources:
        units[each["Type"]] += _units(each["Type"], each.get("Properties", {}))
    return Estimate(tuple(_lines(counts, units, prices)))


def _lines(counts: Mapping[str, int], units: Mapping[str, int], prices: Prices) -> Iterator[Line]:
    for type_, count in sorted(counts.items()):
        resting = prices.at_rest.get(type_)
        line = Line(
            resource=type_,
            count=count,
            at_rest=resting.price * units[type_] if resting else _NONE,
            at_rest_after_free=(
                resting.price * max(0, units[type_] - resting.free) if resting else _NONE
            ),
            per_million=_used(type_, count, prices.per_million),
            per_10k_tickers=_used(type_, count, prices.per_10k_tickers),
        )
        if line.at_rest or line.per_million or line.per_10k_tickers:
            yield line


def _used(type_: str, count: int, usages: Iterable[Usage]) -> Decimal:
    return sum(
        (
            each.amount * each.price * (count if each.each else 1)
            for each in usages
            if each.resource == type_
        ),
        _NONE,
    )


def _units(type_: str, properties: Mapping[str, Any]) -> int:
    """Return how many units of its price a resource is."""
    if type_ == "AWS::CloudWatch::Alarm":
        return max(1, sum("MetricStat" in each for each in properties.get("Metrics", ())))
    if type_ == "AWS::WAFv2::WebACL":
        return _RULES_A_FIREWALL_COSTS + len(properties["Rules"])
    if type_ == "AWS::EC2::VPCEndpoint":
        return len(properties.get("SubnetIds", ()))
    return 1


def as_json(found: Estimate, prices: Prices) -> str:
    """Write the estimate for programs; dollars are texts with two decimals."""
    document = {
        "date": prices.date.isoformat(),
        "region": prices.region,
        "sources": list(prices.sources),
        "lines": [_written(line) for line in found.lines],
        "total": _written(found.total),
    }
    return json.dumps(document, indent=2)


def as_table(found: Estimate, prices: Prices) -> str:
    """Write the estimate for people."""
    rows = [_row(line) for line in (*found.lines, found.total)]
    head = ("resource", "number", "at rest", "less free", "1M requests", "10k tickers")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    ]
    told = (
        f"US dollars a month in {prices.region}, by prices of {prices.date}: at rest by the list, "
        "the same less what is always free, and what use adds"
    )
    return "\n".join([told, "", *lines])


def _row(line: Line) -> tuple[str, ...]:
    return (line.resource, str(line.count), *(f"{each:.2f}" for each in _amounts(line).values()))


def _written(line: Line) -> dict[str, object]:
    amounts = {name: f"{value:.2f}" for name, value in _amounts(line).items()}
    return {"resource": line.resource, "count": line.count, **amounts}


def _amounts(line: Line) -> dict[str, Decimal]:
    return {
        "atRest": line.at_rest,
        "atRestAfterFree": line.at_rest_after_free,
        "perMillionRequests": line.per_million,
        "per10kTickers": line.per_10k_tickers,
    }
