"""What is stored, as a table."""

from datetime import date

from ...answers import DataSetStatus, StatusAnswer
from ..figures import figure
from ..output import answers_console, remark
from ..tables import Table, Text, labelled, make_table, plain_text, print_table

__all__ = ["print_status"]


def print_status(answer: StatusAnswer) -> None:
    """Print where everything is, how much of it, and how fresh."""
    console = answers_console()
    # A path is no text to fold: it would not survive being copied.
    console.print(Text.assemble(("stored in  ", "bold"), answer.location), soft_wrap=True)
    console.print(_summary(answer))
    console.print()
    print_table(_data_sets(answer))
    if answer.quotas:
        console.print()
        print_table(_quotas(answer))
    remark(answer.notice)
    if answer.ingested_at is None:
        remark("not yet ingested in full: run `signal9 ingest`")


def _summary(answer: StatusAnswer) -> Table:
    summary = labelled()
    summary.add_row("provider", plain_text(answer.provider))
    summary.add_row("companies", figure(answer.assets))
    ingested = answer.ingested_at
    summary.add_row("ingested", "never" if ingested is None else f"{ingested:%Y-%m-%d %H:%M} UTC")
    return summary


def _data_sets(answer: StatusAnswer) -> Table:
    table = make_table("data set", ">companies", ">stored", "up to", "from", ">incomplete")
    for name, each in answer.data_sets.items():
        table.add_row(
            name,
            figure(each.companies),
            figure(each.count),
            _reach(each),
            plain_text(", ".join(each.sources)),
            figure(each.incomplete),
        )
    return table


def _quotas(answer: StatusAnswer) -> Table:
    table = make_table("calls", "a", ">left", ">of", "refills")
    for each in answer.quotas:
        refills = f"{each.refills_at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(each.provider, each.period, figure(each.left), figure(each.limit), refills)
    return table


def _reach(status: DataSetStatus) -> str:
    days: list[date] = sorted({day for day in (status.oldest, status.newest) if day is not None})
    return " to ".join(map(date.isoformat, days)) or "nothing yet"
