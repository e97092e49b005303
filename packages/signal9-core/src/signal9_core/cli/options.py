"""Arguments and options that several commands share."""

from datetime import date
from typing import Annotated

import typer

__all__ = ["Cursor", "First", "Json", "Last", "TickerArgument"]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other spellings that `fromisoformat` reads, as 2013-W09-5, mean nothing to the API.
    if day is None or day.isoformat() != text:
        raise typer.BadParameter(f"{text!r} is no day as 2013-03-01")
    return day


Json = Annotated[
    bool, typer.Option("--json", help="Print the API's JSON and nothing else.", show_default=False)
]
Cursor = Annotated[
    str | None,
    typer.Option(help="Go on where an answer with the same options ended.", metavar="CURSOR"),
]
First = Annotated[
    date | None,
    typer.Option("--from", parser=_day, metavar="YYYY-MM-DD", help="The first day, included."),
]
Last = Annotated[
    date | None,
    typer.Option("--to", parser=_day, metavar="YYYY-MM-DD", help="The last day, included."),
]
TickerArgument = Annotated[str, typer.Argument(metavar="TICKER", help="As AAPL or BRK.B.")]
