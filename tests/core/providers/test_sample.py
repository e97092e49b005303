from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from itertools import chain
from typing import TypeVar

import pytest

from signal9_core.domain import (
    Asset,
    BalanceSheet,
    DataSet,
    Earnings,
    IncomeStatement,
    Period,
    Statement,
)
from signal9_core.ports import Financials
from signal9_core.providers.sample.provider import SampleProvider

S = TypeVar("S", bound=Statement)

END = date(2013, 3, 1)
COVERED = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
KEPT_RANKS = 10_365


@pytest.fixture(scope="module")
def sample() -> SampleProvider:
    return SampleProvider()


@pytest.fixture(scope="module")
def listing(sample: SampleProvider) -> dict[str, Asset]:
    return {asset.ticker: asset for asset in sample.assets()}


def test_the_sample_says_of_what_it_is_and_where_it_ends(sample: SampleProvider) -> None:
    assert sample.name == "sample"
    assert END.isoformat() in sample.notice
    assert all(ticker in sample.notice for ticker in COVERED)
    assert sample.retrieved_at() == datetime(2013, 3, 1, 21, tzinfo=UTC)


def test_what_the_sample_covers_has_data_of_every_kind(sample: SampleProvider) -> None:
    assert sample.covered() == COVERED
    for ticker in sample.covered():
        assert sample.overview(ticker)
        assert sample.prices(ticker)
        assert sample.financials(ticker).statements
        assert sample.financials(ticker).earnings
        assert list(sample.news(ticker))


@pytest.mark.parametrize(
    ("ticker", "count", "first"),
    [
        ("AAPL", 3270, date(2000, 3, 1)),
        ("FB", 196, date(2012, 5, 18)),
        ("GOOG", 2148, date(2004, 8, 19)),
        ("IBM", 3270, date(2000, 3, 1)),
        ("MSFT", 3270, date(2000, 3, 1)),
    ],
)
def test_prices_reach_to_the_end_and_every_bar_keeps_the_rule(
    sample: SampleProvider, ticker: str, count: int, first: date
) -> None:
    series = sample.prices(ticker)

    assert series is not None
    assert len(list(series)) == count
    assert (series.day(0), series.day(-1)) == (first, END)
    assert (series.ticker, series.currency) == (ticker, "USD")


def test_prices_are_as_traded_and_adjusted_ones_keep_every_published_digit(
    sample: SampleProvider,
) -> None:
    series = sample.prices("AAPL", date(2000, 3, 1))

    assert series is not None
    assert series.bar(0).adjusted_close == Decimal("4.186662803811")
    assert series.between(date(2012, 9, 19)).bar(0).close == Decimal("702.10")


def test_the_sample_gives_all_that_it_has(sample: SampleProvider) -> None:
    assert all(sample.complete(data_set, 5_000) for data_set in DataSet)


def test_prices_can_be_asked_for_from_a_day_on(sample: SampleProvider) -> None:
    series = sample.prices("IBM", date(2013, 2, 28))

    assert series is not None
    assert [bar.day for bar in series] == [date(2013, 2, 28), END]
    assert len(sample.prices("IBM", date(2013, 3, 2)) or ()) == 0


def test_a_company_that_the_sample_does_not_know_has_nothing(sample: SampleProvider) -> None:
    assert sample.overview("TSLA") is None
    assert sample.prices("TSLA") is None
    assert sample.financials("TSLA") == Financials()
    assert list(sample.news("TSLA")) == []
    assert list(sample.calendar()) == []


def test_the_listing_names_every_company_once_with_its_place_by_size(
    sample: SampleProvider, listing: dict[str, Asset]
) -> None:
    ranks = [asset.rank for asset in listing.values() if asset.rank is not None]

    assert len(listing) == len(list(sample.assets()))
    assert ranks == list(range(1, KEPT_RANKS + 1))
    assert listing["BRK.B"].name == "BERKSHIRE HATHAWAY INC"
    assert "BRK-B" not in listing
    assert listing["IBM"].exchange == "NYSE"
    assert listing["IBM"].cik == "51143"


def test_the_listing_is_of_today_and_the_overview_of_2013(
    sample: SampleProvider, listing: dict[str, Asset]
) -> None:
    google = sample.overview("GOOG")

    assert listing["GOOG"].name == "Alphabet Inc."
    assert google is not None
    assert google.name == "Google Inc"


def test_a_covered_company_that_is_no_longer_listed_is_listed_as_it_was(
    listing: dict[str, Asset],
) -> None:
    facebook = listing["FB"]

    assert (facebook.name, facebook.exchange, facebook.rank) == ("Facebook Inc", "NASDAQ", None)
    assert listing["META"].cik == facebook.cik


