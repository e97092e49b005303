"""Articles, a copy under each company that they mention; the first copy is also listed by month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.news import NewsArticle
from ..ports import Span
from ..tables import MONTH_INDEX, NEWS, STATE
from .optimistic import (
    ItemRange,
    ResultPage,
    change_item,
    fields_of,
    ignore,
    instant_key,
    scan,
    take_page,
    to_item,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from ..domain.model import Ticker
    from ..ports import Cursor, Item, Store, Stored
    from .optimistic import (
        RecordEvent,
    )

__all__ = ["ArticlePage", "NewsChange", "NewsRepository"]

NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_MONTHS: Final = {"name": "news/months"}
_PAGE: Final = 100
_PLACE: Final = frozenset({"ticker", "timestamp", "month"})

Accept = Callable[[NewsArticle], bool]
ArticlePage = ResultPage[NewsArticle]


@dataclass(frozen=True)
class NewsChange:
    """Articles about a company that were added, changed or removed, and when they were published.

    `added` is how many more the company has now.
    """

    ticker: Ticker
    first: datetime
    last: datetime
    count: int
    added: int


class _ArticleChange(NamedTuple):
    """An article and its copies: to be added, to be replaced, and of companies it left."""

    article: NewsArticle
    new: list[Item]
    different: list[tuple[Item, Stored]]
    dropped: list[Ticker]


class NewsRepository:
    """Every article, by company and by month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self, articles: Iterable[NewsArticle], record_event: RecordEvent[list[NewsChange]] = ignore
    ) -> list[NewsArticle]:
        """Store what is new or different; return those articles, of equal ones the last.

        A score added by Signal9 does not count as a difference while the text is the same.
        """
        changes = list(self._compare(articles))
        if changes:
            record_event(_by_company(changes))
            self._widen_months({_month(change.article) for change in changes})
            self._write(changes)
        return [change.article for change in changes]

    def put_score(self, article: NewsArticle) -> None:
        """Store the score of an article in all its copies whose text is still the same."""
        for ticker in _companies(article):
            change_item(self._store, NEWS, _key(ticker, article), partial(_with_score, article))

    def of_company(
        self,
        ticker: Ticker,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Accept | None = None,
    ) -> ArticlePage:
        """Return accepted articles that mention a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        items = scan(self._store, part, cursor, _PAGE)
        return take_page(items, limit, _reader(accept), part)

    def recent(
        self,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Accept | None = None,
    ) -> ArticlePage:
        """Return accepted articles of all companies, from `first` to `last`, newest first."""
        months = self._months(first, last, cursor)
        whole = ItemRange(NEWS, "", MONTH_INDEX, _span(first, last), newest_first=True)
        items = (
            stored
            for number, month in enumerate(months)
            for stored in scan(
                self._store, replace(whole, partition=month), None if number else cursor, _PAGE
            )
        )
        return take_page(items, limit, _reader(accept), whole)

    def between(self, ticker: Ticker, first: datetime, last: datetime) -> Iterator[NewsArticle]:
        """Yield every article that mentions a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        return (_article(item) for item, _ in scan(self._store, part, None, _PAGE))

    def count(self, ticker: Ticker) -> int:
        """Return how many articles mention a company; this reads all of them."""
        return len(self._store.query(NEWS, ticker).items)

    def _compare(self, articles: Iterable[NewsArticle]) -> Iterator[_ArticleChange]:
        """Yield the articles that differ from what is stored."""
        latest = {_position(article): article for article in articles}
        keys = [
            _key(ticker, article)
            for article in latest.values()
            for ticker in (*_companies(article), NO_COMPANY)
        ]
        copies: dict[str, dict[Ticker, Stored]] = {}
        for stored in self._store.get_many(NEWS, keys):
            position, ticker = str(stored.item["timestamp"]), str(stored.item["ticker"])
            copies.setdefault(position, {})[ticker] = stored
        for position, article in latest.items():
            change = _change(article, copies.get(position, {}))
            if change.new or change.different or change.dropped:
                yield change

    def _write(self, changes: Sequence[_ArticleChange]) -> None:
        # Only its other copies tell which companies an article has left: those copies go first.
        for change in changes:
            for ticker in change.dropped:
                self._store.delete(NEWS, _key(ticker, change.article))
        articles = {_position(change.article): change.article for change in changes}
        taken = self._store.put_new(NEWS, [item for change in changes for item in change.new])
        for item in taken:
            self._put_copy(str(item["ticker"]), articles[str(item["timestamp"])])
        for change in changes:
            for item, stored in change.different:
                self._put_copy(str(item["ticker"]), change.article, stored)

    def _put_copy(self, ticker: Ticker, article: NewsArticle, known: Stored | None = None) -> None:
        def changed(stored: Item | None) -> Item | None:
            after = _copy(_keeping_score(stored, article), ticker)
            return None if after == stored else after

        change_item(self._store, NEWS, _key(ticker, article), changed, known=known)

    def _widen_months(self, months: set[str]) -> None:
        def widened(stored: Item | None) -> Item | None:
            known = set() if stored is None else {str(stored["first"]), str(stored["last"])}
            after = {**_MONTHS, "first": min(months | known), "last": max(months | known)}
            return None if after == stored else after

        change_item(self._store, STATE, _MONTHS, widened)

    def _months(
        self, first: datetime | None, last: datetime | None, cursor: Cursor | None
    ) -> Iterator[str]:
        """Yield the months that may have articles in the span, from the cursor's on."""
        stored = self._store.get(STATE, _MONTHS)
        if stored is None:
            return
        oldest, month = str(stored.item["first"]), str(stored.item["last"])
        if first is not None:
            oldest = max(oldest, instant_key(first)[:7])
        if last is not None:
            month = min(month, instant_key(last)[:7])
        if cursor is not None:
            month = min(month, cursor["month"])
        while month >= oldest:
            yield month
            month = _month_before(month)


