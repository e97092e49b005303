"""AlphaVantage: requests, error texts, and how each kind of body is read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.companies import DataSet
from signal9_core.domain.news import article_id
from signal9_core.domain.prices import PriceSeries
from signal9_core.domain.reports import BalanceSheet, Period
from signal9_core.errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
    RequestRefusedError,
)
from signal9_core.provider_port import Financials, Provider
from signal9_core.providers.alphavantage import COMPACT_BARS, NEWS_LIMIT
from signal9_core.providers.alphavantage.news import parse_news
from signal9_core.providers.alphavantage.parsers import FORMAT
from signal9_core.providers.alphavantage.prices import (
    Daily,
    parse_daily,
    parse_dividends,
    parse_splits,
)
from signal9_core.providers.alphavantage.reports import (
    parse_calendar,
    parse_earnings,
    parse_listing,
    parse_overview,
    parse_statements,
)
from signal9_core.providers.alphavantage.responses import canonical, spelled
from tests.fakes import NOW

from .wire import (
    KEY,
    CountingQuota,
    adjusted_bar,
    alphavantage,
    balance_sheet,
    bar,
    body,
    daily,
    earnings,
    news_item,
    response,
)

EMPTY = response(b"{}")
HEAD = "timestamp,open,high,low,close,volume"
LISTING = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
CALENDAR = "symbol,name,reportDate,fiscalDateEnding,estimate,currency"
QUARTER = {"fiscalDateEnding": "2023-09-30", "reportedCurrency": "USD"}


def test_every_function_is_requested_as_documented() -> None:
    client, wire = alphavantage(EMPTY)

    client.daily("BRK.B")
    client.daily_adjusted("IBM", full=True)
    client.splits("BRK.B")
    client.dividends("IBM")
    client.statements("IBM", BalanceSheet)
    client.calendar()
    client.assets()
    client.news("ABR.PD", since=datetime(2024, 1, 1, 5, 59, 59, tzinfo=UTC))

    assert [{**params, "apikey": ""} for params in wire.params] == [
        {"apikey": "", "function": function, **more}
        for function, more in [
            ("TIME_SERIES_DAILY", {"symbol": "BRK-B", "outputsize": "compact"}),
            ("TIME_SERIES_DAILY_ADJUSTED", {"symbol": "IBM", "outputsize": "full"}),
            ("SPLITS", {"symbol": "BRK-B"}),
            ("DIVIDENDS", {"symbol": "IBM"}),
            ("BALANCE_SHEET", {"symbol": "IBM"}),
            ("EARNINGS_CALENDAR", {"horizon": "3month"}),
            ("LISTING_STATUS", {"state": "active"}),
            (
                "NEWS_SENTIMENT",
                {
                    "tickers": "ABR-P-D",
                    "time_from": "20240101T0559",
                    "sort": "LATEST",
                    "limit": "1000",
                },
            ),
        ]
    ]
    assert {params["apikey"] for params in wire.params} == {KEY}


@pytest.mark.parametrize(
    ("found", "method", "function"),
    [
        (daily("MSFT", {"2024-01-02": bar()}), "daily", "TIME_SERIES_DAILY"),
        (earnings("MSFT", {}), "earnings", "EARNINGS"),
        (body({"Symbol": "MSFT"}), "overview", "OVERVIEW"),
        (
            body({"symbol": "MSFT", "data": [{"effective_date": "2003-02-18", "split_factor": 2}]}),
            "splits",
            "SPLITS",
        ),
    ],
)
def test_a_response_about_another_company_is_refused_but_a_recording_is_about_what_it_names(
    found: bytes, method: str, function: str
) -> None:
    client, _ = alphavantage(response(found))

    with pytest.raises(PayloadError, match="IBM: the response is about MSFT"):
        getattr(client, method)("IBM")
    recorded = FORMAT.parsers[function](found, "IBM")
    assert {getattr(record, "ticker", None) for record in recorded} == {"MSFT"}


def _feed(first: int, count: int) -> bytes:
    newest = NOW.replace(tzinfo=None)
    stamps = [newest - timedelta(minutes=at) for at in range(first, first + count)]
    items = [news_item(f"u{at}", f"{at:%Y%m%dT%H%M%S}") for at in stamps]
    return body({"feed": items})


def test_news_since_an_instant_are_read_to_the_end() -> None:
    pages = [_feed(0, NEWS_LIMIT), _feed(NEWS_LIMIT - 2, NEWS_LIMIT), _feed(2 * NEWS_LIMIT - 3, 20)]
    client, wire = alphavantage(*map(response, pages))
    since = NOW - timedelta(minutes=2_010)

    found = client.news("IBM", since=since)

    assert len(found) == 2_011
    assert min(article.published_at for article in found) == since
    assert [params.get("time_to") for params in wire.params] == [
        None,
        f"{NOW - timedelta(minutes=998):%Y%m%dT%H%M}",
        f"{NOW - timedelta(minutes=1_996):%Y%m%dT%H%M}",
    ]


@pytest.mark.parametrize(
    ("count", "since", "expected"),
    [
        (2, None, (1, True)),
        (COMPACT_BARS, None, (99, False)),
        (COMPACT_BARS, date(2024, 1, 6), (2, False)),
    ],
)
def test_a_free_plan_has_the_last_hundred_bars_but_that_of_today(
    count: int, since: date | None, expected: tuple[int, bool]
) -> None:
    days = {f"{NOW - timedelta(days=at):%Y-%m-%d}": bar() for at in range(count)}
    client, wire = alphavantage(response(daily("IBM", days)))

    history = client.history("IBM", since)

    assert history is not None
    assert history.bars is not None
    assert (len(history.bars), history.complete) == expected
    assert history.coverage == ()
    assert wire.params[0]["function"] == "TIME_SERIES_DAILY"
    assert wire.params[0]["outputsize"] == "compact"


@pytest.mark.parametrize(
    ("since", "size", "first", "complete"),
    [
        (None, "full", date(2024, 1, 2), True),
        (date(2023, 12, 1), "compact", date(2023, 12, 1), True),
        (date(2024, 1, 4), "compact", date(2024, 1, 4), False),
        (date(2023, 1, 1), "full", date(2023, 1, 1), True),
    ],
)
def test_a_premium_plan_requests_what_is_new_with_splits_and_dividends(
    since: date | None, size: str, first: date, *, complete: bool
) -> None:
    paid = adjusted_bar(dividend="0.24")
    days = {f"2024-01-0{day}": paid for day in (2, 3, 5, 8)}
    client, wire = alphavantage(response(daily("IBM", days)), premium=True)

    history = client.history("IBM", since)

    assert history is not None
    assert wire.params[0]["function"] == "TIME_SERIES_DAILY_ADJUSTED"
    assert wire.params[0]["outputsize"] == size
    assert history.coverage == ((first, date(2024, 1, 7)),)
    assert history.complete is complete
    days_of_actions = [action.ex_date.day for action in history.actions]
    assert days_of_actions == [day for day in (2, 3, 5) if date(2024, 1, day) >= first]


def test_a_compact_series_that_does_not_reach_back_covers_only_its_own_days() -> None:
    stamps = [NOW - timedelta(days=at) for at in range(1, COMPACT_BARS + 1)]
    days = {f"{stamp:%Y-%m-%d}": adjusted_bar() for stamp in stamps}
    client, _ = alphavantage(response(daily("IBM", days)), premium=True)

    history = client.history("IBM", date(2023, 9, 12))

    assert history is not None
    assert history.coverage == ((stamps[-1].date(), date(2024, 1, 7)),)
    assert not history.complete


def test_reports_take_a_call_each_or_none_if_too_few_are_left() -> None:
    quota = CountingQuota(left=3, refuse=lambda: QuotaExhaustedError("alphavantage", NOW))
    client, wire = alphavantage(EMPTY, quota=quota)
    with pytest.raises(QuotaExhaustedError):
        client.financials("IBM")
    assert wire.requests == []

    client, wire = alphavantage(EMPTY)
    assert client.financials("IBM") == Financials([], [])
    assert len(wire.requests) == 4


def test_only_news_may_be_incomplete() -> None:
    provider: Provider = alphavantage(EMPTY)[0]

    assert [provider.complete(DataSet.NEWS, count) for count in (999, 1000)] == [True, False]
    assert provider.complete(DataSet.FINANCIALS, 1000)
    assert (provider.covered(), provider.retrieved_at()) == (None, NOW)


@pytest.mark.parametrize(
    ("symbol", "ticker"),
    [
        ("BRK-B", "BRK.B"),
        ("ACHR-WS", "ACHR.WS"),
        ("ABR-P-D", "ABR.PD"),
        ("TSCO.LON", "TSCO.LON"),
        ("CRYPTO:BTC", "CRYPTO:BTC"),
        ("IBM", "IBM"),
    ],
)
def test_tickers_are_spelled_one_way_there_and_one_way_here(symbol: str, ticker: str) -> None:
    assert canonical(symbol) == ticker
    assert spelled(ticker) == symbol


@pytest.mark.parametrize(
    ("symbol", "ticker"), [("ABR-PD", "ABR.PD"), ("BC/PB", "BC.PB"), (" brk.b ", "BRK.B")]
)
def test_other_spellings_mean_the_same(symbol: str, ticker: str) -> None:
    assert canonical(symbol) == ticker


THANKS = "Thank you for using Alpha Vantage!"
SUBSCRIBE = "You may subscribe to any of the premium plans"
BURST = (
    f"{THANKS} Please consider spreading out your free API requests more sparingly (1 request "
    f"per second). {SUBSCRIBE} to lift the free key rate limit (25 requests per day)."
)
FREQUENCY = "Our standard API call frequency is 5 calls per minute and 500 calls per day."
DAILY = "We have detected your API key as ABC123 and our standard limit is 25 requests per day."
PARAMETER = f"{THANKS} The outputsize=full parameter value is a premium feature. {SUBSCRIBE}."
TEXTS: list[tuple[type[ProviderError], str, str]] = [
    (RateLimitError, "Information", BURST),
    (RateLimitError, "Note", f"{THANKS} {FREQUENCY}"),
    (DailyQuotaError, "Information", f"{DAILY} {SUBSCRIBE} to remove all daily rate limits."),
    (PlanError, "Information", f"{THANKS} This is a premium endpoint. {SUBSCRIBE}."),
    (PlanError, "Information", PARAMETER),
    (CredentialsError, "Error Message", "the parameter apikey is invalid or missing."),
    (CredentialsError, "Information", "The **demo** API key is for demo purposes only."),
    (RequestRefusedError, "Error Message", "Invalid API call. Please retry."),
    (RequestRefusedError, "Information", "Invalid inputs. Please refer to the documentation"),
    (PayloadError, "Note", "Servers are on holiday, API key as ABC123."),
]


@pytest.mark.parametrize(("kind", "name", "text"), TEXTS)
@pytest.mark.parametrize("function", ["OVERVIEW", "LISTING_STATUS", "TIME_SERIES_DAILY"])
def test_each_text_means_one_error_whatever_was_requested(
    function: str, kind: type[ProviderError], name: str, text: str
) -> None:
    with pytest.raises(kind, match=f"^alphavantage {function}.* IBM: ") as caught:
        list(FORMAT.parsers[function](body({name: text}), "IBM"))

    assert type(caught.value) is kind
    assert "ABC123" not in str(caught.value)
    assert kind is not PayloadError or "on holiday, API key as [key]" in str(caught.value)


@pytest.mark.parametrize("function", sorted(FORMAT.parsers))
@pytest.mark.parametrize("nothing", [b"{}", body({"Information": "No articles found. Please ..."})])
def test_no_data_is_not_an_error(function: str, nothing: bytes) -> None:
    assert list(FORMAT.parsers[function](nothing, "IBM")) == []


def _parsed(content: bytes, ticker: str | None = "IBM") -> Daily:
    found = parse_daily(content, ticker)
    assert found is not None
    return found


def _rows(series: PriceSeries) -> list[tuple[object, ...]]:
    return [(row.day, row.open, row.high, row.low, row.close, row.volume) for row in series]


@st.composite
def _bars(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Rows of consecutive days, in any order, prices with up to six decimals."""
    decimals, day = draw(st.integers(0, 6)), date(draw(st.integers(1, 9000)), 2, 27)
    rows = []
    for at in range(draw(st.integers(1, 6))):
        cents = draw(st.lists(st.integers(9 * 10**6, 10**7), min_size=4, max_size=4))
        low, first, last, high = sorted(Decimal(value).scaleb(-decimals) for value in cents)
        volume = draw(st.integers(0, 10**12))
        prices = (first, high, low, last)
        rows.append((str(day + timedelta(at)), *(f"{price:f}" for price in prices), str(volume)))
    return draw(st.permutations(rows))


