"""Reports, as a table: a column each, as many as the terminal has room for."""

from collections.abc import Sequence
from decimal import Decimal

from ...answers import FinancialsAnswer, ReportRow
from ...domain import decimals_of
from ..figures import figure, unit_of
from ..output import answers_console, remark, remark_more
from ..tables import Table, make_table, plain_text, print_table

__all__ = ["print_reports"]


def print_reports(answer: FinancialsAnswer) -> None:
    """Print the reports side by side, every figure whole."""
    what = f"{answer.ticker}  {answer.report.replace('_', ' ')}  {answer.period}"
    if not answer.items:
        remark(f"nothing is stored of this: {what}")
        return
    answers_console().print(what, style="bold")
    print_table(_table(answer.items))
    remark_more(len(answer.items), answer.next_cursor)


def _table(reports: Sequence[ReportRow]) -> Table:
    unit, scale = unit_of(value for each in reports for value in each.values.values())
    currencies = sorted({each.currency for each in reports if each.currency})
    corner = " ".join(filter(None, (", ".join(currencies), scale)))
    table = make_table(corner, *(f">{each.fiscal_date_ending}" for each in reports))
    for name in dict.fromkeys(name for each in reports for name in each.values):
        figures = [each.values.get(name) for each in reports]
        table.add_row(plain_text(name), *_row(figures, unit))
    return table


def _row(values: Sequence[Decimal | None], unit: int) -> list[str]:
    shown = [None if value is None else value / unit for value in values]
    decimals = max((decimals_of(value) for value in shown if value is not None), default=0)
    return [figure(value, decimals) for value in shown]
