from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core import bootstrap as adapters
from signal9_core.domain import NewsArticle, TickerSentiment
from signal9_core.notebook.client import Signal9
from tests.fakes import FakeProvider

SENT = "<script src='https://example.com/x.js'></script>"


def test_prices_show_whose_they_are_their_span_their_source_and_the_notice(s9: Signal9) -> None:
    shown = repr(s9.prices("AAPL")).splitlines()

    assert shown[0].startswith("AAPL 1d prices in USD, as traded: ")
    assert shown[0].endswith("bars, 2000-03-01 to 2013-03-01, from sample")
    assert len(shown) == 14
    assert shown[-2].split()[:1] == ["2013-03-01"]
    assert "2013-03-01" in shown[-1]


def test_numbers_stand_on_the_right(s9: Signal9) -> None:
    table = repr(s9.prices("AAPL")).splitlines()[1:-1]

    assert len({len(line) for line in table}) == 1


def test_every_result_shows_itself_as_text_and_in_notebooks(s9: Signal9) -> None:
    results = (
        s9.search("ibm"),
        s9.asset("IBM"),
        s9.prices("IBM"),
        s9.financials("IBM"),
        s9.news("IBM"),
        s9.status(),
    )
    for result in results:
        assert result.notice is not None
        assert result.notice in repr(result)
        assert "IBM" in repr(result) or "companies" in repr(result)
        assert str(result) == repr(result)
        assert result._repr_html_().startswith("<div>")
        assert result.notice in result._repr_html_()


def test_nothing_stored_is_said_in_words(s9: Signal9) -> None:
    assert "none stored" in repr(s9.prices("GE"))
    assert "none stored" in s9.financials("GE")._repr_html_()
    assert "<table>" not in s9.prices("GE")._repr_html_()
    assert repr(s9.news("GE")).startswith("0 articles about GE")


def test_html_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    article = NewsArticle(
        id="sent",
        published_at=datetime(2023, 1, 1, tzinfo=UTC),
        title=SENT,
        source="<b>Press",
        tickers=(TickerSentiment(ticker="AAPL", relevance=Decimal(1)),),
    )
    provider = FakeProvider(articles=[article], notice="<i>Made up")
    monkeypatch.setattr(adapters, "make_provider", lambda *_: provider)

    with Signal9(tmp_path) as s9:
        html = s9.news()._repr_html_()

    assert "<script" not in html
    assert "&lt;script" in html
    assert "<b>Press" not in html
    assert "<i>" not in html


def test_html_loads_nothing_from_elsewhere(s9: Signal9) -> None:
    html = s9.asset("AAPL")._repr_html_() + s9.news("AAPL")._repr_html_()

    for word in ("http", "src=", "href=", "url("):
        assert word not in html