@settings(deadline=None, max_examples=60)
@given(_bars())
def test_every_digit_of_every_bar_is_read_in_either_form(rows: list[tuple[str, ...]]) -> None:
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    days = {day: dict(zip(names, values, strict=True)) for day, *values in rows}
    lines = "\r\n".join((HEAD, *map(",".join, rows), ""))
    expected = [
        (date.fromisoformat(day), *map(Decimal, prices), int(volume))
        for day, *prices, volume in sorted(rows)
    ]

    assert _rows(_parsed(daily("BRK-B", days), None).series) == expected
    assert _rows(_parsed(lines.encode()).series) == expected


def test_a_table_is_read_by_name_in_any_order_of_columns_and_rows() -> None:
    table = f"{HEAD}\n2024-01-03,10,12.5,9.125,11.00,7\n2024-01-02,10,12.5,9.125,11.00,1000\n"
    other = (
        "volume,note,close,low,high,open,timestamp\n"
        "1000,x,11.00,9.125,12.5,10,2024-01-02\n7,y,11.00,9.125,12.5,10,2024-01-03\n"
    )

    series = _parsed(table.encode()).series

    assert (series.day(0), series.bar(0).low) == (date(2024, 1, 2), Decimal("9.125"))
    assert _rows(_parsed(other.encode()).series) == _rows(series)


