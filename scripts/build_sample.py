"""Builds the bundled sample of market data from its sources, or checks that it still equals them.

Prices come from the package bokeh-sampledata and the listing from edgartools (read with pyarrow),
which need to be installed; reports, news and overviews come from a folder with `figures.csv`,
`events.csv` and `overview.csv`. A file whose content stays the same is not touched.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from signal9_core.domain.news import article_id
from signal9_core.domain.prices import decimals_of

DATA: Final = (
    Path(__file__).parents[1] / "packages/signal9-core/src/signal9_core/providers/sample/data"
)
NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSE: Final = time(16)
"""The end of trading in New York: an event counts as known from the next bar on."""

LONGEST_WAIT: Final = timedelta(days=60)
"""Results of a quarter are out by then."""

CENT: Final = Decimal("0.01")
NO_CHANGE: Final = Decimal("1e-6")
"""More than the source's noise, less than any dividend."""

PER_SHARE: Final = re.compile(r"([\d.]+) (dollars|cents) a share")
KINDS_OF_SOURCE: Final = (
    ("company filing", re.compile(r"\b10-[KQ]\b|\b8-K\b|\bXBRL\b")),
    ("press release", re.compile(r"press release|ibm\.com/investor")),
    ("press report", re.compile(r"TechCrunch|web page")),
    ("market data", re.compile(r"AlphaVantage")),
)
"""An event that rests on several sources is cited by the first of these."""

Row = Mapping[str, str]


def price_files() -> dict[str, bytes]:
    """Return the files of daily prices, one for each company."""
    packed = _folder_of("bokeh_sampledata", "bokeh-sampledata") / "_data/stocks.csv.gz"
    by_ticker: dict[str, list[Row]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed.read_bytes()).decode())):
        by_ticker[row["Ticker"]].append(row)
    return {
        f"prices-{ticker}.json.gz": _text_of_prices(ticker, rows)
        for ticker, rows in by_ticker.items()
    }


def _text_of_prices(ticker: str, rows: Sequence[Row]) -> bytes:
    days = [row["Date"] for row in rows]
    prices = {
        name: [Decimal(row[name]) for row in rows] for name in ("Open", "High", "Low", "Close")
    }
    adjusted = [Decimal(row["Adj Close"]) for row in rows]
    scale = max(decimals_of(price) for column in prices.values() for price in column)
    columns = {
        "ticker": ticker,
        "currency": "USD",
        "scale": scale,
        "days": days,
        **{name.lower(): _scaled(column, scale) for name, column in prices.items()},
        "volume": [int(row["Volume"]) for row in rows],
        "actions": list(actions_behind(days, prices["Close"], adjusted)),
    }
    lines = ",\n".join(f"{json.dumps(name)}:{_compact(value)}" for name, value in columns.items())
    return f"{{\n{lines}\n}}\n".encode()


def _scaled(values: Iterable[Decimal], scale: int) -> list[int]:
    return [int(value.scaleb(scale)) for value in values]


def actions_behind(
    days: Sequence[str], closes: Sequence[Decimal], adjusted: Sequence[Decimal]
) -> Iterator[dict[str, str]]:
    """Yield the splits and dividends behind the source's adjusted closes.

    Adjusted close / close changes on ex-dates only: by the ratio of a split, or by 1 + dividend /
    close. Dividends are whole cents, within the precision of the source.
    """
    factors = [after / before for before, after in zip(closes, adjusted, strict=True)]
    for at in range(1, len(days)):
        change = factors[at] / factors[at - 1]
        if abs(change - 1) < NO_CHANGE:
            continue
        ratio = round(change)
        if abs(change - ratio) < NO_CHANGE:
            yield {"kind": "split", "exDate": days[at], "ratio": str(ratio)}
            continue
        exact = closes[at] * (change - 1)
        amount = exact.quantize(CENT)
        if abs(exact - amount) > NO_CHANGE:
            raise SystemExit(f"{days[at]}: {exact} is neither a split nor a dividend in cents")
        yield {"kind": "dividend", "exDate": days[at], "amount": str(amount)}


def listing_files() -> dict[str, bytes]:
    """Return the file of listed companies, the largest first."""
    table = _folder_of("edgar", "edgartools") / "reference/data/company_tickers.parquet"
    rows = import_module("pyarrow.parquet").read_table(table).to_pylist()
    listing = [
        {
            "ticker": row["ticker"].replace("-", "."),
            "name": row["name"],
            "exchange": row["exchange"] and row["exchange"].upper(),
            "cik": row["cik"].lstrip("0"),
            "rank": rank,
        }
        for rank, row in enumerate(rows, start=1)
    ]
    return {"listing.json.gz": _text_of_records(listing)}


