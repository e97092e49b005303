import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from signal9_core import bootstrap as adapters
from signal9_core.domain import Interval, NewsArticle, TickerSentiment
from signal9_core.errors import InputError, NotFoundError
from signal9_core.notebook.client import Signal9
from tests.fakes import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_search_finds_the_best_first(s9: Signal9) -> None:
    hits = s9.search("apple", limit=3)

    assert len(hits) == 3
    assert hits[0].ticker == "AAPL"
    assert [hit.ticker for hit in hits] == [hit.ticker for hit in hits[:3]]


def test_a_company_is_known_by_its_ticker_in_any_case(s9: Signal9) -> None:
    company = s9.asset("aapl")

    assert (company.ticker, company.name) == ("AAPL", "Apple Inc.")
    assert company.freshness["prices"].as_of == date(2013, 3, 1)  # type: ignore[index]


def test_an_unknown_ticker_is_answered_with_the_nearest_ones(s9: Signal9) -> None:
    asked: list[Callable[[str], object]] = [s9.asset, s9.prices, s9.financials, s9.news]
    for ask in asked:
        with pytest.raises(NotFoundError) as caught:
            ask("AAPPL")
        assert "AAPL" in caught.value.nearest


def test_prices_are_whole_and_exact(s9: Signal9) -> None:
    prices = s9.prices("AAPL")

    assert len(prices) == s9.asset("AAPL").freshness["prices"].count  # type: ignore[index]
    assert [bar.day for bar in prices] == sorted(bar.day for bar in prices)
    assert (prices.ticker, prices.source, prices.adjusted) == ("AAPL", "sample", False)
    assert str(prices["2013-03-01"].close.normalize()) == "430.47"


def test_prices_can_be_cut_by_days_given_either_way(s9: Signal9) -> None:
    as_text = s9.prices("IBM", start="2013-01-02", end="2013-01-31")
    as_dates = s9.prices("IBM", start=date(2013, 1, 2), end=datetime(2013, 1, 31, 9, tzinfo=UTC))

    assert as_text.series == as_dates.series
    assert (as_text[0].day, as_text[-1].day) == (date(2013, 1, 2), date(2013, 1, 31))


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


def test_a_slice_of_prices_is_prices(s9: Signal9) -> None:
    prices = s9.prices("IBM")

    january = s9.prices("IBM", start="2013-01-02", end="2013-01-31")
    assert prices["2013-01-02":"2013-01-31"] == january
    assert [bar.day for bar in prices[-2:]] == [date(2013, 2, 28), date(2013, 3, 1)]
    assert len(prices[5:2]) == 0
    with pytest.raises(InputError, match="step"):
        prices[::2]


def test_reports_are_whole_and_newest_first(s9: Signal9) -> None:
    reports = s9.financials("AAPL", report="earnings", period="quarterly")

    days = [each.fiscal_date_ending for each in reports]
    assert days == sorted(days, reverse=True)
    assert reports[0] == reports["2012-12-29"] == reports[date(2012, 12, 29)]
    assert reports[:2] == (reports[0], reports[1])
    with pytest.raises(NotFoundError, match="did you mean 2012-12-29"):
        reports["2012-12-30"]


def test_news_are_whole_however_many_pages_they_fill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [_article(number) for number in range(1_005)]
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider(articles=many))

    with Signal9(tmp_path) as s9:
        assert len(s9.news()) == len(s9.news("aapl")) == 1_005


def test_news_can_be_narrowed(s9: Signal9) -> None:
    found = s9.news("AAPL", topic="Earnings", start="2012-01-01", end="2012-12-31")

    assert len(found) > 0
    assert {each.published_at.year for each in found} == {2012}
    assert all("earnings" in each.topics for each in found)
    assert len(found) < len(s9.news("AAPL")) < len(s9.news())


def test_status_counts_what_is_stored(s9: Signal9) -> None:
    assert s9.status().data_sets["prices"].companies == 5  # type: ignore[index]


def test_what_has_no_meaning_is_refused_by_name(s9: Signal9) -> None:
    with pytest.raises(InputError, match="interval: '2d' is none of 1d, 1w, 1mo"):
        s9.prices("IBM", interval="2d")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="report"):
        s9.financials("IBM", report="tales")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="end: 'soon' is no day"):
        s9.news("IBM", end="soon")
    with pytest.raises(InputError, match="start: 2013-01-02 is after end=2013-01-01"):
        s9.prices("IBM", start="2013-01-02", end="2013-01-01")


@pytest.mark.parametrize("name", ["crsp", "no", 1])
def test_what_is_only_taken_for_yes_is_no_way_to_adjust(s9: Signal9, name: object) -> None:
    with pytest.raises(InputError, match=f"^adjusted: {name!r} is neither True nor False$"):
        s9.prices("IBM", adjusted=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("day", [2013, 1.5, ["2013-03-01"], "1 March", "2013-02-30"])
def test_what_is_no_day_is_refused_wherever_a_day_is_asked_for(s9: Signal9, day: object) -> None:
    shown = re.escape(repr(day))
    with pytest.raises(InputError, match=f"^start: {shown} is no day as 2013-03-01$"):
        s9.prices("IBM", start=day)  # type: ignore[arg-type]
    if not isinstance(day, int):
        with pytest.raises(InputError, match=f"^date: {shown} is no day as 2013-03-01$"):
            s9.prices("IBM")[day]  # type: ignore[call-overload]


def test_numbers_and_days_of_numpy_are_as_good_as_pythons(s9: Signal9) -> None:
    numpy = pytest.importorskip("numpy")
    prices = s9.prices("IBM", start=numpy.datetime64("2013-02-26"), end=numpy.datetime64("now"))

    assert prices[numpy.int64(0)] == prices["2013-02-26"]
    assert prices[numpy.datetime64("2013-02-26", "ns")] == prices[0]


def test_a_ticker_has_to_be_a_text(s9: Signal9) -> None:
    with pytest.raises(InputError, match=r"^ticker: invalid ticker None$"):
        s9.prices(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "end"), [("2013-02-23", "2013-02-24"), ("2014-01-01", None)])
def test_a_range_without_trading_is_an_empty_answer_that_works(
    s9: Signal9, start: str, end: str | None
) -> None:
    nothing = s9.prices("IBM", start=start, end=end)

    assert len(nothing) == len(nothing.to_pandas()) == len(nothing.to_polars()) == 0
    assert list(nothing.to_pandas().dtypes) == list(s9.prices("IBM").to_pandas().dtypes)
    assert "none stored" in repr(nothing)
    with pytest.raises(IndexError, match="IBM: no bar at 0 among 0"):
        nothing[0]


def test_adjusted_prices_are_shown_with_at_most_six_decimals(s9: Signal9) -> None:
    shown = repr(s9.prices("AAPL", start="2013-03-01", adjusted=True))

    assert "56.137353 " in shown
    assert "56.1373530" not in shown


def test_results_cannot_be_changed(s9: Signal9) -> None:
    for result in (s9.prices("IBM"), s9.news("IBM"), s9.asset("IBM"), s9.status()):
        with pytest.raises((AttributeError, ValueError)):
            result.notice = "changed"  # type: ignore[misc]


def _article(number: int) -> NewsArticle:
    return NewsArticle(
        id=f"article-{number}",
        published_at=datetime(2023, 1, 1 + number % 28, tzinfo=UTC),
        title=f"Article {number}",
        source="Press",
        tickers=(TickerSentiment(ticker="AAPL", relevance=Decimal(1)),),
    )