@pytest.mark.parametrize("more", [{}, {"9. note": "new"}])
def test_splits_and_dividends_come_with_the_adjusted_series(more: dict[str, str]) -> None:
    bars = {
        "2024-01-03": adjusted_bar(**more),
        "2024-01-02": adjusted_bar(dividend="0.2500", split="2.0", **more),
    }

    series, actions, adjusted = _parsed(daily("BRK-B", bars), None)

    assert adjusted is not None
    assert [(action.kind, action.amount or action.ratio) for action in actions] == [
        ("dividend", Decimal("0.25")),
        ("split", Decimal(2)),
    ]
    assert {action.ticker for action in actions} == {series.ticker} == {"BRK.B"}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b"timestamp,open,high,low,last,volume\n", "column close is missing; there is timestamp"),
        (b"", "column timestamp, open, high, low, close, volume is missing"),
        (f"{HEAD}\n2024-01-02,10,12.5,9.1".encode(), "row 2 has 4 of 6 columns"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,many\n".encode(), "'many'"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,None,1\n".encode(), "'None'"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,{'9' * 20}\n".encode(), "too big"),
        (f"{HEAD}\n02.01.2024,10,12.5,9,11,1\n".encode(), "Invalid isoformat"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,1\n2024-01-02,10,12,9,11,1\n".encode(), "occurs twice"),
        (f"{HEAD}\n2024-01-02,10,12.5,10.5,11,1\n".encode(), "2024-01-02: .* outside low..high"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,-1\n".encode(), "2024-01-02: .* below zero"),
        (b"\xff\xfe", "can't decode byte 0xff"),
        (daily("A", {"2024-01-02": {"1. open": "1"}}), "field high, low, close, volume is missing"),
        (
            daily("A", {"2024-01-02": bar(), "2024-01-03": {"1. open": "1"}}),
            "some bars have no '2. high'",
        ),
        (body({"Meta Data": {}, "Series": {}}), r"Time Series \(Daily\) is missing"),
        (body({"Meta Data": "?", "Time Series (Daily)": {}}), "Expected `object`, got `str`"),
        (daily("A", {"2024-01-02": adjusted_bar(dividend="much")}), "invalid number 'much'"),
    ],
)
def test_what_is_wrong_with_a_series_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage TIME_SERIES_DAILY A.*{problem}"):
        list(FORMAT.parsers["TIME_SERIES_DAILY"](found, "A"))


def test_a_table_must_be_about_a_known_company() -> None:
    with pytest.raises(PayloadError, match="which company"):
        list(
            FORMAT.parsers["TIME_SERIES_DAILY"](
                f"{HEAD}\n2024-01-02,10,12.5,9,11,1\n".encode(), None
            )
        )


def test_a_jump_is_an_error_unless_a_split_explains_it() -> None:
    def content(split: str) -> bytes:
        prices = {"1. open": "645", "2. high": "651", "3. low": "640", "4. close": "645.57"}
        return daily(
            "A", {"2024-01-04": adjusted_bar(**prices), "2024-01-05": adjusted_bar(split=split)}
        )

    assert len(_parsed(content("50.0")).series) == 2
    with pytest.raises(PayloadError, match=r"2024-01-05: close 11.00 after 645.57, and no split"):
        list(FORMAT.parsers["TIME_SERIES_DAILY"](content("1.0"), "A"))


def test_splits_and_dividends_are_read_from_json_and_tables_oldest_first() -> None:
    rows = [("2021-11-04", "1.0460"), ("1999-05-27", "2.0000")]
    table = "\n".join(["effective_date,split_factor", *map(",".join, rows)]).encode()
    data = [{"effective_date": day, "split_factor": factor} for day, factor in rows]
    paid = b"ex_dividend_date,payment_date,amount\n2024-01-05,2024-01-09,0.1\n2024-01-05,None,2\n"

    splits = parse_splits(table, "BRK.B")
    (dividend,) = parse_dividends(paid, "IBM")

    assert [(str(split.ex_date), split.ratio) for split in splits] == [
        ("1999-05-27", Decimal(2)),
        ("2021-11-04", Decimal("1.046")),
    ]
    assert parse_splits(body({"symbol": "BRK-B", "data": data}), None) == splits
    # Two dividends of one day are one.
    assert (dividend.amount, dividend.model_extra) == (
        Decimal("2.1"),
        {"payment_date": "2024-01-09"},
    )


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b"effective_day,split_factor\n", "column effective_date is missing"),
        (b"effective_date,split_factor\n2024-01-05,None\n", "a split without its figure"),
        (b"effective_date,split_factor\n2024-01-05,0\n", "ratio .*greater than 0"),
        (body({"symbol": "IBM", "data": [{}]}), "effective_date, split_factor is missing"),
    ],
)
def test_what_is_wrong_with_splits_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage SPLITS IBM: .*{problem}"):
        list(FORMAT.parsers["SPLITS"](found, "IBM"))


