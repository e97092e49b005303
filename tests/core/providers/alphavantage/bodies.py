"""Small bodies in the shapes of AlphaVantage."""

import json
from collections.abc import Mapping

__all__ = ["balance_sheet", "body", "daily", "earnings", "news_item", "texts"]


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def daily(symbol: str, days: Mapping[str, Mapping[str, str]]) -> bytes:
    meta = {"1. Information": "Daily", "2. Symbol": symbol, "5. Time Zone": "US/Eastern"}
    return body({"Meta Data": meta, "Time Series (Daily)": days})


def texts(**more: str) -> dict[str, str]:
    prices = {"1. open": "10.0", "2. high": "12.5", "3. low": "9.125", "4. close": "11.00"}
    return {**prices, "5. volume": "1000", **more}


def balance_sheet(symbol: str, *quarters: Mapping[str, object], years: object = ()) -> bytes:
    return body({"symbol": symbol, "annualReports": years, "quarterlyReports": quarters})


def earnings(symbol: str, years: Mapping[str, str], quarters: int = 8) -> bytes:
    return body(
        {
            "symbol": symbol,
            "annualEarnings": [
                {"fiscalDateEnding": end, "reportedEPS": eps} for end, eps in years.items()
            ],
            "quarterlyEarnings": [
                {"fiscalDateEnding": f"20{20 + at // 4}-{3 * (at % 4) + 3:02}-28"}
                for at in range(quarters)
            ],
        }
    )


def news_item(url: str, published: str = "20240105T143000", **more: object) -> dict[str, object]:
    return {
        "title": f"About {url}",
        "url": url,
        "time_published": published,
        "authors": ["A. Writer"],
        "summary": "Short.",
        "source": "Example Wire",
        "topics": [{"topic": "Mergers & Acquisitions", "relevance_score": "0.108179"}],
        "overall_sentiment_score": 0.021785,
        "overall_sentiment_label": "Neutral",
        "ticker_sentiment": [
            {
                "ticker": "BRK-B",
                "relevance_score": "0.868004",
                "ticker_sentiment_score": "0.038021",
                "ticker_sentiment_label": "Neutral",
            }
        ],
        **more,
    }
