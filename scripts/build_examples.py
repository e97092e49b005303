"""Makes the examples of the OpenAPI document: real requests to the bundled sample.

`python scripts/build_examples.py` writes them to where the document takes them from.
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from signal9_core.bootstrap import App
from signal9_core.events import NewsIngested
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_handlers.auth.identity import DEVELOPER
from signal9_handlers.local.gateway import Gateway, proxy_event

_TARGET: Final = "packages/signal9-handlers/src/signal9_handlers/openapi_examples.json"
_JSON: Final = (("content-type", "application/json"),)

_SENT: Final[dict[str, Any]] = {
    "patchRecord": {
        "profile": {"firstName": "Ada", "lastName": "Lovelace"},
        "notifications": {"delivery": "daily", "dailyAt": "07:30", "timeZone": "Europe/Berlin"},
    },
    "putWizard": {"wizard": "in_progress"},
    "putTopics": {"topics": ["earnings", "technology"]},
    "putWatchlist": {"watchlist": ["AAPL", "IBM"]},
}
_ASKED: Final = (
    ("getHealth", "GET", "/health"),
    ("listAssets", "GET", "/assets?tickers=AAPL,IBM,NOPE"),
    ("getAsset", "GET", "/assets/AAPL"),
    ("getPrices", "GET", "/assets/AAPL/prices?from=2012-09-18&to=2012-09-19"),
    ("getPriceBatch", "GET", "/prices?tickers=AAPL,IBM&order=desc&limit=1&fields=date,close"),
    ("searchCompanies", "GET", "/search?q=aple&limit=2"),
    ("listNews", "GET", "/news?ticker=GOOG&limit=1"),
    ("getArticle", "GET", "/news/{article}"),
    ("getFinancials", "GET", "/financials/IBM?report=earnings&period=quarterly&limit=1"),
    ("patchRecord", "PATCH", "/users/me"),
    ("putWizard", "PUT", "/users/me/wizard"),
    ("putTopics", "PUT", "/users/me/topics"),
    ("putWatchlist", "PUT", "/users/me/watchlist"),
    ("putViewed", "PUT", "/users/me/viewed/AAPL"),
    ("getRecord", "GET", "/users/me"),
    ("getBriefing", "GET", "/news/briefing?limit=1"),
    ("listNotifications", "GET", "/users/me/notifications?limit=1"),
    ("markRead", "PUT", "/users/me/notifications/{id}/read"),
    ("exportRecord", "GET", "/users/me/export"),
    ("deleteRecord", "DELETE", "/users/me"),
)


def main() -> None:
    """Ask, and write down what is answered."""
    with TemporaryDirectory() as home:
        os.environ["SIGNAL9_HOME"] = home
        with App(Settings(home=Path(home))) as app:
            app.ingest()
            _tell_the_developer(app)
        found = dict(_examples(Gateway()))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    Path(_TARGET).write_text(f"{text}\n", encoding="utf-8")


def _tell_the_developer(app: App) -> None:
    """Have something in the inbox: the latest news of a company that the developer watches."""
    app.users.put_watchlist(DEVELOPER.user_id, WatchlistPut(watchlist=["GOOG"]))
    (latest,) = app.list_news(ticker="GOOG", limit=1).items
    at = latest.published_at
    app.notify(NewsIngested(at=at, ticker="GOOG", first=at, last=at, count=1))


def _examples(gateway: Gateway) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, method, address in _ASKED:
        path, _, query = address.partition("?")
        body = _SENT.get(name)
        sent = b"" if body is None else json.dumps(body).encode()
        for place, source in (("{article}", "listNews"), ("{id}", "listNotifications")):
            answered = dict(found).get(source, {"items": [{"id": ""}]})
            path = path.replace(place, answered["items"][0]["id"])
        response = gateway(proxy_event(method, f"/api/v1{path}", query, _JSON, sent))
        if response.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{name}: {response.status} {response.body.decode()}")
        found += [] if body is None else [(f"{name}.request", body)]
        found.append((name, json.loads(response.body)))
    return found


if __name__ == "__main__":
    main()
