from datetime import UTC, date, datetime, timedelta

import pytest

from signal9_core.domain import DataSet
from signal9_core.errors import PayloadError, QuotaExhaustedError, UnknownSymbolError
from signal9_core.ports import Financials
from signal9_core.providers.alphavantage.provider import AlphaVantageProvider
from signal9_core.providers.alphavantage.symbols import NEWS_LIMIT
from tests.fakes import NOW, SetClock

from ..wire import KEY, Budget, alphavantage, answer
from .bodies import balance_sheet, body, daily, earnings, news_item, texts

HEAD = b"timestamp,open,high,low,close,volume\n"
EMPTY = answer(b"{}")


def test_every_function_is_asked_for_as_documented() -> None:
    client, wire = alphavantage(EMPTY)

    client.daily("BRK.B")
    client.daily_adjusted("IBM", full=True)
    client.intraday("IBM", 15, month="2024-01", full=True)
    client.intraday("IBM")
    client.earnings_calendar("IBM", 12)
    client.earnings_calendar()
    client.listing("delisted", date(2020, 1, 2))
    client.search("tesco plc")
    client.splits("BRK.B")
    client.dividends("IBM")
    client.news(topics=["earnings", "ipo"], until=NOW)

    assert [{**each, "apikey": ""} for each in wire.params] == [
        {"apikey": "", "function": function, **more}
        for function, more in [
            ("TIME_SERIES_DAILY", {"symbol": "BRK-B", "outputsize": "compact"}),
            ("TIME_SERIES_DAILY_ADJUSTED", {"symbol": "IBM", "outputsize": "full"}),
            (
                "TIME_SERIES_INTRADAY",
                {
                    "symbol": "IBM",
                    "interval": "15min",
                    "adjusted": "false",
                    "outputsize": "full",
                    "month": "2024-01",
                },
            ),
            (
                "TIME_SERIES_INTRADAY",
                {
                    "symbol": "IBM",
                    "interval": "5min",
                    "adjusted": "false",
                    "outputsize": "compact",
                },
            ),
            ("EARNINGS_CALENDAR", {"symbol": "IBM", "horizon": "12month"}),
            ("EARNINGS_CALENDAR", {"horizon": "3month"}),
            ("LISTING_STATUS", {"state": "delisted", "date": "2020-01-02"}),
            ("SYMBOL_SEARCH", {"keywords": "tesco plc"}),
            ("SPLITS", {"symbol": "BRK-B"}),
            ("DIVIDENDS", {"symbol": "IBM"}),
            (
                "NEWS_SENTIMENT",
                {
                    "topics": "earnings,ipo",
                    "time_to": "20240108T1200",
                    "sort": "LATEST",
                    "limit": "1000",
                },
            ),
        ]
    ]
    assert {each["apikey"] for each in wire.params} == {KEY}


@pytest.mark.parametrize(
    ("found", "method"),
    [
        (daily("MSFT", {"2024-01-02": texts()}), "daily"),
        (balance_sheet("MSFT", {"fiscalDateEnding": "2023-09-30"}), "balance_sheets"),
        (earnings("MSFT", {}), "earnings"),
        (body({"Symbol": "MSFT"}), "overview"),
        (
            body(
                {
                    "symbol": "MSFT",
                    "data": [{"effective_date": "2003-02-18", "split_factor": "2.0"}],
                }
            ),
            "splits",
        ),
    ],
)
def test_an_answer_about_another_company_is_refused(found: bytes, method: str) -> None:
    client, _ = alphavantage(answer(found))

    with pytest.raises(PayloadError, match=r"IBM: the answer is about \['MSFT'\]"):
        getattr(client, method)("IBM")


def test_an_unknown_symbol_is_said_to_be_one() -> None:
    client, _ = alphavantage(answer({"Error Message": "Invalid API call. Please retry."}))

    with pytest.raises(UnknownSymbolError, match="alphavantage TIME_SERIES_DAILY NOPE"):
        client.daily("NOPE")


def _feed(first: int, count: int) -> bytes:
    newest = NOW.replace(tzinfo=None)
    items = [
        news_item(f"u{at}", (newest - timedelta(minutes=at)).strftime("%Y%m%dT%H%M%S"))
        for at in range(first, first + count)
    ]
    return body({"feed": items})


def test_news_since_an_instant_are_read_to_the_end() -> None:
    pages = [_feed(0, NEWS_LIMIT), _feed(NEWS_LIMIT - 2, NEWS_LIMIT), _feed(2 * NEWS_LIMIT - 3, 20)]
    client, wire = alphavantage(*(answer(page) for page in pages))
    since = NOW - timedelta(minutes=2_010)

    found = client.news("IBM", since=since)

    assert len(found) == 2_011
    assert min(each.published_at for each in found) == since
    assert [each.get("time_to") for each in wire.params] == [
        None,
        (NOW - timedelta(minutes=998)).strftime("%Y%m%dT%H%M"),
        (NOW - timedelta(minutes=1_996)).strftime("%Y%m%dT%H%M"),
    ]


