"""What a search found, as a table."""

from ...answers import SearchAnswer
from ..figures import figure
from ..output import remark
from ..tables import make_table, plain_text, print_table

__all__ = ["print_hits"]


def print_hits(answer: SearchAnswer, query: str) -> None:
    """Print the companies, best first."""
    if not answer.items:
        remark(f"no company is like {query!r}")
        return
    table = make_table("ticker", "name", "exchange", ">score")
    for hit in answer.items:
        table.add_row(
            hit.ticker, plain_text(hit.name), plain_text(hit.exchange), figure(hit.score, 1)
        )
    print_table(table)
