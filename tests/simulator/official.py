"""What the providers' own clients make of the simulator: a program, since they warn and are slow.

It prints JSON. Their untyped modules are loaded by name.
"""

import json
import sys
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

KEY = "secret-key-of-tests"


def alphavantage(address: str) -> dict[str, Any]:
    base = import_module("alpha_vantage.alphavantage").AlphaVantage
    base._ALPHA_VANTAGE_API_URL = f"{address}/query?"
    series = import_module("alpha_vantage.timeseries").TimeSeries(key=KEY)
    fundamentals = import_module("alpha_vantage.fundamentaldata").FundamentalData(key=KEY)
    daily, meta = series.get_daily("IBM", outputsize="full")
    compact, _ = series.get_daily("IBM")
    adjusted, _ = series.get_daily_adjusted("IBM")
    intraday, _ = series.get_intraday("IBM", interval="5min", outputsize="full")
    rows = import_module("alpha_vantage.timeseries").TimeSeries(key=KEY, output_format="csv")
    table = list(rows.get_daily("IBM")[0])
    overview, _ = fundamentals.get_company_overview("IBM")
    annual, symbol = fundamentals.get_income_statement_annual("IBM")
    found, _ = series.get_symbol_search("IBM")
    return {
        "bars": len(daily),
        "compact": len(compact),
        "intraday": intraday["2013-03-01 09:30:00"],
        "newest": daily["2013-03-01"],
        "symbol": [meta["2. Symbol"], symbol, overview["Symbol"]],
        "adjusted": adjusted["2013-03-01"]["5. adjusted close"],
        "table": table[:2],
        "revenue": annual["totalRevenue"][0] if len(annual) else None,
        "search": found["1. symbol"].iloc[0],
        "bad symbol": _error(lambda: series.get_daily("NOBODY")),
        "bad key": _error(lambda: _unknown("IBM")),
    }


def _unknown(symbol: str) -> object:
    series = import_module("alpha_vantage.timeseries").TimeSeries(key="nobody")
    return series.get_daily(symbol)


def alpaca(address: str) -> dict[str, Any]:
    historical = import_module("alpaca.data.historical")
    requests = import_module("alpaca.data.requests")
    day = import_module("alpaca.data.timeframe").TimeFrame.Day
    options = {"api_key": KEY, "secret_key": KEY, "url_override": address}
    stocks = historical.StockHistoricalDataClient(**options)
    start = datetime(2012, 1, 1, tzinfo=UTC)
    end = datetime(2013, 3, 2, tzinfo=UTC)
    wanted = requests.StockBarsRequest(
        symbol_or_symbols=["AAPL", "IBM"], timeframe=day, start=start, end=end
    )
    bars = stocks.get_stock_bars(wanted).data
    news = historical.NewsClient(**options).get_news(
        requests.NewsRequest(symbols="AAPL", start=datetime(2000, 1, 1, tzinfo=UTC), limit=60)
    )
    trading = import_module("alpaca.trading.client").TradingClient(**options)
    assets = trading.get_all_assets()
    refused = historical.StockHistoricalDataClient(**{**options, "secret_key": "nobody"})
    return {
        "bars": {symbol: len(found) for symbol, found in bars.items()},
        "newest": [str(bars["IBM"][-1].timestamp), bars["IBM"][-1].close],
        "news": len(news.data["news"]),
        "actions": _actions(options, start.date(), end.date()),
        "assets": len(assets),
        "apple": next(each.name for each in assets if each.symbol == "AAPL"),
        "bad key": _error(lambda: refused.get_stock_bars(wanted)),
    }


def _actions(options: dict[str, str], start: date, end: date) -> dict[str, list[Any]]:
    client = import_module("alpaca.data.historical.corporate_actions").CorporateActionsClient
    wanted = import_module("alpaca.data.requests").CorporateActionsRequest
    found = client(**options).get_corporate_actions(wanted(symbols=["AAPL"], start=start, end=end))
    return {
        kind: [[str(each.ex_date), _figure(each)] for each in some]
        for kind, some in found.data.items()
    }


def _figure(action: Any) -> float:
    """Return what a dividend pays, or for how many shares a split gives one."""
    return float(action.rate if hasattr(action, "rate") else action.old_rate / action.new_rate)


def _error(call: Any) -> str:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
        return str(error)
    return ""


if __name__ == "__main__":
    seen = {"alphavantage": alphavantage(sys.argv[1]), "alpaca": alpaca(sys.argv[1])}
    sys.stdout.write(json.dumps(seen))
