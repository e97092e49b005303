"""AlphaVantage's functions over a provider's data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ...domain.adjustment import CorporateAction, adjust
from ...domain.news import NewsArticle
from ...domain.prices import PriceSeries
from ...domain.reports import Period, Report, ReportKind
from ...provider_port import Provider
from ..alphavantage.responses import canonical, spelled
from .replies import Reply, as_csv, as_json, error

Params = Mapping[str, str]

_COMPACT: Final = 100
_DAILY: Final = ("open", "high", "low", "close", "volume")
_ADJUSTED: Final = (*_DAILY[:4], "adjusted close", "volume", "dividend amount", "split coefficient")
_CALENDAR: Final = "symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay"
_LISTING: Final = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
_NAMES: Final = {"ticker": "Symbol", "cik": "CIK"}
_ANNUAL_EARNINGS: Final = ("fiscalDateEnding", "reportedEPS")


class AlphaVantage:
    """Answers `/query`."""

    def __init__(self, data: Provider, *, premium: bool) -> None:
        self._data = data
        self._premium = premium
        self._functions: dict[str, Callable[[Params], Reply]] = {
            "TIME_SERIES_DAILY": lambda params: self._daily(params, _DAILY),
            "TIME_SERIES_DAILY_ADJUSTED": self._daily_adjusted,
            "SPLITS": self._splits,
            "DIVIDENDS": self._dividends,
            "OVERVIEW": self._overview,
            "INCOME_STATEMENT": self._statements,
            "BALANCE_SHEET": self._statements,
            "CASH_FLOW": self._statements,
            "EARNINGS": self._earnings,
            "EARNINGS_CALENDAR": self._calendar,
            "LISTING_STATUS": self._listing,
            "NEWS_SENTIMENT": self._news,
        }

    def answer(self, params: Params) -> Reply:
        """Return the response to a request."""
        function = params.get("function", "")
        if function not in self._functions:
            return error("bad_symbol", function=function)
        return self._functions[function](params)

    def _daily_adjusted(self, params: Params) -> Reply:
        return self._daily(params, _ADJUSTED) if self._premium else error("premium_endpoint")

    def _daily(self, params: Params, columns: Sequence[str]) -> Reply:
        full = params.get("outputsize") == "full"
        if full and not self._premium:
            return error("premium_parameter")
        history = self._data.history(_ticker(params))
        if history is None or history.bars is None:
            return error("bad_symbol", function=params["function"])
        rows = _rows(history.bars, history.actions)[: None if full else _COMPACT]
        if params.get("datatype") == "csv":
            names = [column.replace(" ", "_") for column in columns]
            lines = ([day, *(row[column] for column in columns)] for day, row in rows)
            return as_csv(["timestamp", *names], lines)
        bars = {
            day: {f"{at}. {column}": str(row[column]) for at, column in enumerate(columns, 1)}
            for day, row in rows
        }
        meta = {
            "1. Information": "Prices (open, high, low, close) and Volumes",
            "2. Symbol": params["symbol"],
            "3. Last Refreshed": next(iter(bars), ""),
            "4. Output Size": "Full size" if full else "Compact",
            "5. Time Zone": "US/Eastern",
        }
        return as_json({"Meta Data": meta, "Time Series (Daily)": bars})

    def _splits(self, params: Params) -> Reply:
        rows = [
            {"effective_date": str(action.ex_date), "split_factor": str(action.ratio)}
            for action in self._actions(params)
            if action.ratio is not None
        ]
        return as_json({"symbol": params["symbol"], "data": rows})

    def _dividends(self, params: Params) -> Reply:
        unknown = dict.fromkeys(("declaration_date", "record_date", "payment_date"), "None")
        rows = [
            {"ex_dividend_date": str(action.ex_date), **unknown, "amount": str(action.amount)}
            for action in self._actions(params)
            if action.amount is not None
        ]
        return as_json({"symbol": params["symbol"], "data": rows})

    def _actions(self, params: Params) -> Sequence[CorporateAction]:
        history = self._data.history(_ticker(params))
        actions = history.actions if history else ()
        return sorted(actions, key=lambda action: action.ex_date, reverse=True)

    def _overview(self, params: Params) -> Reply:
        overview = self._data.overview(_ticker(params))
        if overview is None:
            return as_json({})
        dumped = overview.model_dump(mode="json", exclude={"ticker"})
        texts = {_pascal(name): _text(value) for name, value in dumped.items()}
        return as_json({"Symbol": spelled(overview.ticker), "AssetType": "Common Stock", **texts})

    def _statements(self, params: Params) -> Reply:
        kind = ReportKind(params["function"].lower())
        statements = self._data.financials(_ticker(params)).statements
        return _reports(params, [item for item in statements if item.kind is kind], "Reports")

    def _earnings(self, params: Params) -> Reply:
        return _reports(params, self._data.financials(_ticker(params)).earnings, "Earnings")

    def _calendar(self, params: Params) -> Reply:
        rows = (
            (
                spelled(entry.ticker),
                entry.name or "",
                entry.report_date,
                entry.fiscal_date_ending,
                "" if entry.estimate is None else entry.estimate,
                entry.currency or "",
                entry.time_of_the_day or "",
            )
            for entry in self._data.calendar()
            if _ticker(params) in {"", entry.ticker}
        )
        return as_csv(_CALENDAR.split(","), rows)

    def _listing(self, params: Params) -> Reply:
        state = "inactive" if params.get("state") == "delisted" else "active"
        rows = (
            (
                spelled(asset.ticker),
                asset.name or "",
                asset.exchange or "",
                asset.asset_type or "Stock",
                asset.ipo_date or "null",
                asset.delisting_date or "null",
                state.capitalize(),
            )
            for asset in self._data.assets()
            if asset.status == state
        )
        return as_csv(_LISTING.split(","), rows)

    def _news(self, params: Params) -> Reply:
        first, last = (_instant(params.get(name)) for name in ("time_from", "time_to"))
        tickers = [canonical(each) for each in params.get("tickers", "").split(",") if each]
        articles = {
            article.id: article
            for ticker in tickers or (self._data.covered() or ())
            for article in self._data.news(ticker, first)
            if isinstance(article, NewsArticle) and (last is None or article.published_at <= last)
        }
        newest = sorted(articles.values(), key=lambda item: item.published_at, reverse=True)
        feed = [_article(article) for article in newest[: int(params.get("limit", "50"))]]
        return as_json({"items": str(len(feed)), "feed": feed}) if feed else error("no_articles")


def _ticker(params: Params) -> str:
    return canonical(params.get("symbol", ""))


def _rows(
    bars: PriceSeries, actions: Sequence[CorporateAction]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the values of bars by day, newest first."""
    paid = {action.ex_date: action.amount for action in actions if action.amount}
    split = {action.ex_date: action.ratio for action in actions if action.ratio}
    adjusted = adjust(bars, actions).prices("close")
    rows = [
        (
            str(bar.day),
            {
                "open": f"{bar.open:.4f}",
                "high": f"{bar.high:.4f}",
                "low": f"{bar.low:.4f}",
                "close": f"{bar.close:.4f}",
                "adjusted close": close,
                "volume": bar.volume,
                "dividend amount": f"{paid.get(bar.day, 0):.4f}",
                "split coefficient": str(split.get(bar.day, "1.0")),
            },
        )
        for bar, close in zip(bars, adjusted, strict=True)
    ]
    return rows[::-1]


