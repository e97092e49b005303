"""What an ingest did, as a table."""

from ...answers import FailureAnswer, IngestAnswer
from ..figures import figure
from ..output import remark
from ..tables import Table, Text, make_table, plain_text, print_table

__all__ = ["print_outcome"]


def print_outcome(answer: IngestAnswer) -> None:
    """Print how much is stored, how much of it is new, and everything that failed."""
    if answer.stored:
        print_table(_stored(answer))
    remark(f"from {answer.provider} in {answer.seconds:.1f} s")
    if answer.failed:
        print_table(_failures(answer))
    remark(answer.notice)


def _stored(answer: IngestAnswer) -> Table:
    table = make_table("data set", ">stored", ">new or changed")
    for name, stored in answer.stored.items():
        table.add_row(name, figure(stored), figure(answer.changed.get(name, 0)))
    return table


def _failures(answer: IngestAnswer) -> Table:
    table = make_table("failed", "data set", "reason")
    for each in answer.failed:
        table.add_row(plain_text(each.ticker or "all"), each.data_set, _reason(each))
    return table


def _reason(failure: FailureAnswer) -> Text:
    advice = " (trying again later may help)" if failure.transient else ""
    return plain_text(f"{failure.reason}{advice}", "red")
