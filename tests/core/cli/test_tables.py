import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.cli.command import one_line
from signal9_core.cli.render import common_decimals, common_unit, format_number, sparkline
from signal9_core.cli.views import print_news
from signal9_core.domain.adjustment import AdjustedCloses
from signal9_core.domain.companies import CompanyOverview
from signal9_core.provider_port import History
from signal9_core.schemas.news import ArticleAnswer, NewsAnswer
from tests.fakes import FakeProvider

from .shell import Shell

TABLES = ("status", "search apple", "show AAPL", "prices AAPL", "news IBM", "financials IBM")
NUMBERS = st.decimals(-(10**12), 10**12, allow_nan=False, places=4)


@pytest.mark.parametrize("command", TABLES)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_tables_fit_a_narrow_terminal_and_name_the_sample_apart(
    shell: Shell, app: App, command: str, width: int
) -> None:
    outcome = shell.run(*command.split(), width=width)

    assert outcome.code == 0
    lines = [line for line in outcome.out.splitlines() if not line.startswith("stored in")]
    assert max(map(len, lines)) <= width
    assert "\x1b" not in outcome.out + outcome.err
    assert str(app.provider.notice) in outcome.err
    assert str(app.provider.notice) not in outcome.out


def test_columns_without_room_are_omitted_by_name_and_never_cut(shell: Shell) -> None:
    wide, narrow = shell.run("financials", "IBM"), shell.run("financials", "IBM", width=50)

    assert "104,507" in wide.out
    assert "104,507" in narrow.out
    assert "2009-12-31" in wide.out
    assert "2009-12-31" not in narrow.out
    assert "no room for 2010-12-31, 2009-12-31" in narrow.err


def test_a_narrow_table_of_prices_keeps_closes_and_volumes(shell: Shell) -> None:
    outcome = shell.run("prices", "AAPL", width=40)

    assert outcome.out.splitlines()[-1].split() == ["2013-03-01", "430.470", "19,730,300"]
    assert "no room for open, high and low" in outcome.err
    assert "the latest 20 of 3,270" in outcome.err


def test_prices_keep_their_digits_and_adjusted_ones_are_rounded(shell: Shell) -> None:
    exact = shell.run("prices", "AAPL", "--from", "2013-02-13", "--to", "2013-02-14")
    adjusted = shell.run("prices", "AAPL", "--adjusted", "--limit", "1")

    assert exact.out.splitlines()[-2:] == [
        "2013-02-13  467.2100  473.6400  463.2200  467.0100  16,971,700",
        "2013-02-14  464.5199  471.6400  464.0200  466.5900  12,688,400",
    ]
    assert "adjusted, rounded (exact with --json)" in adjusted.out
    assert all(len(price.split(".")[1]) == 4 for price in adjusted.out.split() if "." in price)


@pytest.mark.parametrize(
    ("command", "remark"),
    [
        ("prices AAPL --from 2014-01-01", "those stored end on 2013-03-01"),
        ("prices GE", "no prices of GE are stored"),
        ("news --topic gardening", "no such articles are stored"),
        ("financials GE", "no such reports are stored"),
        ("search zzzzzzzzzzzzzzz", "no company matches 'zzzzzzzzzzzzzzz'"),
    ],
)
def test_no_data_is_a_remark_and_not_an_empty_table(
    shell: Shell, command: str, remark: str
) -> None:
    outcome = shell.run(*command.split())

    assert (outcome.code, outcome.out) == (0, "")
    assert remark in outcome.err


def test_companies_with_and_without_data_are_shown(
    shell: Shell, empty_shell: Shell, use_provider: Callable[[FakeProvider], None]
) -> None:
    listed_only = shell.run("show", "GE")
    overview = CompanyOverview(
        ticker="AAPL", currency="EUR", market_capitalization=Decimal(1_234_567_890)
    )
    use_provider(FakeProvider(overviews={"AAPL": overview}))
    empty_shell.run("ingest")

    assert "NYSE" in listed_only.out
    assert "1,234,567,890 EUR" in empty_shell.run("show", "AAPL").out


