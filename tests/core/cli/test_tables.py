import pytest

from signal9_core.bootstrap import App
from signal9_core.cli.output import one_line
from signal9_core.domain import Interval

from .shell import Shell

TABLES = ("status", "search apple", "show AAPL", "prices AAPL", "news IBM", "financials IBM")


@pytest.mark.parametrize("command", TABLES)
def test_what_comes_from_the_sample_says_so_apart_from_the_answer(
    shell: Shell, app: App, command: str
) -> None:
    found = shell.run(*command.split())

    assert found.code == 0
    assert app.provider.notice is not None
    assert app.provider.notice in found.err
    assert app.provider.notice not in found.out


@pytest.mark.parametrize("command", TABLES)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_tables_keep_within_a_narrow_terminal(shell: Shell, command: str, width: int) -> None:
    found = shell.run(*command.split(), width=width)

    assert found.code == 0
    lines = [line for line in found.out.splitlines() if not line.startswith("stored in")]
    assert max(map(len, lines)) <= width
    assert "\x1b" not in found.out + found.err


def test_columns_without_room_are_left_out_by_name_and_never_cut(shell: Shell) -> None:
    wide, narrow = shell.run("financials", "IBM"), shell.run("financials", "IBM", width=50)

    assert "104,507" in wide.out
    assert "104,507" in narrow.out
    assert "2009-12-31" in wide.out
    assert "2009-12-31" not in narrow.out
    assert "no room for 2010-12-31, 2009-12-31" in narrow.err


def test_a_narrow_table_of_prices_keeps_closes_and_volumes(shell: Shell) -> None:
    found = shell.run("prices", "AAPL", width=40)

    assert found.out.splitlines()[-1].split() == ["2013-03-01", "430.470", "19,730,300"]
    assert "no room for open, high and low" in found.err


def test_without_a_choice_the_latest_prices_are_shown_and_the_rest_is_mentioned(
    shell: Shell, app: App
) -> None:
    found = shell.run("prices", "AAPL")

    series = app.get_prices.series("AAPL", None, None, Interval.DAY, adjusted=False)
    assert found.out.splitlines()[-1].startswith("2013-03-01")
    assert f"the latest 20 of {len(series):,}" in found.err


def test_prices_keep_their_digits_and_line_up(shell: Shell) -> None:
    found = shell.run("prices", "AAPL", "--from", "2013-02-13", "--to", "2013-02-14")

    assert found.out.splitlines()[-2:] == [
        "2013-02-13  467.2100  473.6400  463.2200  467.0100  16,971,700",
        "2013-02-14  464.5199  471.6400  464.0200  466.5900  12,688,400",
    ]


def test_adjusted_prices_are_rounded_and_say_so(shell: Shell) -> None:
    found = shell.run("prices", "AAPL", "--adjusted", "--limit", "1")

    assert "adjusted, rounded (exact with --json)" in found.out
    assert all(len(price.split(".")[1]) == 4 for price in found.out.split() if "." in price)


@pytest.mark.parametrize("command", ["prices AAPL", "news", "financials AAPL"])
def test_a_cut_list_says_so_and_its_cursor_shows_the_rest(shell: Shell, command: str) -> None:
    found = shell.run(*command.split(), "--limit", "2")

    said = found.err.splitlines()[0]
    assert said.startswith("showing 2; more with --limit or --cursor ")
    more = shell.run(*command.split(), "--limit", "2", "--cursor", said.split()[-1])
    assert more.code == 0
    assert more.out != found.out


def test_a_whole_list_does_not_speak_of_more(shell: Shell) -> None:
    assert "more with" not in shell.run("financials", "IBM").err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("prices AAPL --from 2014-01-01", "those stored end on 2013-03-01"),
        ("prices GE", "no prices of GE are stored"),
        ("news --topic gardening", "no articles about this are stored"),
        ("financials GE", "nothing is stored of this"),
        ("search zzzzzzzzzzzzzzz", "no company is like"),
    ],
)
def test_no_data_is_said_and_not_shown_as_an_empty_table(
    shell: Shell, command: str, said: str
) -> None:
    found = shell.run(*command.split())

    assert (found.code, found.out) == (0, "")
    assert said in found.err


def test_a_company_is_shown_with_its_year_and_its_news(shell: Shell) -> None:
    found = shell.run("show", "AAPL")

    assert "Apple Inc." in found.out
    assert "430.47 USD on 2013-03-01" in found.out
    assert set("▁▂▃▄▅▆▇█") <= set(found.out)
    assert "705.07 (2012-09-21)" in found.out
    assert "2013-01-23" in found.out


def test_a_company_that_is_only_listed_is_shown_too(shell: Shell) -> None:
    found = shell.run("show", "GE")

    assert found.code == 0
    assert "NYSE" in found.out


def test_an_empty_store_says_in_its_status_what_to_run(empty_shell: Shell) -> None:
    found = empty_shell.run("status")

    assert found.code == 0
    assert "nothing yet" in found.out
    assert "signal9 ingest" in found.err


def test_text_from_outside_cannot_command_the_terminal() -> None:
    assert one_line("a\x1b[31mred\x07\nline\x9b2J\u2028end") == "a [31mred line 2J end"


def test_colours_are_left_out_where_they_are_not_wanted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[3" in shell.run("news", "AAPL").out

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shell.run("news", "AAPL").out
