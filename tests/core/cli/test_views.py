from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signal9_core.cli.views import print_company, print_news
from signal9_core.domain import Insights, PriceRange, PriceSeries, SentimentLabel, SentimentRating
from signal9_core.schemas import ArticleAnswer, AssetAnswer, NewsAnswer


def test_an_article_without_a_tone_shows_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    print_news(NewsAnswer(items=[_article("Quiet day")]))

    assert capsys.readouterr().out.splitlines()[-2].split() == ["2024-01-08", "–", "Quiet", "day"]  # noqa: RUF001


def test_a_title_cannot_command_the_terminal_nor_be_read_as_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    print_news(NewsAnswer(items=[_article("[red]\x1b]0;owned\x07 title :smile:")]))

    shown = capsys.readouterr().out
    assert "[red] ]0;owned title :smile:" in shown
    assert "\x1b]0;" not in shown


@pytest.mark.parametrize(
    ("url", "linked"),
    [("https://example.com/a", True), ("javascript:alert(1)", False), (None, False)],
)
def test_only_web_addresses_become_links(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    linked: bool,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    print_news(NewsAnswer(items=[_article("Linked", url)]))

    assert ("\x1b]8;" in capsys.readouterr().out) is linked


def test_a_company_shows_its_value_and_the_tone_of_its_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_company(_company(), PriceSeries.from_bars("ACME", []), [])

    shown = capsys.readouterr().out
    assert "1,234,567,890 EUR" in shown
    assert "Somewhat-Bullish +0.25 (12 articles in 90 days to 2024-01-08)" in shown
    assert "1.5 (2023-02-01) to 9.25 (2023-09-01)" in shown


def test_where_there_is_no_terminal_tables_are_wide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    print_news(NewsAnswer(items=[_article("long title " * 14)]))

    assert ("long title " * 14).strip() in capsys.readouterr().out


def _article(title: str, url: str | None = None) -> ArticleAnswer:
    return ArticleAnswer(
        id="one",
        published_at=datetime(2024, 1, 8, tzinfo=UTC),
        title=title,
        summary=None,
        url=url,
        source="Press",
        topics=[],
        tickers=[],
        sentiment=None,
        label=None,
        scored_by=None,
    )


def _company() -> AssetAnswer:
    day = date(2024, 1, 8)
    rating = SentimentRating(
        as_of=day,
        window_days=90,
        sample_size=12,
        score=Decimal("0.25"),
        label=SentimentLabel.SOMEWHAT_BULLISH,
    )
    span = PriceRange(
        as_of=day,
        low=Decimal("1.5"),
        low_on=date(2023, 2, 1),
        high=Decimal("9.25"),
        high_on=date(2023, 9, 1),
    )
    return AssetAnswer(
        ticker="ACME",
        name="Acme",
        exchange=None,
        asset_type=None,
        status="active",
        cik=None,
        sector=None,
        industry=None,
        country=None,
        currency="EUR",
        fiscal_year_end=None,
        description=None,
        market_capitalization=Decimal(1_234_567_890),
        insights=Insights(sentiment=rating, range_52_weeks=span),
        freshness={},
    )
