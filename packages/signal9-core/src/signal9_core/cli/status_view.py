"""What `signal9 status` prints."""

from collections.abc import Mapping, Sequence
from datetime import date

from rich.table import Table
from rich.text import Text

from ..domain.companies import DataSet, ProblemKind
from ..schemas.operations import (
    CompanyProblem,
    DataSetStatus,
    DueAnswer,
    PromiseAnswer,
    QuotaAnswer,
    StatusAnswer,
)
from .command import answer_console, print_remark
from .render import format_number, make_field_list, make_table, plain_text, print_table


def print_status(answer: StatusAnswer) -> None:
    """Print where the data is, how much there is, and how fresh it is."""
    console = answer_console()
    # A folded path could not be copied.
    console.print(Text.assemble(("stored in  ", "bold"), answer.location), soft_wrap=True)
    fields = make_field_list()
    fields.add_row("provider", plain_text(answer.provider))
    fields.add_row("companies", format_number(answer.assets))
    ingested = answer.ingested_at
    fields.add_row("ingested", "never" if ingested is None else f"{ingested:%Y-%m-%d %H:%M} UTC")
    if answer.due is not None:
        fields.add_row("due", _describe_due(answer.due))
    console.print(fields)
    console.print()
    print_table(_data_sets(answer.data_sets))
    if answer.promises:
        console.print()
        print_table(_promises(answer.promises))
    if answer.quotas:
        console.print()
        print_table(_quotas(answer.quotas))
    if answer.problems:
        console.print()
        print_table(_problems(answer.problems))
        if any(problem.kind is ProblemKind.IDENTITY for problem in answer.problems):
            print_remark("decide who has a ticker: `signal9 identity TICKER --same` or `--new`")
    print_remark(answer.notice)
    if ingested is None:
        print_remark("not yet ingested in full: run `signal9 ingest`")


def _describe_due(due: DueAnswer) -> str:
    end = due.completes_at
    until = "" if end is None else f", until {end:%Y-%m-%d %H:%M} UTC at the earliest"
    return f"{due.left:,} companies and lists, {due.calls:,} calls{until}"


def _quotas(quotas: Sequence[QuotaAnswer]) -> Table:
    table = make_table("calls", "a", ">left", ">of", "refills")
    for quota in quotas:
        left, limit = format_number(quota.left), format_number(quota.limit)
        refills = f"{quota.refills_at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(quota.provider, quota.period, left, limit, refills)
    return table


def _data_sets(data_sets: Mapping[DataSet, DataSetStatus]) -> Table:
    table = make_table("data set", ">companies", ">stored", "up to", "from", ">incomplete")
    for name, status in data_sets.items():
        days = sorted({day for day in (status.oldest, status.newest) if day is not None})
        table.add_row(
            name,
            format_number(status.companies),
            format_number(status.count),
            " to ".join(map(date.isoformat, days)) or "nothing yet",
            plain_text(", ".join(status.sources)),
            format_number(status.incomplete),
        )
    return table


def _promises(promises: Mapping[DataSet, PromiseAnswer]) -> Table:
    """Return how many companies are as fresh as promised."""
    table = make_table(
        "data set", "may be old", ">fresh", ">late", ">failing", ">missing", "late since"
    )
    for name, state in promises.items():
        since = "" if state.late_since is None else f"{state.late_since:%Y-%m-%d %H:%M} UTC"
        counts = map(format_number, (state.fresh, state.late, state.failing, state.missing))
        table.add_row(name, state.promise, *counts, " ".join(filter(None, (since, state.stalest))))
    return table


def _problems(problems: Sequence[CompanyProblem]) -> Table:
    count = len(problems)
    table = make_table(f"{count} {'problem' if count == 1 else 'problems'}", "about", "reason")
    for problem in problems:
        reason = plain_text(f"{problem.reason} (since {problem.since})", "red")
        table.add_row(problem.ticker, problem.kind, reason)
    return table
