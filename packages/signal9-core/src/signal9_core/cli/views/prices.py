"""Bars, as a table."""

from collections.abc import Mapping, Sequence
from typing import Final

from ...answers import BarRow, FreshnessAnswer, PriceColumns, PricesAnswer
from ...domain import PRICE_COLUMNS, DataSet
from ..figures import common_decimals, figure
from ..output import answers_console, remark, remark_more
from ..tables import Table, fits, make_table, print_table

__all__ = ["print_prices"]

_ADJUSTED_DECIMALS: Final = 4
"""Adjusted prices are quotients: digits without end, of which a table shows the first."""


def print_prices(
    answer: PricesAnswer, total: int | None, freshness: Mapping[DataSet, FreshnessAnswer]
) -> None:
    """Print the bars; with a `total`, they are the latest of so many."""
    if isinstance(answer.items, PriceColumns) or not answer.items:
        remark(_nothing(answer, freshness.get(DataSet.PRICES)))
        return
    kind = "adjusted, rounded (exact with --json)" if answer.adjusted else "as traded"
    console = answers_console()
    console.print(f"{answer.ticker}  {answer.interval}  {answer.currency}  {kind}", style="bold")
    table = _bars(answer.items, PRICE_COLUMNS, adjusted=answer.adjusted)
    if fits(table, console):
        console.print(table)
    else:
        print_table(_bars(answer.items, ("close",), adjusted=answer.adjusted))
        remark("no room for open, high and low: widen the terminal, or use --json")
    if total is not None and total > len(answer.items):
        remark(
            f"the latest {len(answer.items)} of {total:,}; "
            "others with --from, --to and --limit (oldest first)"
        )
    remark_more(len(answer.items), answer.next_cursor)


def _bars(bars: Sequence[BarRow], columns: Sequence[str], *, adjusted: bool) -> Table:
    table = make_table("date", *(f">{name}" for name in columns), ">volume")
    rows = [[getattr(bar, name) for name in columns] for bar in bars]
    decimals = common_decimals(price for row in rows for price in row)
    if adjusted:
        decimals = min(decimals, _ADJUSTED_DECIMALS)
    for bar, row in zip(bars, rows, strict=True):
        prices = (figure(price, decimals) for price in row)
        table.add_row(bar.date.isoformat(), *prices, figure(bar.volume))
    return table


def _nothing(answer: PricesAnswer, stored: FreshnessAnswer | None) -> str:
    if stored is None:
        return f"no prices of {answer.ticker} are stored"
    return f"no prices of {answer.ticker} then; those stored end on {stored.as_of}"