def _folder_of(module: str, package: str) -> Path:
    found = find_spec(module)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed")
    return Path(found.origin).parent


def fact_files(folder: Path) -> dict[str, bytes]:
    """Return the files of reports, news and overviews."""
    events = _read(folder / "events.csv")
    return {
        "news.json": _text_of_records(map(_article, events)),
        "overviews.json": _text_of_records(map(_overview, _read(folder / "overview.csv"))),
        "reports.json": _text_of_reports(_read(folder / "figures.csv"), events),
    }


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _article(event: Row) -> dict[str, object]:
    tickers = event["tickers"].split(";")
    at_close = datetime.combine(date.fromisoformat(event["date"]), CLOSE, NEW_YORK).astimezone(UTC)
    return {
        "id": article_id("sample", event["date"], event["what_happened"]),
        "publishedAt": at_close.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "title": event["what_happened"],
        "source": _kind_of_source(event["source"]),
        "topics": [event["topic"]],
        "tickers": [
            {"ticker": ticker, "relevance": str(round(1 / Decimal(len(tickers)), 6).normalize())}
            for ticker in tickers
        ],
    }


def _kind_of_source(cited: str) -> str:
    return next(kind for kind, pattern in KINDS_OF_SOURCE if pattern.search(cited))


def _overview(row: Row) -> dict[str, object]:
    renamed = {"fiscal_year_end": "fiscalYearEnd"}
    return {renamed.get(name, name): value for name, value in row.items()}


def _text_of_reports(figures: list[Row], events: list[Row]) -> bytes:
    reports: dict[str, dict[tuple[str, ...], dict[str, object]]] = defaultdict(dict)
    for row in figures:
        key = (row["ticker"], row["fiscal_date_ending"], row["period"])
        report = reports[row["statement"]].setdefault(key, _head_of_report(row))
        report[row["field"]] = row["value"]
        if row["currency"]:
            report["currency"] = row["currency"]
    for day, report in _announced(list(reports["earnings"].values()), events):
        report["reportedDate"] = day
    kinds = ",\n".join(
        f"{json.dumps(kind)}:{_text_of_records(reports[kind].values()).decode().rstrip()}"
        for kind in sorted(reports)
    )
    return f"{{\n{kinds}\n}}\n".encode()


def _head_of_report(row: Row) -> dict[str, object]:
    return {
        "ticker": row["ticker"],
        "period": row["period"],
        "fiscalDateEnding": row["fiscal_date_ending"],
    }


def _announced(
    earnings: list[dict[str, object]], events: list[Row]
) -> Iterator[tuple[str, dict[str, object]]]:
    for event in events:
        for report in earnings:
            if event["topic"] == "earnings" and _is_about(event, report):
                yield event["date"], report


def _is_about(event: Row, report: Mapping[str, object]) -> bool:
    wait = date.fromisoformat(event["date"]) - date.fromisoformat(str(report["fiscalDateEnding"]))
    is_quarter = (report["ticker"], report["period"]) == (event["tickers"], "quarterly")
    named = PER_SHARE.search(event["what_happened"])
    eps = named and Decimal(named[1]).scaleb(-2 if named[2] == "cents" else 0)
    # Where the figure was restated later, the announced one was another.
    return (
        is_quarter
        and timedelta() < wait <= LONGEST_WAIT
        and eps in {None, Decimal(str(report["reportedEPS"]))}
    )


def _text_of_records(records: Iterable[Mapping[str, object]]) -> bytes:
    return ("[\n" + ",\n".join(map(_compact, records)) + "\n]\n").encode()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def content_of(path: Path) -> bytes | None:
    """Return what a shipped file holds, unpacked; `None` where there is none."""
    if not path.exists():
        return None
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def write(files: Mapping[str, bytes]) -> None:
    """Write what changed, and the digests of all shipped files."""
    DATA.mkdir(exist_ok=True)
    for name, content in files.items():
        if content_of(DATA / name) != content:
            packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
            (DATA / name).write_bytes(packed)
            print(f"wrote {name}, {len(packed):,} bytes")
    shipped = sorted(path for path in DATA.iterdir() if path.name != "manifest.json")
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shipped}
    (DATA / "manifest.json").write_bytes((json.dumps(digests, indent=2) + "\n").encode())


def main(arguments: list[str]) -> int:
    """Build or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, help="folder of reports, news and overviews")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    files = price_files() | listing_files()
    if options.facts is not None:
        files |= fact_files(options.facts)
    if not options.check:
        write(files)
        return 0
    differing = [name for name, content in files.items() if content_of(DATA / name) != content]
    print("\n".join(f"{name} differs from its source" for name in differing) or "all the same")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
