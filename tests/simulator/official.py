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
    time_series = import_module("alpha_vantage.timeseries").TimeSeries
    series = time_series(key=KEY)
    fundamentals = import_module("alpha_vantage.fundamentaldata").FundamentalData(key=KEY)
    daily, meta = series.get_daily("IBM", outputsize="full")
    adjusted, _ = series.get_daily_adjusted("IBM")
    overview, _ = fundamentals.get_company_overview("IBM")
    annual, symbol = fundamentals.get_income_statement_annual("IBM")
    return {
        "bars": len(daily),
        "compact": len(series.get_daily("IBM")[0]),
        "newest": daily["2013-03-01"],
        "symbol": [meta["2. Symbol"], symbol, overview["Symbol"]],
        "adjusted": adjusted["2013-03-01"]["5. adjusted close"],
        "table": list(time_series(key=KEY, output_format="csv").get_daily("IBM")[0])[:2],
        "revenue": annual["totalRevenue"][0] if len(annual) else None,
        "bad symbol": _error(lambda: series.get_daily("NOBODY")),
        "bad key": _error(lambda: time_series(key="nobody").get_daily("IBM")),
    }


def alpaca(address: str) -> dict[str, Any]:
    historical = import_module("alpaca.data.historical")
    requests = import_module("alpaca.data.requests")
    day = import_module("alpaca.data.timeframe").TimeFrame.Day
    options = {"api_key": KEY, "secret_key": KEY, "url_override": address}
    stocks = historical.StockHistoricalDataClient(**options)
    start, end = datetime(2012, 1, 1, tzinfo=UTC), datetime(2013, 3, 2, tzinfo=UTC)
    wanted = requests.StockBarsRequest(
        symbol_or_symbols=["AAPL", "IBM"], timeframe=day, start=start, end=end
    )
    bars = stocks.get_stock_bars(wanted).data
    news = historical.NewsClient(**options).get_news(
        requests.NewsRequest(symbols="AAPL", start=datetime(2000, 1, 1, tzinfo=UTC), limit=60)
    )
    assets = import_module("alpaca.trading.client").TradingClient(**options).get_all_assets()
    refused = historical.StockHistoricalDataClient(**{**options, "secret_key": "nobody"})
    return {
        "bars": {symbol: len(some) for symbol, some in bars.items()},
        "newest": [str(bars["IBM"][-1].timestamp), bars["IBM"][-1].close],
        "news": len(news.data["news"]),
        "actions": _actions(options, start.date(), end.date()),
        "assets": len(assets),
        "apple": next(asset.name for asset in assets if asset.symbol == "AAPL"),
        "bad key": _error(lambda: refused.get_stock_bars(wanted)),
    }


def _actions(options: dict[str, str], start: date, end: date) -> dict[str, list[Any]]:
    client = import_module("alpaca.data.historical.corporate_actions").CorporateActionsClient
    wanted = import_module("alpaca.data.requests").CorporateActionsRequest
    found = client(**options).get_corporate_actions(wanted(symbols=["AAPL"], start=start, end=end))
    return {
        kind: [[str(action.ex_date), _figure(action)] for action in actions]
        for kind, actions in found.data.items()
    }


def _figure(action: Any) -> float:
    """Return what a dividend pays, or for how many shares a split gives one."""
    return float(action.rate if hasattr(action, "rate") else action.old_rate / action.new_rate)


def _error(call: Any) -> str:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - any error is of interest
        return str(error)
    return ""


if __name__ == "__main__":
    seen = {"alphavantage": alphavantage(sys.argv[1]), "alpaca": alpaca(sys.argv[1])}
    sys.stdout.write(json.dumps(seen))
