"""`signal9 show`: everything about one company at a glance."""

from typing import Final

import typer

from ..options import Json, TickerArgument
from ..output import print_json, remark, sources_of
from ..session import stocked

__all__ = ["show"]

_ARTICLES: Final = 3


def show(context: typer.Context, ticker: TickerArgument, *, as_json: Json = False) -> None:
    """Show a company: who it is, a year of prices, insights, freshness and the latest news."""
    with stocked(context) as app:
        answer = app.get_asset(ticker)
        if as_json:
            print_json(answer)
            return
        from ...domain import Interval
        from ..views.company import print_company

        series = app.get_prices.series(answer.ticker, None, None, Interval.DAY, adjusted=False)
        print_company(answer, series, app.list_news(ticker=answer.ticker, limit=_ARTICLES).items)
        remark(app.notice_of(*sources_of(*answer.freshness.values())))
