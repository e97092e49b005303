"""Where keys come from, as a table."""

from ...answers import KeysAnswer
from ..tables import make_table, plain_text, print_table

__all__ = ["print_keys"]


def print_keys(answer: KeysAnswer) -> None:
    """Print a row for each key that a provider needs."""
    table = make_table("provider", "setting", "from")
    for each in answer.keys:
        table.add_row(each.provider, each.setting, plain_text(each.source or "nowhere"))
    print_table(table)
