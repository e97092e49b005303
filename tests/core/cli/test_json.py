import json
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Interval, Period, ReportKind
from signal9_core.schemas import (
    Answer,
    AssetAnswer,
    FinancialsAnswer,
    NewsAnswer,
    PricesAnswer,
    SearchAnswer,
    StatusAnswer,
    to_json,
)

from .shell import Shell

ANSWERS: dict[str, type[Answer]] = {
    "status": StatusAnswer,
    "search apple": SearchAnswer,
    "show AAPL": AssetAnswer,
    "prices AAPL": PricesAnswer,
    "prices AAPL --format columns --limit 3": PricesAnswer,
    "news": NewsAnswer,
    "news AAPL": NewsAnswer,
    "financials AAPL": FinancialsAnswer,
}


@pytest.mark.parametrize("command", ANSWERS)
def test_json_is_one_line_of_the_apis_contract_and_nothing_else(shell: Shell, command: str) -> None:
    found = shell.run(*command.split(), "--json")

    assert (found.code, found.err) == (0, "")
    assert found.out.count("\n") == 1
    answer = ANSWERS[command].model_validate_json(found.out)
    assert _numbers(to_json(answer)) == _numbers(found.out)


def test_options_left_out_mean_what_they_mean_to_the_api(shell: Shell, app: App) -> None:
    assert _json(shell, "status") == to_json(app.get_status())
    assert _json(shell, "search", "apple") == to_json(app.search("apple"))
    assert _json(shell, "show", "aapl") == to_json(app.get_asset("AAPL"))
    assert _json(shell, "prices", "AAPL") == to_json(app.get_prices("AAPL"))
    assert _json(shell, "news", "AAPL") == to_json(app.list_news(ticker="AAPL"))
    assert _json(shell, "financials", "AAPL") == to_json(app.get_financials("AAPL"))


def test_every_option_of_prices_reaches_the_api(shell: Shell, app: App) -> None:
    first = app.get_prices("IBM", interval=Interval.MONTH, adjusted=True, limit=2)
    options = ("--interval", "1mo", "--adjusted", "--limit", "2")

    assert _json(shell, "prices", "IBM", *options) == to_json(first)

    second = app.get_prices(
        "IBM", interval=Interval.MONTH, adjusted=True, limit=2, cursor=first.next_cursor
    )
    assert _json(shell, "prices", "IBM", *options, "--cursor", str(first.next_cursor)) == to_json(
        second
    )


def test_days_are_included_at_both_ends(shell: Shell) -> None:
    found = _json(shell, "prices", "IBM", "--from", "2013-02-27", "--to", "2013-03-01")

    days = [row.date for row in PricesAnswer.model_validate_json(found).items]  # type: ignore[union-attr]
    assert [day.isoformat() for day in days] == ["2013-02-27", "2013-02-28", "2013-03-01"]


def test_every_option_of_news_reaches_the_api(shell: Shell, app: App) -> None:
    first = app.list_news(topic="earnings", limit=1)

    assert _json(shell, "news", "--topic", "Earnings", "--limit", "1") == to_json(first)
    assert _json(shell, "news", "--ticker", "IBM") == _json(shell, "news", "IBM")
    narrow = _json(shell, "news", "--from", "2012-01-01", "--to", "2012-12-31")
    years = {each.published_at.year for each in NewsAnswer.model_validate_json(narrow).items}
    assert years == {2012}


def test_every_option_of_financials_reaches_the_api(shell: Shell, app: App) -> None:
    expected = app.get_financials(
        "AAPL", report=ReportKind.EARNINGS, period=Period.QUARTERLY, limit=3
    )
    options = ("--report", "earnings", "--period", "quarterly", "--limit", "3")

    assert _json(shell, "financials", "AAPL", *options) == to_json(expected)


def _numbers(text: str | bytes) -> object:
    return json.loads(text, parse_float=Decimal)


def _json(shell: Shell, *arguments: str) -> bytes:
    return shell.run(*arguments, "--json").out.rstrip("\n").encode()