def test_news_that_do_not_go_on_end() -> None:
    client, wire = alphavantage(answer(_feed(0, NEWS_LIMIT)))

    assert len(client.news("IBM", since=NOW - timedelta(days=9))) == NEWS_LIMIT
    assert len(wire.asked) == 2


def test_a_free_plan_gets_a_hundred_bars_and_says_so() -> None:
    client, wire = alphavantage(
        answer(daily("IBM", {"2024-01-08": texts(), "2024-01-05": texts()}))
    )
    provider = AlphaVantageProvider(client, clock=SetClock())

    found = provider.history("IBM")

    assert found is not None
    assert found.bars is not None
    assert [str(bar.day) for bar in found.bars] == ["2024-01-05"]  # that of today still changes
    assert wire.params[0]["outputsize"] == "compact"
    assert provider.notice is not None
    assert found.complete
    assert [provider.complete(DataSet.NEWS, count) for count in (999, 1000)] == [True, False]
    assert provider.complete(DataSet.FINANCIALS, 1000)


def test_a_hundred_bars_are_not_all_though_that_of_today_is_left_out() -> None:
    days = (NOW - timedelta(days=at) for at in range(100))
    bars = {f"{day:%Y-%m-%d}": texts() for day in days}
    client, _ = alphavantage(answer(daily("IBM", bars)))

    found = AlphaVantageProvider(client, clock=SetClock()).history("IBM")

    assert found is not None
    assert found.bars is not None
    assert (len(found.bars), found.complete, found.told) == (99, False, None)


def test_premium_keys_get_splits_and_dividends_of_days_that_are_over() -> None:
    adjusted = {"5. adjusted close": "11.00", "6. volume": "1000"}
    paid = texts(**adjusted, **{"7. dividend amount": "0.24", "8. split coefficient": "1.0"})
    client, _ = alphavantage(answer(daily("IBM", {"2024-01-08": paid, "2024-01-05": paid})))
    provider = AlphaVantageProvider(client, premium=True, clock=SetClock())

    found = provider.history("IBM")

    assert found is not None
    assert [each.ex_date for each in found.actions] == [date(2024, 1, 5)]
    assert (found.told, found.complete) == ((date(2024, 1, 5),) * 2, True)


@pytest.mark.parametrize(
    ("first", "size"), [(None, "full"), (date(2023, 12, 1), "compact"), (date(2023, 1, 1), "full")]
)
def test_a_premium_plan_gets_adjusted_bars_as_far_back_as_needed(
    first: date | None, size: str
) -> None:
    client, wire = alphavantage(EMPTY)
    provider = AlphaVantageProvider(client, premium=True, clock=SetClock())

    assert provider.history("IBM", first) is None
    assert (wire.params[0]["function"], wire.params[0]["outputsize"]) == (
        "TIME_SERIES_DAILY_ADJUSTED",
        size,
    )
    assert provider.notice is None


def test_reports_are_asked_for_only_where_all_four_calls_are_left() -> None:
    budget = Budget(left=3, refuse=lambda: QuotaExhaustedError("alphavantage", NOW))
    client, wire = alphavantage(EMPTY, budget=budget)

    with pytest.raises(QuotaExhaustedError):
        AlphaVantageProvider(client).financials("IBM")

    assert wire.asked == []


def test_a_provider_fills_the_port() -> None:
    sheet = {"fiscalDateEnding": "2023-09-30", "totalAssets": "1"}
    client, wire = alphavantage(
        answer(balance_sheet("IBM", sheet)),
        answer(balance_sheet("IBM", sheet)),
        answer(balance_sheet("IBM", sheet)),
        answer(earnings("IBM", {"2023-12-31": "9", "2022-12-31": "8"})),
        answer(b"symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"),
        answer(b"symbol,name,reportDate,fiscalDateEnding,estimate,currency\n"),
        answer({"Symbol": "IBM", "Name": "IBM"}),
        answer({"feed": [news_item("u")]}),
    )
    provider = AlphaVantageProvider(client, clock=SetClock())

    found = provider.financials("IBM")

    assert (len(found.statements), len(found.earnings)) == (3, 10)
    assert (list(provider.assets()), list(provider.calendar())) == ([], [])
    overview = provider.overview("IBM")
    assert overview is not None
    assert overview.name == "IBM"
    assert len(list(provider.news("IBM"))) == 1
    assert (provider.covered(), provider.retrieved_at()) == (None, NOW)
    assert len(wire.asked) == 8
    provider.close()


def test_without_a_budget_reports_are_asked_for() -> None:
    client, wire = alphavantage(EMPTY)

    assert AlphaVantageProvider(client).financials("IBM") == Financials((), [])
    assert len(wire.asked) == 4


def test_a_client_closes_its_connections() -> None:
    client, _ = alphavantage(EMPTY)

    with client:
        client.overview("IBM")

    assert client._http.is_closed


def test_times_in_queries_are_in_utc() -> None:
    client, wire = alphavantage(EMPTY)

    client.news("IBM", since=datetime(2024, 1, 1, 5, 59, 59, tzinfo=UTC))

    assert wire.params[0]["time_from"] == "20240101T0559"
