"""Answers as tables on a terminal."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ..domain.adjustment import describe_problem
from ..domain.companies import DataSet, Freshness, PriceCheck, ProblemKind
from ..domain.insights import Insights, describe_figures
from ..domain.prices import PRICE_COLUMNS, PriceSeries, decimals_of
from ..schemas.prices import BarRow, PriceColumns, PricesAnswer
from .command import answer_console, one_line, print_remark
from .render import (
    common_decimals,
    common_unit,
    fits,
    format_number,
    make_field_list,
    make_table,
    plain_text,
    print_table,
    sparkline,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from rich.console import Console
    from rich.table import Table

    from ..domain.queues import DeadLetter
    from ..schemas.companies import AssetAnswer, SearchAnswer
    from ..schemas.financials import FinancialsAnswer
    from ..schemas.news import ArticleAnswer, NewsAnswer
    from ..schemas.operations import (
        CheckAnswer,
        CompanyProblem,
        DataSetStatus,
        DueAnswer,
        FailureAnswer,
        FailuresAnswer,
        IngestAnswer,
        KeysAnswer,
        PromiseAnswer,
        QuotaAnswer,
        RedriveAnswer,
        ReplayAnswer,
        RunAnswer,
        StatusAnswer,
    )


_URL_SCHEMES: Final = ("https://", "http://")
_ADJUSTED_DECIMALS: Final = 4
_SPARKLINE_WIDTH: Final = 60


def print_ingest(answer: IngestAnswer) -> None:
    """Print how much is stored, how much of it is new, and what failed."""
    if answer.stored:
        table = make_table("data set", ">stored", ">new or changed")
        for name, stored in answer.stored.items():
            changed = answer.changed.get(name, 0)
            table.add_row(name, format_number(stored), format_number(changed))
        print_table(table)
    print_remark(f"from {answer.provider} in {answer.seconds:.1f} s")
    if answer.fresh:
        names = ", ".join(f"{name} of {count:,}" for name, count in answer.fresh.items())
        print_remark(f"fresh and not fetched again: {names}; --force fetches them, too")
    _print_failures(answer.failed)
    print_remark(answer.notice)


def print_run(answer: RunAnswer) -> None:
    """Print what was ingested, and when the rest follows."""
    print_ingest(answer)
    if answer.left:
        at, end = answer.continues_at, answer.completes_at
        when = "" if at is None else f"; the budget refills at {at:%Y-%m-%d %H:%M} UTC"
        when += "" if end is None or end == at else f", and suffices at {end:%Y-%m-%d %H:%M} UTC"
        print_remark(f"{answer.left:,} due are left for the next run{when}")
    elif not answer.stored and not answer.failed:
        print_remark("nothing was due")


def print_failures(answer: FailuresAnswer) -> None:
    """Print what failed for good."""
    _print_dead_letters(answer.items)
    if answer.items:
        print_remark("`signal9 redrive` puts messages back, by their ids or with --all")
    else:
        print_remark("nothing has failed for good")


def print_redrive(answer: RedriveAnswer) -> None:
    """Print how much was put back, and what failed again."""
    print_remark(f"{len(answer.redriven):,} put back")
    _print_dead_letters(answer.left)


def _print_dead_letters(letters: Sequence[DeadLetter]) -> None:
    if letters:
        table = make_table("id", "queue", "failed at", ">tries", "reason")
        for letter in letters:
            at = f"{letter.failed_at:%Y-%m-%d %H:%M}"
            reason = plain_text(one_line(letter.reason))
            table.add_row(letter.id, letter.queue, at, format_number(letter.tries), reason)
        print_table(table)


def _print_failures(failures: Sequence[FailureAnswer]) -> None:
    if not failures:
        return
    table = make_table("failed", "data set", "reason")
    for failure in failures:
        advice = " (trying again later may help)" if failure.transient else ""
        reason = plain_text(f"{failure.reason}{advice}", "red")
        table.add_row(plain_text(failure.ticker or "all"), failure.data_set, reason)
    print_table(table)


def print_replay(answer: ReplayAnswer) -> None:
    """Print how much is stored, what failed, and which files were skipped and why."""
    table = make_table("data set", ">stored")
    for name, stored in answer.stored.items():
        table.add_row(name, format_number(stored))
    print_table(table)
    print_remark(f"{answer.changed:,} new or changed, from {answer.files:,} files")
    _print_failures(answer.failed)
    if answer.skipped:
        table = make_table("skipped", "reason")
        for skipped in answer.skipped:
            table.add_row(plain_text(skipped.file), plain_text(skipped.reason))
        print_table(table)


def print_check(answer: CheckAnswer) -> None:
    """Print how many items were read, and which of them are damaged."""
    table = make_table("table", ">items")
    for name, items in answer.items.items():
        table.add_row(name, format_number(items))
    print_table(table)
    if not answer.damaged:
        print_remark("everything is as it was written")
        return
    table = make_table("damaged", "key", "reason", "repaired")
    for damage in answer.damaged:
        repaired = {None: "", True: "yes", False: "no"}[damage.repaired]
        cells = (damage.table or "file", damage.key or "", damage.reason, repaired)
        table.add_row(*map(plain_text, cells))
    print_table(table)
    if answer.damaged[0].repaired is None:
        print_remark("`signal9 check --repair` removes it, and rebuilds it from raw responses")


def print_credentials(answer: KeysAnswer) -> None:
    """Print a row for each key that a provider needs."""
    table = make_table("provider", "setting", "from")
    for key in answer.keys:
        table.add_row(key.provider, key.setting, plain_text(key.source or "nowhere"))
    print_table(table)


def print_search(answer: SearchAnswer, query: str) -> None:
    """Print companies, best match first."""
    if not answer.items:
        print_remark(f"no company matches {query!r}")
        return
    table = make_table("ticker", "name", "exchange", ">score")
    for hit in answer.items:
        name, exchange = plain_text(hit.name), plain_text(hit.exchange)
        table.add_row(hit.ticker, name, exchange, format_number(hit.score, 1))
    print_table(table)


def print_company(
    company: AssetAnswer, year: PriceSeries, articles: Sequence[ArticleAnswer], *, comparable: bool
) -> None:
    """Print a company's profile, a year of prices, insights, freshness and news.

    Prices of the year that are not `comparable` are not drawn.
    """
    console = answer_console()
    console.print(plain_text(f"{company.ticker}  {company.name or ''}", "bold"))
    if company.description:
        console.print(plain_text(company.description))
    fields = make_field_list()
    for rows in (
        _profile(company),
        _identity(company),
        _year(year, console, comparable=comparable),
        _insights(company.insights),
        _price_check(company.price_check),
    ):
        for name, value in rows:
            fields.add_row(name, plain_text(value))
    console.print()
    console.print(fields)
    if company.freshness:
        console.print()
        print_table(_freshness(company.freshness))
    if articles:
        console.print()
        print_table(_articles(articles))


def _profile(company: AssetAnswer) -> Iterator[tuple[str, str]]:
    fields = {
        "exchange": company.exchange,
        "status": company.status,
        "sector": company.sector,
        "industry": company.industry,
        "country": company.country,
        "fiscal year ends": company.fiscal_year_end,
        "CIK": company.cik,
    }
    yield from ((name, value) for name, value in fields.items() if value is not None)
    if company.market_capitalization is not None:
        value = format_number(company.market_capitalization)
        yield "market value", f"{value} {company.currency or ''}"


def _identity(company: AssetAnswer) -> Iterator[tuple[str, str]]:
    """Yield how the company and its ticker came together, or fell apart."""
    if company.renamed_to is not None:
        yield "has become", f"{company.renamed_to} (see `signal9 show {company.renamed_to}`)"
    if company.delisting_date is not None:
        yield "not listed since", str(company.delisting_date)
    if company.former_tickers:
        former = (f"{known.ticker} until {known.until}" for known in company.former_tickers)
        yield "former tickers", ", ".join(former)
    if company.since is not None:
        yield "has the ticker since", str(company.since)
    for owner in company.former_owners:
        now = "" if owner.renamed_to is None else f", now {owner.renamed_to}"
        yield "former owner", f"{owner.name or 'a company'} until {owner.until}{now}"
    for problem in company.problems:
        yield "problem", f"{problem.reason} (since {problem.since})"


def print_identity(company: AssetAnswer) -> None:
    """Print who has a ticker and who had it, and what is undecided about it."""
    answer_console().print(plain_text(f"{company.ticker}  {company.name or ''}", "bold"))
    fields = make_field_list()
    fields.add_row("status", company.status)
    if company.cik is not None:
        fields.add_row("CIK", plain_text(company.cik))
    for name, value in _identity(company):
        fields.add_row(name, plain_text(value))
    answer_console().print(fields)
    if any(problem.kind is ProblemKind.IDENTITY for problem in company.problems):
        print_remark("decide with --same or --new; until then, nothing is added to its data")


def _year(bars: PriceSeries, console: Console, *, comparable: bool) -> Iterator[tuple[str, str]]:
    if not len(bars):
        return
    close = format_number(bars.price("close", -1), 2)
    yield "close", f"{close} {bars.currency} on {bars.day(-1)}"
    if not comparable:
        yield "its last year", "not drawn: its splits are not known"
    elif not console.options.ascii_only:
        width = min(_SPARKLINE_WIDTH, max(10, console.width - 20))
        yield "its last year", sparkline(bars.prices("close"), width)


def _insights(insights: Insights) -> Iterator[tuple[str, str]]:
    known, sentiment = insights.range_52_weeks, insights.sentiment
    if known is not None:
        low, high = (_rounded(price) for price in (known.low, known.high))
        ends = f"{low} ({known.low_on}) to {high} ({known.high_on})"
        yield known.name, ends if known.incomplete is None else f"{ends}; {known.incomplete}"
    elif insights.no_range_reason is not None:
        yield "52-week range", insights.no_range_reason
    yield from describe_figures(insights)
    if sentiment is not None:
        count = sentiment.sample_size
        articles = f"{count} {'article' if count == 1 else 'articles'}"
        sample = f"{articles} in {sentiment.window_days} days to {sentiment.as_of}"
        score = "" if sentiment.score is None else f" {sentiment.score:+.2f}"
        yield "tone of the news", f"{sentiment.label}{score} ({sample})"


def _price_check(check: PriceCheck | None) -> Iterator[tuple[str, str]]:
    if check is not None:
        reason = describe_problem(check) or f"agree with those of {check.source}"
        yield "adjusted closes", f"{reason}, checked {check.first} to {check.last}"


def _rounded(price: Decimal) -> str:
    """Return a price with at most four decimals; an adjusted one may have more."""
    return format_number(price, min(_ADJUSTED_DECIMALS, decimals_of(price)))


def _freshness(freshness: Mapping[DataSet, Freshness]) -> Table:
    table = make_table("data set", ">stored", "up to", "from", "complete")
    for name, entry in freshness.items():
        complete = "yes" if entry.complete else "no"
        source = plain_text(entry.source)
        table.add_row(name, format_number(entry.count), str(entry.as_of), source, complete)
    return table


def print_prices(
    answer: PricesAnswer, total: int | None, freshness: Mapping[DataSet, Freshness]
) -> None:
    """Print bars; with a `total`, they are the latest of so many."""
    if isinstance(answer.items, PriceColumns) or not answer.items:
        print_remark(_no_prices(answer.ticker, freshness.get(DataSet.PRICES)))
        return
    kind = "adjusted, rounded (exact with --json)" if answer.adjusted else "as traded"
    console = answer_console()
    console.print(f"{answer.ticker}  {answer.interval}  {answer.currency}  {kind}", style="bold")
    table = _bars(answer.items, PRICE_COLUMNS, adjusted=answer.adjusted)
    if fits(table, console):
        console.print(table)
    else:
        print_table(_bars(answer.items, ("close",), adjusted=answer.adjusted))
        print_remark("no room for open, high and low: widen the terminal, or use --json")
    if total is not None and total > len(answer.items):
        print_remark(
            f"the latest {len(answer.items)} of {total:,}; "
            "others with --from, --to and --limit (oldest first)"
        )
    _print_cursor(len(answer.items), answer.next_cursor)


def _no_prices(ticker: str, stored: Freshness | None) -> str:
    if stored is None:
        return f"no prices of {ticker} are stored"
    return f"no prices of {ticker} in this range; those stored end on {stored.as_of}"


def _bars(bars: Sequence[BarRow], columns: Sequence[str], *, adjusted: bool) -> Table:
    table = make_table("date", *(f">{name}" for name in columns), ">volume")
    rows = [[getattr(bar, name) for name in columns] for bar in bars]
    decimals = common_decimals(price for row in rows for price in row)
    if adjusted:  # Adjusted prices are quotients with many digits.
        decimals = min(decimals, _ADJUSTED_DECIMALS)
    for bar, row in zip(bars, rows, strict=True):
        prices = (format_number(price, decimals) for price in row)
        table.add_row(bar.date.isoformat(), *prices, format_number(bar.volume))
    return table


def print_financials(answer: FinancialsAnswer) -> None:
    """Print reports side by side, with every digit of their figures."""
    title = f"{answer.ticker}  {answer.report.replace('_', ' ')}  {answer.period}"
    reports = answer.items
    if not reports:
        print_remark(f"no such reports are stored: {title}")
        return
    unit, unit_name = common_unit(value for report in reports for value in report.values.values())
    currencies = sorted({report.currency for report in reports if report.currency})
    corner = " ".join(filter(None, (", ".join(currencies), unit_name)))
    table = make_table(corner, *(f">{report.fiscal_date_ending}" for report in reports))
    for name in dict.fromkeys(name for report in reports for name in report.values):
        values = _in_unit((report.values.get(name) for report in reports), unit)
        table.add_row(plain_text(name), *values)
    answer_console().print(title, style="bold")
    print_table(table)
    _print_cursor(len(reports), answer.next_cursor)


def _in_unit(values: Iterable[Decimal | None], unit: int) -> list[str]:
    scaled = [None if value is None else value / unit for value in values]
    decimals = max((decimals_of(value) for value in scaled if value is not None), default=0)
    return [format_number(value, decimals) for value in scaled]


def print_news(answer: NewsAnswer) -> None:
    """Print a page of articles."""
    if not answer.items:
        print_remark("no such articles are stored")
        return
    print_table(_articles(answer.items))
    _print_cursor(len(answer.items), answer.next_cursor)


def _articles(articles: Sequence[ArticleAnswer]) -> Table:
    table = make_table("published", ">tone", "article")
    for article in articles:
        tone = _tone(article.sentiment)
        table.add_row(f"{article.published_at:%Y-%m-%d}", tone, _headline(article))
    return table


def _tone(score: Decimal | None) -> Text:
    if score is None:
        return Text("–", style="dim")  # noqa: RUF001
    return Text(f"{score:+.2f}", style="green" if score > 0 else "red" if score < 0 else "")


def _headline(article: ArticleAnswer) -> Text:
    url = one_line(article.url or "")
    style = f"link {url}" if url.startswith(_URL_SCHEMES) and " " not in url else ""
    tickers = ", ".join(mention.ticker for mention in article.tickers)
    source = plain_text(f"{article.source} · {tickers}", "dim")
    return Text.assemble(plain_text(article.title, style), "\n", source)


def _print_cursor(shown: int, cursor: str | None) -> None:
    """Print how to see the rest of a list, if there is more."""
    if cursor is not None:
        print_remark(f"showing {shown}; more with --limit or --cursor {cursor}")


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