def _change(article: NewsArticle, stored: dict[Ticker, Stored]) -> _ArticleChange:
    """Return what is to be done so that an article is stored under its companies alone."""
    items = [copy.item for copy in stored.values()]
    before = {ticker for item in items for ticker in _companies(_article(item))}
    scored = reduce(lambda latest, item: _keeping_score(item, latest), items, article)
    copies = {ticker: _copy(scored, ticker) for ticker in _companies(article)}
    return _ArticleChange(
        article=article,
        new=[copy for ticker, copy in copies.items() if ticker not in stored],
        different=[
            (copy, stored[ticker])
            for ticker, copy in copies.items()
            if ticker in stored and stored[ticker].item != copy
        ],
        dropped=sorted((before | stored.keys()) - copies.keys()),
    )


def _by_company(changes: Sequence[_ArticleChange]) -> list[NewsChange]:
    moments: dict[Ticker, list[datetime]] = {}
    added: dict[Ticker, int] = {}
    for change in changes:
        new = {str(item["ticker"]) for item in change.new}
        for ticker in {*_companies(change.article), *change.dropped} - {NO_COMPANY}:
            moments.setdefault(ticker, []).append(change.article.published_at)
            more = (ticker in new) - (ticker in change.dropped)
            added[ticker] = added.get(ticker, 0) + more
    return [
        NewsChange(ticker, min(at), max(at), len(at), added[ticker])
        for ticker, at in sorted(moments.items())
    ]


def _with_score(article: NewsArticle, stored: Item | None) -> Item | None:
    if stored is None:
        return None
    after = _copy(_taking_score(_article(stored), article), str(stored["ticker"]))
    return None if after == stored else after


def _keeping_score(stored: Item | None, article: NewsArticle) -> NewsArticle:
    return article if stored is None else _taking_score(article, _article(stored))


def _taking_score(article: NewsArticle, scored: NewsArticle) -> NewsArticle:
    """Return `article` with the score of ours that `scored` has, if it needs one and fits."""
    scorer, score = scored.scored_by, scored.sentiment
    if article.sentiment is not None or scorer is None or score is None:
        return article
    return article.scored(score, scorer) if scored.text == article.text else article


def _companies(article: NewsArticle) -> list[Ticker]:
    return sorted(mention.ticker for mention in article.tickers) or [NO_COMPANY]


def _key(ticker: Ticker, article: NewsArticle) -> dict[str, str]:
    return {"ticker": ticker, "timestamp": _position(article)}


def _position(article: NewsArticle) -> str:
    return f"{instant_key(article.published_at)}#{article.id}"


def _month(article: NewsArticle) -> str:
    return instant_key(article.published_at)[:7]


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def _copy(article: NewsArticle, ticker: Ticker) -> Item:
    item = {**to_item(article), **_key(ticker, article)}
    return item | {"month": _month(article)} if ticker == _companies(article)[0] else item


def _article(item: Item) -> NewsArticle:
    return NewsArticle.model_validate(fields_of(item, _PLACE))


def _reader(accept: Accept | None) -> Callable[[Stored], NewsArticle | None]:
    def read(stored: Stored) -> NewsArticle | None:
        article = _article(stored.item)
        return article if accept is None or accept(article) else None

    return read


def _span(first: datetime | None, last: datetime | None) -> Span:
    return Span(
        None if first is None else instant_key(first),
        None if last is None else f"{instant_key(last)}$",  # "$" follows "#" in the alphabet
    )
