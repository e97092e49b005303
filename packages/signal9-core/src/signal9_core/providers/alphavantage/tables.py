"""AlphaVantage's two ways to send a table: JSON of texts under numbered names, and CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec

from ...domain import PRICE_COLUMNS, Ticker
from ...errors import PayloadError

__all__ = ["Table", "read_table"]

_OPTIONAL: Final = ("adjusted_close", "dividend_amount", "split_coefficient")


class _Meta(msgspec.Struct):
    symbol: str = msgspec.field(name="2. Symbol")


class _Row(msgspec.Struct, gc=False):
    open: str = msgspec.field(name="1. open")
    high: str = msgspec.field(name="2. high")
    low: str = msgspec.field(name="3. low")
    close: str = msgspec.field(name="4. close")
    volume: int = msgspec.field(name="5. volume")


class _AdjustedRow(msgspec.Struct, gc=False):
    open: str = msgspec.field(name="1. open")
    high: str = msgspec.field(name="2. high")
    low: str = msgspec.field(name="3. low")
    close: str = msgspec.field(name="4. close")
    adjusted_close: str = msgspec.field(name="5. adjusted close")
    volume: int = msgspec.field(name="6. volume")
    dividend_amount: str = msgspec.field(name="7. dividend amount")
    split_coefficient: str = msgspec.field(name="8. split coefficient")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of texts, rows in the order in which they came; volumes are numbers already."""

    ticker: Ticker
    times: Sequence[str]
    open: Sequence[str]
    high: Sequence[str]
    low: Sequence[str]
    close: Sequence[str]
    volume: Sequence[int]
    adjusted_close: Sequence[str] = ()
    dividend_amount: Sequence[str] = ()
    split_coefficient: Sequence[str] = ()


def read_table(body: bytes, name: str, ticker: Ticker | None, *, adjusted: bool = False) -> Table:
    """Return the series called `name`, or CSV in its place; `PayloadError` for all else."""
    if body.lstrip()[:1] == b"{":
        return _from_json(body, name, ticker, adjusted=adjusted)
    if ticker is None:
        raise PayloadError(f"alphavantage sent {name} as CSV, which does not say of whom")
    return _from_csv(body, name, ticker, adjusted=adjusted)


def _from_json(body: bytes, name: str, ticker: Ticker | None, *, adjusted: bool) -> Table:
    try:
        meta, rows = msgspec.structs.astuple(_decoder(name, adjusted).decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(_not_a_table(body, name, error)) from error
    found = list(rows.values())
    optional = {each: [getattr(row, each) for row in found] for each in _OPTIONAL if adjusted}
    return Table(
        ticker=ticker or meta.symbol.replace("-", "."),
        times=list(rows),
        open=[row.open for row in found],
        high=[row.high for row in found],
        low=[row.low for row in found],
        close=[row.close for row in found],
        volume=[row.volume for row in found],
        **optional,
    )


@lru_cache(maxsize=16)
def _decoder(name: str, adjusted: bool) -> msgspec.json.Decoder[msgspec.Struct]:  # noqa: FBT001
    rows = dict[str, _AdjustedRow] if adjusted else dict[str, _Row]
    fields: list[tuple[str, object]] = [("meta", _Meta), ("rows", rows)]
    answer = msgspec.defstruct("Answer", fields, rename={"meta": "Meta Data", "rows": name})
    return msgspec.json.Decoder(answer, strict=False)


def _not_a_table(body: bytes, name: str, error: Exception) -> str:
    """Say what came instead; the provider's own text may repeat the key, and is left out."""
    try:
        notice = set(msgspec.json.decode(body, type=dict[str, object]))
    except msgspec.DecodeError:
        notice = set()
    known = notice & {"Information", "Note", "Error Message"}
    if known:
        return f"alphavantage sent a text under {known.pop()!r} instead of {name}"
    return f"alphavantage sent no {name}: {error}"


def _from_csv(body: bytes, name: str, ticker: Ticker, *, adjusted: bool) -> Table:
    text = body.decode(errors="replace").replace("\r\n", "\n").strip()
    header, _, rows = text.partition("\n")
    names = [each.strip().replace(" ", "_") for each in header.split(",")]
    kept = (*PRICE_COLUMNS, *(_OPTIONAL if adjusted else ()))
    if not {"timestamp", "volume", *kept} <= set(names):
        raise PayloadError(f"alphavantage sent no {name}: its CSV has no such columns")
    # One list of all values, of which every so many are a column: no list for each row.
    values = rows.replace("\n", ",").split(",") if rows else []
    if len(values) != len(names) * (rows.count("\n") + 1 if rows else 0):
        raise PayloadError(f"alphavantage sent a torn {name}: {_torn(rows, len(names))}")
    found = {each: values[at :: len(names)] for at, each in enumerate(names)}
    try:
        volume = [*map(int, found["volume"])]
    except ValueError as error:
        raise PayloadError(f"alphavantage sent {name} of {ticker} with {error}") from error
    columns = {each: found[each] for each in kept}
    return Table(ticker=ticker, times=found["timestamp"], volume=volume, **columns)


def _torn(rows: str, width: int) -> str:
    """Return the first line that has more or fewer values than others."""
    lines = enumerate(rows.split("\n"), 2)
    return next(f"line {at} is {line!r}" for at, line in lines if line.count(",") + 1 != width)
