import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core import Signal9
from signal9_core.domain.news import NewsArticle, TickerSentiment
from signal9_core.domain.prices import Interval
from signal9_core.errors import InputError, NotFoundError
from tests.fakes import FakeProvider


def test_a_search_returns_the_best_match_first(s9: Signal9) -> None:
    hits = s9.search("apple", limit=3)

    assert len(hits) == 3
    assert hits[0].ticker == "AAPL"
    assert [hit.ticker for hit in hits] == [hit.ticker for hit in hits[:3]]


@pytest.mark.parametrize("method", ["asset", "prices", "financials", "news"])
def test_an_unknown_ticker_is_answered_with_the_nearest_ones(s9: Signal9, method: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        getattr(s9, method)("AAPPL")

    assert "AAPL" in caught.value.nearest


def test_prices_are_whole_and_exact(s9: Signal9) -> None:
    company, prices = s9.asset("aapl"), s9.prices("AAPL")

    assert (company.ticker, company.name) == ("AAPL", "Apple Inc.")
    assert len(prices) == company.freshness["prices"].count  # type: ignore[index]
    assert [bar.day for bar in prices] == sorted(bar.day for bar in prices)
    assert (prices.ticker, prices.source, prices.adjusted) == ("AAPL", "sample", False)
    assert str(prices["2013-03-01"].close.normalize()) == "430.47"


def test_prices_of_longer_intervals_and_adjusted_ones(s9: Signal9) -> None:
    months = s9.prices("IBM", start="2012-01-01", end="2012-12-31", interval="1mo", adjusted=True)

    assert len(months) == 12
    assert months.series.interval is Interval.MONTH
    assert months.adjusted
    assert months[0].close < s9.prices("IBM")["2012-01-31"].close


def test_a_bar_is_found_by_position_or_day(s9: Signal9) -> None:
    prices = s9.prices("IBM")

    assert prices[-1] == prices["2013-03-01"] == prices[date(2013, 3, 1)]
    with pytest.raises(
        NotFoundError, match="no bar of IBM on '2013-03-02'; did you mean 2013-03-01"
    ):
        prices["2013-03-02"]
    with pytest.raises(NotFoundError):
        prices["1999-01-01"]
    with pytest.raises(IndexError, match="IBM: no bar at 10000 among 3,270"):
        prices[10_000]
    with pytest.raises(IndexError, match="IBM: no bar at 0 among 0"):
        s9.prices("IBM", start="2014-01-01")[0]


def test_a_slice_of_prices_is_prices(s9: Signal9) -> None:
    prices = s9.prices("IBM")

    january = s9.prices("IBM", start=date(2013, 1, 2), end=datetime(2013, 1, 31, 9, tzinfo=UTC))
    assert (january[0].day, january[-1].day) == (date(2013, 1, 2), date(2013, 1, 31))
    assert prices["2013-01-02":"2013-01-31"] == january
    assert [bar.day for bar in prices[-2:]] == [date(2013, 2, 28), date(2013, 3, 1)]
    assert len(prices[5:2]) == 0
    with pytest.raises(InputError, match="step"):
        prices[::2]


def test_reports_are_whole_and_newest_first(s9: Signal9) -> None:
    reports = s9.financials("AAPL", report="earnings", period="quarterly")

    days = [report.fiscal_date_ending for report in reports]
    assert days == sorted(days, reverse=True)
    assert reports[0] == reports["2012-12-29"] == reports[date(2012, 12, 29)]
    assert reports[:2] == (reports[0], reports[1])
    with pytest.raises(NotFoundError, match="did you mean 2012-12-29"):
        reports["2012-12-30"]


def test_news_are_whole_over_many_pages(
    tmp_path: Path, use_provider: Callable[[FakeProvider], None]
) -> None:
    use_provider(FakeProvider(articles=[_article(number) for number in range(1_005)]))

    with Signal9(tmp_path) as s9:
        assert len(s9.news()) == len(s9.news("aapl")) == 1_005


def test_news_can_be_narrowed(s9: Signal9) -> None:
    articles = s9.news("AAPL", topic="Earnings", start="2012-01-01", end="2012-12-31")

    assert 0 < len(articles) < len(s9.news("AAPL")) < len(s9.news())
    assert {article.published_at.year for article in articles} == {2012}
    assert all("earnings" in article.topics for article in articles)


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("prices", {"interval": "2d"}, "interval: '2d' must be one of 1d, 1w, 1mo"),
        ("financials", {"report": "tales"}, "report: 'tales' must be one of "),
        ("financials", {"period": "daily"}, "period: 'daily' must be one of annual, quarterly"),
        ("news", {"end": "soon"}, "end: invalid date 'soon'"),
        *(
            ("prices", {"start": day}, f"start: invalid date {day!r}")
            for day in (2013, 1.5, ["2013-03-01"], "1 March", "2013-02-30", "20130301")
        ),
        (
            "prices",
            {"start": "2013-01-02", "end": "2013-01-01"},
            "start: 2013-01-02 is after end=2013-01-01",
        ),
        *(
            ("prices", {"adjusted": value}, f"adjusted: {value!r} must be True or False")
            for value in ("crsp", "no", 1)
        ),
    ],
)
def test_wrong_arguments_are_named(
    s9: Signal9, method: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        getattr(s9, method)("IBM", **arguments)


def test_only_positions_days_and_texts_select_a_bar(s9: Signal9) -> None:
    numpy = pytest.importorskip("numpy")
    prices = s9.prices("IBM", start=numpy.datetime64("2013-02-26"), end=numpy.datetime64("now"))

    assert prices[numpy.int64(0)] == prices["2013-02-26"]
    assert prices[numpy.datetime64("2013-02-26", "ns")] == prices[0]
    with pytest.raises(InputError, match=r"^date: invalid date 1\.5"):
        prices[1.5]  # type: ignore[call-overload]
    with pytest.raises(InputError, match=r"^ticker: .*None"):
        s9.prices(None)  # type: ignore[arg-type]


def test_prices_show_company_range_source_and_notice_in_aligned_columns(s9: Signal9) -> None:
    shown = repr(s9.prices("AAPL")).splitlines()

    assert shown[0].startswith("AAPL 1d prices in USD, as traded: ")
    assert shown[0].endswith("bars, 2000-03-01 to 2013-03-01, from sample")
    assert len(shown) == 14
    assert len({len(line) for line in shown[1:-1]}) == 1
    assert shown[-2].startswith("2013-03-01")
    adjusted = repr(s9.prices("IBM", start="2012-03-01", end="2012-03-01", adjusted=True))
    assert "193.880664 " in adjusted


def test_every_result_is_immutable_and_displayed_with_its_notice(s9: Signal9) -> None:
    for result in (
        s9.search("ibm"),
        s9.asset("IBM"),
        s9.prices("IBM"),
        s9.financials("IBM"),
        s9.news("IBM"),
        s9.status(),
    ):
        html = result._repr_html_()
        assert result.notice is not None
        assert result.notice in repr(result)
        assert result.notice in html
        assert "IBM" in repr(result) or "companies" in repr(result)
        assert str(result) == repr(result)
        assert html.startswith("<div>")
        for remote in ("http", "src=", "href=", "url("):
            assert remote not in html
        with pytest.raises((AttributeError, ValueError)):
            result.notice = "changed"  # type: ignore[misc]


def test_results_without_data_say_so_in_words(s9: Signal9) -> None:
    assert "none stored" in repr(s9.prices("IBM", start="2013-02-23", end="2013-02-24"))
    assert "none stored" in s9.financials("GE")._repr_html_()
    assert "<table>" not in s9.prices("GE")._repr_html_()
    assert repr(s9.news("GE")).startswith("0 articles about GE")


def test_a_company_whose_splits_are_unknown_has_a_reason_instead_of_a_range(
    tmp_path: Path, use_provider: Callable[[FakeProvider], None]
) -> None:
    use_provider(FakeProvider(actions={"AAPL": []}))

    with Signal9(tmp_path) as s9:
        known, unknown = s9.asset("AAPL"), s9.asset("BRK.B")

    assert "184.25 to 193.58" in repr(known)
    assert "52-week range     The splits and dividends from 2024-01-02" in repr(unknown)


def test_html_is_escaped(tmp_path: Path, use_provider: Callable[[FakeProvider], None]) -> None:
    script = "<script src='https://example.com/x.js'></script>"
    article = _article(1).model_copy(update={"title": script, "source": "<b>Press"})
    use_provider(FakeProvider(articles=[article], notice="<i>Made up"))

    with Signal9(tmp_path) as s9:
        html = s9.news()._repr_html_()

    assert "&lt;script" in html
    assert not re.search("<script|<b>Press|<i>", html)


def _article(number: int) -> NewsArticle:
    return NewsArticle(
        id=f"article-{number}",
        published_at=datetime(2023, 1, 1 + number % 28, tzinfo=UTC),
        title=f"Article {number}",
        source="Press",
        tickers=(TickerSentiment(ticker="AAPL", relevance=Decimal(1)),),
    )