def _sheets(content: bytes, ticker: str | None = None) -> list[BalanceSheet]:
    return parse_statements(content, ticker, BalanceSheet)


@pytest.mark.parametrize("nothing", ["None", "-", "", "null", None])
def test_missing_values_are_none(nothing: str | None) -> None:
    raw = {**QUARTER, "reportedCurrency": nothing, "goodwill": nothing, "notYetInvented": nothing}

    (sheet,) = _sheets(balance_sheet("IBM", raw))

    assert sheet.currency is None
    assert sheet.figures() == {"goodwill": None, "notYetInvented": None}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"symbol": "IBM", "quarterlyReports": []}, "field annualReports is missing"),
        ({"annualReports": [], "quarterlyReports": []}, "field symbol is missing"),
        (
            {"symbol": "IBM", "annualReports": [], "quarterlyReports": [{"fiscalDate": "2023"}]},
            "fiscalDateEnding .*Field required",
        ),
        (
            {"symbol": "IBM", "annualReports": "?", "quarterlyReports": []},
            "Expected `array`",
        ),
        (
            {
                "symbol": "IBM",
                "annualReports": [{**QUARTER, "totalAssets": "plenty"}],
                "quarterlyReports": [],
            },
            "totalAssets 'plenty'",
        ),
    ],
)
def test_what_is_wrong_with_statements_is_named(document: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage BALANCE_SHEET IBM.*{problem}"):
        list(FORMAT.parsers["BALANCE_SHEET"](body(document), "IBM"))


@pytest.mark.parametrize(
    ("years", "quarters", "finished"),
    [
        (
            {"2024-06-30": "5", "2023-12-31": "9", "2022-12-31": "8"},
            8,
            ["2023-12-31", "2022-12-31"],
        ),
        ({"2021-09-30": "6", "2020-09-26": "3"}, 8, ["2021-09-30", "2020-09-26"]),
        ({"2021-01-02": "6", "2019-12-28": "3"}, 8, ["2021-01-02", "2019-12-28"]),
        ({"2022-03-31": "1", "2020-12-31": "3"}, 8, ["2020-12-31"]),
        ({"2020-12-31": "3"}, 8, ["2020-12-31"]),
        ({"2024-03-31": "0.1"}, 1, []),
        ({}, 8, []),
    ],
)
def test_the_fiscal_year_in_progress_is_left_out(
    years: Mapping[str, str], quarters: int, finished: list[str]
) -> None:
    found = parse_earnings(earnings("BRK-B", years, quarters), None)

    annual = [report for report in found if report.period is Period.ANNUAL]
    assert [str(report.fiscal_date_ending) for report in annual] == finished
    assert len(found) == len(annual) + quarters


@pytest.mark.parametrize(
    ("ends", "latest_quarter", "finished"),
    [
        # Eleven months, from January to December: no year in progress has that length.
        (["2021-12-31", "2021-01-31", "2020-01-31"], "2021-12-31", 3),
        # Six months, of which the last two quarters are reported: maybe half a year.
        (["2021-12-31", "2021-06-30", "2020-06-30"], "2021-12-31", 2),
        (["2021-12-31", "2021-06-30", "2020-06-30"], "2022-03-31", 3),
        # A year in progress after six months, and after a whole one that has ended.
        (["2022-03-31", "2021-12-31", "2021-06-30"], "2022-03-31", 2),
        (["2022-12-31", "2021-12-31", "2021-06-30"], "2022-12-31", 3),
        # The last quarter is not reported yet: the figure is the sum of three.
        (["2021-12-31", "2020-12-31"], "2021-09-30", 1),
        (["2021-12-31"], "2021-09-30", 0),
    ],
)
def test_a_change_of_the_fiscal_year_drops_no_year_that_has_ended(
    ends: Sequence[str], latest_quarter: str, finished: int
) -> None:
    days = [date.fromisoformat(latest_quarter) - timedelta(days=91 * at) for at in range(8)]
    quarterly = [{"fiscalDateEnding": str(day), "reportedEPS": "1"} for day in days]
    coming = {"fiscalDateEnding": str(days[0] + timedelta(days=91)), "reportedEPS": "None"}
    annual = [{"fiscalDateEnding": end, "reportedEPS": "4"} for end in ends]
    content = {
        "symbol": "IBM",
        "annualEarnings": annual,
        "quarterlyEarnings": [coming, *quarterly],
    }

    found = parse_earnings(body(content), None)

    years = [report for report in found if report.period is Period.ANNUAL]
    assert [str(report.fiscal_date_ending) for report in years] == ends[len(ends) - finished :]


def test_an_overview_is_read_by_name_and_the_rest_is_kept() -> None:
    fields = {
        "Symbol": "BRK-B",
        "CIK": "1067983",
        "LatestQuarter": "2023-09-30",
        "MarketCapitalization": "776868000000",
        "PERatio": "10.30",
        "EVToEBITDA": "-",
        "52WeekHigh": "373.34",
        "DividendDate": "None",
        "ExDividendDate": "2024-01-05",
    }

    overview = parse_overview(body(fields), None)

    assert overview is not None
    assert (overview.ticker, overview.cik) == ("BRK.B", "1067983")
    assert overview.latest_quarter == date(2023, 9, 30)
    assert overview.market_capitalization == 776868000000
    assert overview.model_extra == {
        "peRatio": Decimal("10.30"),
        "evToEBITDA": None,
        "52WeekHigh": Decimal("373.34"),
        "dividendDate": None,
        "exDividendDate": "2024-01-05",
    }


def test_a_listing_keeps_unknown_columns_and_leaves_out_placeholders() -> None:
    table = (
        f"{LISTING},sharesOutstanding\r\nBRK-B,,NYSE,Stock,1996-05-09,null,Active,12\r\n"
        "NXT(EXP20091224),Nextracker,NASDAQ,Stock,2023-02-09,null,Active,1\r\n"
        "GONE,Gone Inc,NYSE,Stock,1999-01-04,2020-02-03,Delisted,2\r\n"
    )

    first, gone = parse_listing(table.encode())

    assert (first.ticker, first.name, first.delisting_date) == ("BRK.B", None, None)
    assert first.model_extra == {"sharesOutstanding": "12"}
    assert (gone.status, gone.delisting_date) == ("inactive", date(2020, 2, 3))
    with pytest.raises(PayloadError, match="LISTING_STATUS: status 'halted'"):
        list(
            FORMAT.parsers["LISTING_STATUS"](
                f"{LISTING}\nA,A,NYSE,Stock,1999-11-18,null,Halted\n".encode(), None
            )
        )


@pytest.mark.parametrize(
    ("more", "time_of_day"), [(",timeOfTheDay|,post-market", "post-market"), ("|", None)]
)
def test_the_calendar_has_six_or_seven_columns(more: str, time_of_day: str | None) -> None:
    head, row = more.split("|")
    table = f"{CALENDAR}{head}\nTM,Toyota,2024-02-06,2023-12-31,,JPY{row}\n"
    table += f"NO TICKER,X,2024-02-06,2023-12-31,,JPY{row}\n"

    (entry,) = parse_calendar(table.encode())

    assert (entry.report_date, entry.estimate, entry.currency) == (date(2024, 2, 6), None, "JPY")
    assert entry.time_of_the_day == time_of_day


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b"symbol,name,date,fiscalDateEnding\n", "column reportDate is missing"),
        (body({"feed": []}), "an object instead of a table: feed"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"EARNINGS_CALENDAR: {problem}"):
        list(FORMAT.parsers["EARNINGS_CALENDAR"](found, None))