def test_reported_figures_are_those_of_the_filings(sample: SampleProvider) -> None:
    income = _report(sample, IncomeStatement, "IBM", date(2012, 12, 31))
    balance = _report(sample, BalanceSheet, "AAPL", date(2012, 9, 29))

    assert income.total_revenue == 104_507_000_000
    assert income.net_income == 16_604_000_000
    assert balance.total_assets == 176_064_000_000
    assert balance.common_stock_shares_outstanding == 939_208_000
    assert (income.currency, balance.currency) == ("USD", "USD")


def test_balance_sheets_balance_but_for_the_interests_of_minorities(
    sample: SampleProvider,
) -> None:
    gaps = {
        (sheet.ticker, sheet.fiscal_date_ending): sheet.total_assets - liabilities - equity
        for sheet in _statements(sample)
        if isinstance(sheet, BalanceSheet)
        and sheet.total_assets is not None
        and (liabilities := sheet.total_liabilities) is not None
        and (equity := sheet.total_shareholder_equity) is not None
    }

    assert gaps.pop(("IBM", date(2012, 12, 31))) == 124_000_000
    assert len(gaps) == 11
    assert set(gaps.values()) == {0}


def test_gaps_in_reports_stay_gaps(sample: SampleProvider) -> None:
    quarter = _report(sample, IncomeStatement, "GOOG", date(2011, 6, 30))

    assert sorted(quarter.figures()) == ["netIncome", "operatingIncome", "totalRevenue"]
    assert quarter.gross_profit is None


def test_every_reported_value_of_the_sources_is_there(sample: SampleProvider) -> None:
    reports = chain(_statements(sample), _earnings(sample))

    assert sum(len(report.figures()) for report in reports) == 532


def test_earnings_carry_their_announcement_only_where_it_is_known(sample: SampleProvider) -> None:
    by_end = {(each.ticker, each.fiscal_date_ending): each for each in _earnings(sample)}

    announced = [each for each in by_end.values() if each.reported_date is not None]

    assert len(announced) == 20
    assert all(each.period is Period.QUARTERLY for each in announced)
    assert by_end["AAPL", date(2011, 9, 24)].reported_date == date(2011, 10, 18)
    # Restated later: what was announced in July 2009 were other figures.
    assert by_end["AAPL", date(2009, 6, 27)].reported_eps == Decimal("2.01")
    assert by_end["AAPL", date(2009, 6, 27)].reported_date is None


def test_every_event_is_known_from_the_next_bar_on(sample: SampleProvider) -> None:
    in_winter, in_summer = list(sample.news("AAPL"))[:2]

    assert in_winter.published_at == datetime(2007, 1, 9, 21, tzinfo=UTC)
    assert in_summer.published_at == datetime(2007, 6, 29, 20, tzinfo=UTC)


def test_news_carry_no_tone_but_say_what_they_are_about(sample: SampleProvider) -> None:
    articles = {each.id: each for ticker in COVERED for each in sample.news(ticker)}.values()

    assert len(articles) == 89
    for article in articles:
        assert article.sentiment is None
        assert article.topics
        assert sum(each.relevance for each in article.tickers) == 1
        assert article.published_at <= sample.retrieved_at()
    assert {each.source for each in articles} == {
        "company filing",
        "market data",
        "press release",
        "press report",
    }


def test_news_about_two_companies_are_found_under_both(sample: SampleProvider) -> None:
    last = list(sample.news("FB"))[-1]

    assert last in list(sample.news("MSFT"))
    assert [(each.ticker, each.relevance) for each in last.tickers] == [
        ("FB", Decimal("0.5")),
        ("MSFT", Decimal("0.5")),
    ]


def test_news_can_be_asked_for_since_an_instant(sample: SampleProvider) -> None:
    last = list(sample.news("IBM"))[-1]

    assert list(sample.news("IBM", last.published_at)) == [last]
    assert list(sample.news("IBM", datetime(2013, 1, 22, 21, 0, 1, tzinfo=UTC))) == []


def test_all_of_the_sample_together_is_small() -> None:
    assert _size() < 1_000_000


def _size() -> int:
    folder = files("signal9_core.providers.sample") / "data"
    return sum(len(file.read_bytes()) for file in folder.iterdir())


def _statements(sample: SampleProvider) -> list[Statement]:
    return [each for ticker in COVERED for each in sample.financials(ticker).statements]


def _earnings(sample: SampleProvider) -> list[Earnings]:
    return [each for ticker in COVERED for each in sample.financials(ticker).earnings]


def _report(sample: SampleProvider, kind: type[S], ticker: str, end: date) -> S:
    found = [
        each
        for each in sample.financials(ticker).statements
        if isinstance(each, kind) and each.fiscal_date_ending == end
    ]
    return found[0]