def test_a_year_whose_splits_are_unknown_is_not_drawn_and_has_a_reason_instead_of_a_range(
    empty_shell: Shell, use_provider: Callable[[FakeProvider], None]
) -> None:
    provider = FakeProvider(actions={"AAPL": []})
    use_provider(provider)
    empty_shell.run("ingest")

    known = empty_shell.run("show", "AAPL", width=100).out
    unknown = empty_shell.run("show", "BRK.B", width=100).out

    assert "shorter range     184.25 (2024-01-03) to 193.58 (2023-12-28); No prices from" in known
    assert "52-week range     The splits and dividends from 2024-01-02" in unknown
    assert "its last year     not drawn: its splits are not known" in unknown


def test_adjusted_closes_that_differ_from_the_providers_are_shown_and_named_by_the_status(
    empty_shell: Shell, use_provider: Callable[[FakeProvider], None]
) -> None:
    class Provider(FakeProvider):
        def history(self, ticker: str, since: date | None = None) -> History | None:
            history = super().history(ticker, since)
            if history is None or history.bars is None:
                return history
            closes = [float(close) for close in history.bars.prices("close")]
            if ticker == "AAPL":
                closes[0] /= 4
            checked = AdjustedCloses(history.bars, closes, decimals=6)
            return history._replace(adjusted_closes=[checked])

    use_provider(Provider(actions={"AAPL": [], "BRK.B": []}))
    empty_shell.run("ingest")

    status = empty_shell.run("status", width=200).out
    good, bad = (empty_shell.run("show", name, width=250).out for name in ("BRK.B", "AAPL"))

    difference = "adjusted closes differ from those of fake by 300.0000% on 2023-12-28"
    assert "1 problem" in status
    assert re.search(rf"AAPL +prices +{difference}", status)
    assert "adjusted closes   agree with those of fake, checked" in good
    assert f"adjusted closes   {difference}" in bad


def test_colours_are_omitted_on_request(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[3" in shell.run("news", "AAPL").out

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shell.run("news", "AAPL").out


def test_untrusted_text_cannot_control_the_terminal_and_is_not_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    print_news(_news("[red]\x1b]0;owned\x07 title :smile:", "javascript:alert(1)"))

    shown = capsys.readouterr().out
    assert "[red] ]0;owned title :smile:" in shown
    assert "\x1b]0;" not in shown
    assert "\x1b]8;" not in shown
    print_news(_news("A title", "https://example.com/a"))
    assert "\x1b]8;" in capsys.readouterr().out
    assert one_line("a\x1b[31mred\x07\nline\x9b2J\u2028end") == "a [31mred line 2J end"


def test_tables_are_wide_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    print_news(_news("long title " * 14))

    assert ("long title " * 14).strip() in capsys.readouterr().out


@given(values=st.lists(NUMBERS, max_size=300), width=st.integers(1, 60))
def test_a_sparkline_fits_and_ends_with_the_newest_value(values: list[Decimal], width: int) -> None:
    line = sparkline(values, width)

    assert len(line) == min(len(values), width)
    if len(set(values)) > 1 and len(values) <= width:
        assert line[values.index(min(values))] == "▁"
        assert line[values.index(max(values))] == "█"
    assert sparkline([Decimal(at) for at in (5, 0, 5, 9, 5, 7)], 3)[-1] == "▆"
    assert sparkline([Decimal(5)] * 3, 10) == "▅▅▅"


@given(values=st.lists(st.none() | NUMBERS, max_size=8))
def test_numbers_keep_every_digit_in_the_largest_exact_unit(values: list[Decimal | None]) -> None:
    unit, _ = common_unit(values)

    known = [value for value in values if value is not None]
    assert all(unit == 1 or value % unit == 0 for value in known)
    for value in known:
        assert Decimal(format_number(value).replace(",", "")) == value
        shown = format_number(value, common_decimals(known))
        assert Decimal(shown.replace(",", "")) == value


def test_round_figures_are_in_millions() -> None:
    assert common_unit([Decimal(5_000_000), None, Decimal(-3_000_000)]) == (10**6, "millions")
    assert common_unit([Decimal("5.5"), Decimal(3_000_000)]) == (1, None)


def _news(title: str, url: str | None = None) -> NewsAnswer:
    unknown = dict.fromkeys(("summary", "sentiment", "label", "scored_by"))
    article = ArticleAnswer(
        id="one",
        published_at=datetime(2024, 1, 8, tzinfo=UTC),
        title=title,
        url=url,
        source="Press",
        topics=[],
        tickers=[],
        **unknown,
    )
    return NewsAnswer(items=[article])