def _reports(params: Params, reports: Iterable[Report], name: str) -> Reply:
    newest = sorted(reports, key=lambda report: report.fiscal_date_ending, reverse=True)
    if not newest:
        return as_json({})
    by_period = {
        f"{period}{name}": [_report(report) for report in newest if report.period is period]
        for period in Period
    }
    return as_json({"symbol": params["symbol"], **by_period})


def _report(report: Report) -> dict[str, str]:
    """Return a report with every column of its kind, as the clients of AlphaVantage count on."""
    dumped = report.model_dump(exclude={"ticker", "period", "currency"})
    texts = {name: _text(value) for name, value in dumped.items()}
    if report.kind is not ReportKind.EARNINGS:
        return {"reportedCurrency": _text(report.currency), **texts}
    if report.period is Period.ANNUAL:
        return {name: texts[name] for name in _ANNUAL_EARNINGS}
    return texts


def _article(article: NewsArticle) -> dict[str, Any]:
    return {
        "title": article.title,
        "url": article.url or "",
        "time_published": f"{article.published_at:%Y%m%dT%H%M%S}",
        "authors": [],
        "summary": article.summary or "",
        "source": article.source,
        "topics": [{"topic": topic, "relevance_score": "0.5"} for topic in article.topics],
        "overall_sentiment_score": None if article.sentiment is None else float(article.sentiment),
        "overall_sentiment_label": article.label,
        "ticker_sentiment": [
            {
                "ticker": spelled(tone.ticker),
                "relevance_score": str(tone.relevance),
                "ticker_sentiment_score": _text(tone.sentiment),
                "ticker_sentiment_label": _text(tone.label),
            }
            for tone in article.tickers
        ],
    }


def _text(value: object) -> str:
    return "None" if value is None else str(value)


def _pascal(name: str) -> str:
    return _NAMES.get(name, name[:1].upper() + name[1:])


def _instant(text: str | None) -> datetime | None:
    return None if not text else datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%z")
