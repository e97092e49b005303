"""What a replay did, as a table."""

from ...answers import ReplayAnswer
from ..figures import figure
from ..output import remark
from ..tables import make_table, plain_text, print_table

__all__ = ["print_replay"]


def print_replay(answer: ReplayAnswer) -> None:
    """Print how much is stored, and which files were left out and why."""
    table = make_table("data set", ">stored")
    for name, stored in answer.stored.items():
        table.add_row(name, figure(stored))
    print_table(table)
    remark(f"{answer.changed:,} new or changed, from {answer.files:,} files")
    if answer.skipped:
        skipped = make_table("left out", "reason")
        for each in answer.skipped:
            skipped.add_row(plain_text(each.file), plain_text(each.reason))
        print_table(skipped)
