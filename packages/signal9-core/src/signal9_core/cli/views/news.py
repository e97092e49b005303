"""Articles, as a table."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ...answers import ArticleAnswer, NewsAnswer
from ..output import remark, remark_more
from ..plain import one_line
from ..tables import Table, Text, make_table, plain_text, print_table

__all__ = ["articles_table", "print_news"]

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
