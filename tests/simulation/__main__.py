"""A night of many companies under faults, over both stores: `hatch run simulate --tickers 1000`."""

import gc
import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any, Final, get_args

from .night import Night, Report, StoreName

_BAD: Final = ("lost", "duplicated", "overdrawn", "stuck", "notifiedTwice")
_WORST: Final = ("calls", "priceCalls", "events", "minutes", "minutesOf99", "seconds")
_PRICED: Final = ("writeUnits", "readUnits", "dollars")


def _main() -> int:
    parser = ArgumentParser(prog="hatch run simulate", description=__doc__)
    parser.add_argument("--tickers", type=int, default=1000, help="how many companies")
    parser.add_argument("--store", choices=get_args(StoreName), help="one store instead of both")
    parser.add_argument("--seed", type=int, default=1, help="another seed has other faults")
    parser.add_argument("--rate", type=float, default=1, help="how often faults strike; 0: never")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    options = parser.parse_args()
    stores = [options.store] if options.store else get_args(StoreName)
    with ProcessPoolExecutor(len(stores)) as processes:
        nights = [
            processes.submit(_run, options.tickers, store, options.seed, options.rate)
            for store in stores
        ]
        reports = [night.result() for night in nights]
    answer = _merged(reports)
    sys.stdout.write(json.dumps(answer, indent=2) if options.json else _table(reports))
    sys.stdout.write("\n")
    return int(any(answer[name] for name in _BAD))


def _run(tickers: int, store: StoreName, seed: int, rate: float) -> Report:
    gc.set_threshold(200_000, 50, 1_000)  # a store in memory has millions of objects that stay
    return Night(tickers, store, seed=seed, rate=rate).run()


def _merged(reports: Sequence[Report]) -> dict[str, Any]:
    """Return what is bad over both stores, what was longest, and what DynamoDB costs."""
    nights = [asdict(report) for report in reports]
    return {
        "tickers": reports[0].tickers,
        **{name: max(night[name] for night in nights) for name in _WORST},
        **{name: sum(night[name] for night in nights) for name in ("faults", *_BAD)},
        **{name: max(night[name] for night in nights) for name in _PRICED},
        "stores": {report.store: night for report, night in zip(reports, nights, strict=True)},
    }


def _table(reports: Sequence[Report]) -> str:
    names = [name for name in asdict(reports[0]) if name not in {"faultsByKind", "remarks"}]
    lines = [
        "  ".join([f"{name:<14}", *(f"{getattr(report, name):>10}" for report in reports)])
        for name in names
    ]
    return "\n".join(lines + [remark for report in reports for remark in report.remarks])


if __name__ == "__main__":
    sys.exit(_main())
