"""AlphaVantage's functions over a provider's data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from signal9_core.domain import CorporateAction, NewsArticle, Period, Report, ReportKind
from signal9_core.ports import Provider
from signal9_core.providers.alphavantage.responses import canonical, spelled

from .faults import alphavantage_text
from .replies import Reply, as_csv, as_json
from .series import bar_rows, series_reply

__all__ = ["AlphaVantage"]

Params = Mapping[str, str]

_COMPACT: Final = 100
_DAILY: Final = ("open", "high", "low", "close", "volume")
_ADJUSTED: Final = (*_DAILY[:4], "adjusted close", "volume", "dividend amount", "split coefficient")
_CALENDAR: Final = "symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay"
_LISTING: Final = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
_STAMP: Final = "%Y%m%dT%H%M"
_NAMES: Final = {"ticker": "Symbol", "cik": "CIK"}
_ANNUAL_EARNINGS: Final = ("fiscalDateEnding", "reportedEPS")
_STATEMENTS: Final = {
    "INCOME_STATEMENT": ReportKind.INCOME_STATEMENT,
    "BALANCE_SHEET": ReportKind.BALANCE_SHEET,
    "CASH_FLOW": ReportKind.CASH_FLOW,
}


class AlphaVantage:
    """Answers `/query`."""

    def __init__(self, data: Provider, *, premium: bool) -> None:
        self._data = data
        self._premium = premium
        self._functions: dict[str, Callable[[Params], Reply]] = {
            "TIME_SERIES_DAILY": lambda params: self._daily(params, _DAILY),
            "TIME_SERIES_DAILY_ADJUSTED": self._daily_adjusted,
            "TIME_SERIES_INTRADAY": self._intraday,
            "SPLITS": self._splits,
            "DIVIDENDS": self._dividends,
            "OVERVIEW": self._overview,
            "EARNINGS": self._earnings,
            "EARNINGS_CALENDAR": self._calendar,
            "LISTING_STATUS": self._listing,
            "NEWS_SENTIMENT": self._news,
            "SYMBOL_SEARCH": self._search,
            **dict.fromkeys(_STATEMENTS, self._statements),
        }

    def answer(self, params: Params) -> Reply:
        function = params.get("function", "")
        if function not in self._functions:
            return _bad(function)
        return self._functions[function](params)

    def _daily_adjusted(self, params: Params) -> Reply:
        if not self._premium:
            return alphavantage_text("premium_endpoint")
        return self._daily(params, _ADJUSTED)

    def _daily(self, params: Params, columns: tuple[str, ...]) -> Reply:
        full = params.get("outputsize") == "full"
        if full and not self._premium:
            return alphavantage_text("premium_parameter")
        found = self._data.history(canonical(params.get("symbol", "")))
        if found is None or found.bars is None:
            return _bad(params["function"])
        rows = bar_rows(found.bars, found.actions)[: None if full else _COMPACT]
        return series_reply(params, rows, columns, "Time Series (Daily)", "5. Time Zone")

    def _intraday(self, params: Params) -> Reply:
        """Answer with one bar a day, from its opening on: more is not known of any day."""
        interval, month = params.get("interval", ""), params.get("month", "")
        found = self._data.history(canonical(params.get("symbol", "")))
        if found is None or found.bars is None or not interval:
            return _bad(params["function"])
        opening = [(f"{day} 09:30:00", row) for day, row in bar_rows(found.bars, ())]
        rows = [(stamp, row) for stamp, row in opening if stamp.startswith(month)]
        if params.get("outputsize") != "full":
            rows = rows[:_COMPACT]
        return series_reply(params, rows, _DAILY, f"Time Series ({interval})", "6. Time Zone")

    def _splits(self, params: Params) -> Reply:
        rows = [
            {"effective_date": str(each.ex_date), "split_factor": str(each.ratio)}
            for each in self._actions(params)
            if each.ratio is not None
        ]
        return as_json({"symbol": params["symbol"], "data": rows})

    def _dividends(self, params: Params) -> Reply:
        rows = [
            {
                "ex_dividend_date": str(each.ex_date),
                **dict.fromkeys(("declaration_date", "record_date", "payment_date"), "None"),
                "amount": str(each.amount),
            }
            for each in self._actions(params)
            if each.amount is not None
        ]
        return as_json({"symbol": params["symbol"], "data": rows})

    def _actions(self, params: Params) -> Sequence[CorporateAction]:
        found = self._data.history(canonical(params.get("symbol", "")))
        return sorted(found.actions if found else (), key=lambda each: each.ex_date, reverse=True)

    def _overview(self, params: Params) -> Reply:
        found = self._data.overview(canonical(params.get("symbol", "")))
        if found is None:
            return as_json({})
        dumped = found.model_dump(mode="json", exclude={"ticker"})
        texts = {_pascal(name): _text(value) for name, value in dumped.items()}
        return as_json({"Symbol": spelled(found.ticker), "AssetType": "Common Stock", **texts})

    def _statements(self, params: Params) -> Reply:
        ticker = canonical(params.get("symbol", ""))
        kind = _STATEMENTS[params["function"]]
        found = [each for each in self._data.financials(ticker).statements if each.kind is kind]
        if not found:
            return as_json({})
        reports = {f"{period}Reports": _reports(found, period) for period in Period}
        return as_json({"symbol": params["symbol"], **reports})

    def _earnings(self, params: Params) -> Reply:
        found = self._data.financials(canonical(params.get("symbol", ""))).earnings
        if not found:
            return as_json({})
        reports = {f"{period}Earnings": _reports(found, period) for period in Period}
        return as_json({"symbol": params["symbol"], **reports})

    def _calendar(self, params: Params) -> Reply:
        wanted = canonical(params.get("symbol", ""))
        rows = (
            (
                spelled(each.ticker),
                each.name or "",
                each.report_date,
                each.fiscal_date_ending,
                "" if each.estimate is None else each.estimate,
                each.currency or "",
                each.time_of_the_day or "",
            )
            for each in self._data.calendar()
            if wanted in {"", each.ticker}
        )
        return as_csv(_CALENDAR.split(","), rows)

    def _listing(self, params: Params) -> Reply:
        state = "inactive" if params.get("state") == "delisted" else "active"
        rows = (
            (
                spelled(each.ticker),
                each.name or "",
                each.exchange or "",
                each.asset_type or "Stock",
                each.ipo_date or "null",
                each.delisting_date or "null",
                state.capitalize(),
            )
            for each in self._data.assets()
            if each.status == state
        )
        return as_csv(_LISTING.split(","), rows)

    def _news(self, params: Params) -> Reply:
        first, last = (_instant(params.get(name)) for name in ("time_from", "time_to"))
        wanted = [canonical(each) for each in params.get("tickers", "").split(",") if each]
        found = {
            each.id: each
            for ticker in wanted or (self._data.covered() or ())
            for each in self._data.news(ticker)
            if (first or each.published_at) <= each.published_at <= (last or each.published_at)
        }
        newest = sorted(found.values(), key=lambda each: each.published_at, reverse=True)
        feed = [_article(each) for each in newest[: int(params.get("limit", "50"))]]
        if not feed:
            return alphavantage_text("no_articles")
        return as_json({"items": str(len(feed)), "feed": feed})

    def _search(self, params: Params) -> Reply:
        words = params.get("keywords", "").lower()
        matches = [
            {
                "1. symbol": spelled(each.ticker),
                "2. name": each.name or "",
                "3. type": "Equity",
                "4. region": "United States",
                "8. currency": "USD",
                "9. matchScore": "1.0000" if each.ticker.lower() == words else "0.5000",
            }
            for each in self._data.assets()
            if each.ticker.lower().startswith(words) or words in (each.name or "").lower()
        ]
        matches.sort(key=lambda each: each["9. matchScore"], reverse=True)
        return as_json({"bestMatches": matches[:10]})


def _bad(function: str) -> Reply:
    return alphavantage_text("bad_symbol", function=function)


def _reports(reports: Iterable[Report], period: Period) -> list[dict[str, str]]:
    newest = sorted(
        (each for each in reports if each.period is period),
        key=lambda each: each.fiscal_date_ending,
        reverse=True,
    )
    return [_report(each) for each in newest]


def _report(report: Report) -> dict[str, str]:
    """Return a report with every column of its kind, as the clients of AlphaVantage count on."""
    dumped = report.model_dump(exclude={"ticker", "period", "currency"})
    if report.kind is ReportKind.EARNINGS:
        annual = report.period is Period.ANNUAL
        return {name: _text(dumped[name]) for name in (_ANNUAL_EARNINGS if annual else dumped)}
    texts = {name: _text(value) for name, value in dumped.items()}
    return {"reportedCurrency": _text(report.currency), **texts}


def _article(article: NewsArticle) -> dict[str, Any]:
    return {
        "title": article.title,
        "url": article.url or "",
        "time_published": article.published_at.strftime("%Y%m%dT%H%M%S"),
        "authors": [],
        "summary": article.summary or "",
        "source": article.source,
        "topics": [{"topic": each, "relevance_score": "0.5"} for each in article.topics],
        "overall_sentiment_score": None if article.sentiment is None else float(article.sentiment),
        "overall_sentiment_label": article.label,
        "ticker_sentiment": [
            {
                "ticker": spelled(each.ticker),
                "relevance_score": str(each.relevance),
                "ticker_sentiment_score": _text(each.sentiment),
                "ticker_sentiment_label": _text(each.label),
            }
            for each in article.tickers
        ],
    }


def _text(value: object) -> str:
    return "None" if value is None else str(value)


def _pascal(name: str) -> str:
    return _NAMES.get(name, name[:1].upper() + name[1:])


def _instant(text: str | None) -> datetime | None:
    return None if not text else datetime.strptime(f"{text}+0000", f"{_STAMP}%z")
