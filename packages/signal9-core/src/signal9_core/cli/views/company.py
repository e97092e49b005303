"""One company at a glance."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from rich.console import Console

from ...answers import ArticleAnswer, AssetAnswer, FreshnessAnswer
from ...domain import DataSet, Insights, PriceSeries
from ..figures import figure
from ..output import answers_console
from ..sparkline import sparkline
from ..tables import Table, labelled, make_table, plain_text, print_table
from .news import articles_table

__all__ = ["print_company"]

_YEAR: Final = timedelta(days=365)
_WIDEST: Final = 60


def print_company(
    company: AssetAnswer, series: PriceSeries, articles: Sequence[ArticleAnswer]
) -> None:
    """Print who it is, a year of prices, insights, freshness and news."""
    console = answers_console()
    console.print(plain_text(f"{company.ticker}  {company.name or ''}", "bold"))
    if company.description:
        console.print(plain_text(company.description))
    console.print()
    console.print(_profile(company, series, console))
    if company.freshness:
        console.print()
        print_table(_freshness(company.freshness))
    if articles:
        console.print()
        print_table(articles_table(articles))


def _profile(company: AssetAnswer, series: PriceSeries, console: Console) -> Table:
    table = labelled()
    for name, value in (*_facts(company), *_prices(series, console), *_insights(company.insights)):
        table.add_row(name, plain_text(value))
    return table


def _facts(company: AssetAnswer) -> Iterator[tuple[str, str]]:
    facts = {
        "exchange": company.exchange,
        "status": company.status,
        "sector": company.sector,
        "industry": company.industry,
        "country": company.country,
        "fiscal year ends": company.fiscal_year_end,
        "CIK": company.cik,
    }
    yield from ((name, value) for name, value in facts.items() if value is not None)
    if company.market_capitalization is not None:
        currency = company.currency or ""
        yield "market value", f"{figure(company.market_capitalization)} {currency}"


def _prices(series: PriceSeries, console: Console) -> Iterator[tuple[str, str]]:
    if not len(series):
        return
    end = series.day(-1)
    yield "close", f"{figure(series.price('close', -1), 2)} {series.currency} on {end}"
    year = series.between(end - _YEAR)
    # Adjusted where it can be: a split is no fall.
    closes = year.prices("close") if year.adjusted_close is None else year.adjusted_closes()
    known = [close for close in closes if close is not None]
    width = min(_WIDEST, max(10, console.width - 20))
    if not console.options.ascii_only:
        yield "its last year", sparkline(known, width)


def _insights(insights: Insights) -> Iterator[tuple[str, str]]:
    span, mood = insights.range_52_weeks, insights.sentiment
    if span is not None:
        low, high = figure(span.low), figure(span.high)
        yield "52-week range", f"{low} ({span.low_on}) to {high} ({span.high_on})"
    if mood is not None:
        articles = "article" if mood.sample_size == 1 else "articles"
        sample = f"{mood.sample_size} {articles} in {mood.window_days} days to {mood.as_of}"
        yield "tone of the news", f"{mood.label} {mood.score:+.2f} ({sample})"


def _freshness(freshness: Mapping[DataSet, FreshnessAnswer]) -> Table:
    table = make_table("data set", ">stored", "up to", "from", "complete")
    for name, each in freshness.items():
        complete = "yes" if each.complete else "no"
        table.add_row(name, figure(each.count), str(each.as_of), plain_text(each.source), complete)
    return table