def test_an_article_has_topics_sentiments_and_an_id_of_its_own() -> None:
    item = news_item("https://example.com/a", banner_image="", category="n/a")

    (article,) = parse_news(body({"items": "1", "feed": [item, item]}))

    assert article.id == article_id("https://example.com/a")
    assert article.published_at == datetime(2024, 1, 5, 14, 30, tzinfo=UTC)
    assert article.topics == ("mergers_and_acquisitions",)
    assert article.sentiment == Decimal("0.021785")
    (tone,) = article.tickers
    assert (tone.ticker, str(tone.relevance), str(tone.sentiment)) == (
        "BRK.B",
        "0.868004",
        "0.038021",
    )
    assert article.model_extra == {
        "authors": ["A. Writer"],
        "topicRelevance": {"Mergers & Acquisitions": Decimal("0.108179")},
        "banner_image": None,
        "category": "n/a",
    }


def test_what_an_article_lacks_is_none() -> None:
    tones = [{"ticker": "IBM", "relevance_score": "0.5"}, {"ticker": "?", "relevance_score": "1"}]
    bare = {"title": "", "summary": "Only this.", "time_published": "20240105T1430", "source": "-"}

    (article,) = parse_news(body({"feed": [{**bare, "ticker_sentiment": [*tones, tones[0]]}]}))

    assert (article.title, article.url, article.source) == ("Only this.", None, "unknown")
    assert (article.sentiment, article.topics) == (None, ())
    assert [(tone.ticker, tone.sentiment) for tone in article.tickers] == [("IBM", None)]


