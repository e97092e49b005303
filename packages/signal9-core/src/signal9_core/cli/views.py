"""What an ingest did, as a table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..domain import PRICE_COLUMNS, DataSet, Freshness, Insights, PriceSeries, decimals_of
from ..schemas import (
    ArticleAnswer,
    AssetAnswer,
    BarRow,
    DataSetStatus,
    FailureAnswer,
    FinancialsAnswer,
    IngestAnswer,
    KeysAnswer,
    NewsAnswer,
    PriceColumns,
    PricesAnswer,
    ReplayAnswer,
    ReportRow,
    SearchAnswer,
    StatusAnswer,
)
from .output import answers_console, one_line, remark, remark_more
from .render import (
    common_decimals,
    figure,
    fits,
    labelled,
    make_table,
    plain_text,
    print_table,
    sparkline,
    unit_of,
)

__all__ = [
    "articles_table",
    "print_company",
    "print_hits",
    "print_keys",
    "print_news",
    "print_outcome",
    "print_prices",
    "print_replay",
    "print_reports",
    "print_status",
]


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


_ADDRESSES: Final = ("https://", "http://")


def print_news(answer: NewsAnswer) -> None:
    """Print a page of articles."""
    if not answer.items:
        remark("no articles about this are stored")
        return
    print_table(articles_table(answer.items))
    remark_more(len(answer.items), answer.next_cursor)


def articles_table(articles: Sequence[ArticleAnswer]) -> Table:
    """Return articles as rows: when, in which tone, what, from whom."""
    table = make_table("published", ">tone", "article")
    for article in articles:
        table.add_row(f"{article.published_at:%Y-%m-%d}", _tone(article.sentiment), _said(article))
    return table


def _tone(score: Decimal | None) -> Text:
    if score is None:
        return Text("–", style="dim")  # noqa: RUF001
    return Text(f"{score:+.2f}", style="green" if score > 0 else "red" if score < 0 else "")


def _said(article: ArticleAnswer) -> Text:
    link = one_line(article.url or "")
    style = f"link {link}" if link.startswith(_ADDRESSES) and " " not in link else ""
    about = ", ".join(each.ticker for each in article.tickers)
    return Text.assemble(
        plain_text(article.title, style), "\n", plain_text(f"{article.source} · {about}", "dim")
    )


_ADJUSTED_DECIMALS: Final = 4
"""Adjusted prices are quotients: digits without end, of which a table shows the first."""


def print_prices(
    answer: PricesAnswer, total: int | None, freshness: Mapping[DataSet, Freshness]
) -> None:
    """Print the bars; with a `total`, they are the latest of so many."""
    if isinstance(answer.items, PriceColumns) or not answer.items:
        remark(_nothing(answer, freshness.get(DataSet.PRICES)))
        return
    kind = "adjusted, rounded (exact with --json)" if answer.adjusted else "as traded"
    console = answers_console()
    console.print(f"{answer.ticker}  {answer.interval}  {answer.currency}  {kind}", style="bold")
    table = _bars(answer.items, PRICE_COLUMNS, adjusted=answer.adjusted)
    if fits(table, console):
        console.print(table)
    else:
        print_table(_bars(answer.items, ("close",), adjusted=answer.adjusted))
        remark("no room for open, high and low: widen the terminal, or use --json")
    if total is not None and total > len(answer.items):
        remark(
            f"the latest {len(answer.items)} of {total:,}; "
            "others with --from, --to and --limit (oldest first)"
        )
    remark_more(len(answer.items), answer.next_cursor)


def _bars(bars: Sequence[BarRow], columns: Sequence[str], *, adjusted: bool) -> Table:
    table = make_table("date", *(f">{name}" for name in columns), ">volume")
    rows = [[getattr(bar, name) for name in columns] for bar in bars]
    decimals = common_decimals(price for row in rows for price in row)
    if adjusted:
        decimals = min(decimals, _ADJUSTED_DECIMALS)
    for bar, row in zip(bars, rows, strict=True):
        prices = (figure(price, decimals) for price in row)
        table.add_row(bar.date.isoformat(), *prices, figure(bar.volume))
    return table


def _nothing(answer: PricesAnswer, stored: Freshness | None) -> str:
    if stored is None:
        return f"no prices of {answer.ticker} are stored"
    return f"no prices of {answer.ticker} then; those stored end on {stored.as_of}"


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


def _freshness(freshness: Mapping[DataSet, Freshness]) -> Table:
    table = make_table("data set", ">stored", "up to", "from", "complete")
    for name, each in freshness.items():
        complete = "yes" if each.complete else "no"
        table.add_row(name, figure(each.count), str(each.as_of), plain_text(each.source), complete)
    return table


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


def print_keys(answer: KeysAnswer) -> None:
    """Print a row for each key that a provider needs."""
    table = make_table("provider", "setting", "from")
    for each in answer.keys:
        table.add_row(each.provider, each.setting, plain_text(each.source or "nowhere"))
    print_table(table)


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
