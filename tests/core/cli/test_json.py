import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.prices import Interval
from signal9_core.domain.reports import Period, ReportKind
from signal9_core.schemas.base import Answer, to_json
from signal9_core.schemas.news import NewsAnswer
from signal9_core.schemas.prices import PricesAnswer

from .shell import Shell

EQUIVALENT: dict[str, Callable[[App], Answer]] = {
    "status": lambda app: app.get_status(),
    "search apple": lambda app: app.search("apple"),
    "show aapl": lambda app: app.get_asset("AAPL"),
    "prices AAPL": lambda app: app.get_prices("AAPL"),
    "prices AAPL --format columns --limit 3": lambda app: app.get_prices(
        "AAPL", shape="columns", limit=3
    ),
    "prices IBM --interval 1mo --adjusted --limit 2": lambda app: app.get_prices(
        "IBM", interval=Interval.MONTH, adjusted=True, limit=2
    ),
    "news": lambda app: app.list_news(),
    "news AAPL": lambda app: app.list_news(ticker="AAPL"),
    "news --ticker IBM": lambda app: app.list_news(ticker="IBM"),
    "news --topic Earnings --limit 1": lambda app: app.list_news(topic="earnings", limit=1),
    "financials AAPL": lambda app: app.get_financials("AAPL"),
    "financials AAPL --report earnings --period quarterly --limit 3": (
        lambda app: app.get_financials(
            "AAPL", report=ReportKind.EARNINGS, period=Period.QUARTERLY, limit=3
        )
    ),
}


@pytest.mark.parametrize("command", EQUIVALENT)
def test_json_is_one_line_with_exactly_the_apis_answer(
    shell: Shell, app: App, command: str
) -> None:
    outcome = shell.run(*command.split(), "--json")

    expected = EQUIVALENT[command](app)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.encode() == to_json(expected) + b"\n"
    read_again = type(expected).model_validate_json(outcome.out)
    assert _exact(to_json(read_again)) == _exact(outcome.out)


@pytest.mark.parametrize("command", ["prices AAPL", "news", "financials AAPL"])
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_cursor_continues_a_list(shell: Shell, command: str, option: tuple[str, ...]) -> None:
    limited = (*command.split(), "--limit", "2", *option)
    first = shell.run(*limited)
    remark = first.err.partition("\n")[0]

    cursor = json.loads(first.out)["nextCursor"] if option else remark.split()[-1]
    second = shell.run(*limited, "--cursor", cursor)

    assert option or remark.startswith("showing 2; more with --limit or --cursor ")
    assert second.code == 0
    assert second.out != first.out


def test_days_are_included_at_both_ends(shell: Shell) -> None:
    days = ("--from", "2012-06-29", "--to", "2012-07-03")
    prices = PricesAnswer.model_validate_json(shell.run("prices", "IBM", *days, "--json").out)
    year = ("--from", "2012-01-01", "--to", "2012-12-31")
    news = NewsAnswer.model_validate_json(shell.run("news", *year, "--json").out)

    assert [str(row.date) for row in prices.items] == [  # type: ignore[union-attr]
        "2012-06-29",
        "2012-07-02",
        "2012-07-03",
    ]
    assert {article.published_at.year for article in news.items} == {2012}


def _exact(text: str | bytes) -> object:
    return json.loads(text, parse_float=Decimal)