@pytest.mark.parametrize(
    ("feed", "problem"),
    [
        ("?", "Expected `array`, got `str`"),
        ([{"title": "T"}], "missing required field `time_published`"),
        ([news_item("u", "yesterday")], "invalid time_published 'yesterday'"),
        ([news_item("u", topics=[{"topic": "x" * 65}])], "invalid topic"),
        ([news_item("u", overall_sentiment_score=7)], "score 7 is not between -1 and 1"),
        ([news_item("", title="", summary="")], "neither title"),
    ],
)
def test_what_is_wrong_with_news_is_named(feed: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage NEWS_SENTIMENT.*{problem}"):
        list(FORMAT.parsers["NEWS_SENTIMENT"](body({"feed": feed}), None))
    with pytest.raises(PayloadError, match="field feed is missing; there is items"):
        list(FORMAT.parsers["NEWS_SENTIMENT"](body({"items": "50"}), None))


def test_whole_responses_are_known_by_their_length() -> None:
    bars = [FORMAT.is_whole("TIME_SERIES_DAILY", count) for count in (99, 100, 101)]
    articles = [FORMAT.is_whole("NEWS_SENTIMENT", count) for count in (999, 1000)]

    assert (bars, articles) == ([True, False, True], [True, False])


def test_extra_fields_named_like_known_ones_are_validated() -> None:
    item = news_item("https://example.com/a", scoredBy="someone")

    (article,) = parse_news(body({"feed": [item]}))

    assert article.scored_by == "someone"
    with pytest.raises(PayloadError, match="scoredBy 7: Input should be a valid string"):
        list(FORMAT.parsers["NEWS_SENTIMENT"](body({"feed": [{**item, "scoredBy": 7}]}), None))
