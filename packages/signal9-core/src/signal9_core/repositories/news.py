"""Articles, a copy under each company that they mention; the first copy is also listed by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
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
    instant_key,
    key_of,
    scan,
    take_page,
    to_item,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from ..domain.model import Ticker
    from ..ports import Cursor, Item, Store, Stored

__all__ = ["NO_COMPANY", "ArticlePage", "CopyChange", "NewsRepository"]

NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_MONTHS: Final = {"name": "news/months"}
_FIRST_YEAR: Final = 1990
"""No provider has older news."""

_PAGE: Final = 100
_PLACE: Final = frozenset({"ticker", "timestamp", "month"})

Accept = Callable[[NewsArticle], bool]
ArticlePage = ResultPage[NewsArticle]


class CopyChange(NamedTuple):
    """A copy of an article under one company: to be written, or deleted if it has no `item`."""

    article: NewsArticle
    ticker: Ticker
    item: Item | None
    stored: Stored | None

    @property
    def added(self) -> int:
        """How many more articles the company has with it."""
        if self.item is None:
            return -1
        return int(self.stored is None)


class NewsRepository:
    """Every article, by company and by month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def compare(self, articles: Iterable[NewsArticle]) -> list[CopyChange]:
        """Return the copies that differ from what is stored; of equal articles the last counts.

        A score added by Signal9 does not count as a difference while the text is the same.
        """
        latest = {_position(article): article for article in articles}
        keys = [
            _key(ticker, article)
            for article in latest.values()
            for ticker in (*_companies(article), NO_COMPANY)
        ]
        copies: dict[str, dict[Ticker, Stored]] = defaultdict(dict)
        for stored in self._store.get_many(NEWS, keys):
            copies[str(stored.item["timestamp"])][str(stored.item["ticker"])] = stored
        return [
            change
            for position, article in latest.items()
            for change in _compare(article, copies[position])
        ]

    def write(self, changes: Sequence[CopyChange]) -> None:
        """Store changed copies, and delete those under companies that an article has left."""
        if not changes:
            return
        self._widen_months({_month(change.article) for change in changes})
        # Only its other copies tell which companies an article has left: those copies go first.
        for change in changes:
            if change.item is None:
                self._store.delete(NEWS, _key(change.ticker, change.article))
        new = [change.item for change in changes if change.item and change.stored is None]
        taken = {key_of(NEWS, item) for item in self._store.put_new(NEWS, new)}
        for change in changes:
            if change.item and (change.stored or key_of(NEWS, change.item) in taken):
                self._put_copy(change)

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
        return take_page(items, limit, _article, accept, part)

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
        return take_page(items, limit, _article, accept, whole)

    def between(self, ticker: Ticker, first: datetime, last: datetime) -> Iterator[NewsArticle]:
        """Yield every article that mentions a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        return (_article(item) for item, _ in scan(self._store, part, None, _PAGE))

    def count(self, ticker: Ticker) -> int:
        """Return how many articles mention a company; this reads all of them."""
        return len(self._store.query(NEWS, ticker).items)

    def find_months(self, until: date) -> None:
        """Find the first and the last month with news, where that was lost."""
        months = [
            f"{year}-{month:02}"
            for year in range(_FIRST_YEAR, until.year + 2)
            for month in range(1, 13)
        ]
        used = {
            month
            for month in months
            if self._store.query(NEWS, month, index=MONTH_INDEX, limit=1).items
        }
        if used:
            self._widen_months(used)

    def _put_copy(self, change: CopyChange) -> None:
        article, ticker = change.article, change.ticker

        def changed(stored: Item | None) -> Item:
            return _copy(_keeping_score(stored, article), ticker)

        change_item(self._store, NEWS, _key(ticker, article), changed, known=change.stored)

    def _widen_months(self, months: set[str]) -> None:
        def widened(stored: Item | None) -> Item:
            known = set() if stored is None else {str(stored["first"]), str(stored["last"])}
            return {**_MONTHS, "first": min(months | known), "last": max(months | known)}

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


def _compare(article: NewsArticle, stored: dict[Ticker, Stored]) -> Iterator[CopyChange]:
    """Yield what is to be done so that an article is stored under its companies alone."""
    items = [copy.item for copy in stored.values()]
    before = {ticker for item in items for ticker in _companies(_article(item))}
    scored = reduce(lambda latest, item: _keeping_score(item, latest), items, article)
    companies = _companies(article)
    for ticker in companies:
        copy, known = _copy(scored, ticker), stored.get(ticker)
        if known is None or known.item != copy:
            yield CopyChange(article, ticker, copy, known)
    for ticker in sorted((before | stored.keys()) - set(companies)):
        yield CopyChange(article, ticker, None, stored.get(ticker))


def _with_score(article: NewsArticle, stored: Item | None) -> Item | None:
    if stored is None:
        return None
    return _copy(_taking_score(_article(stored), article), str(stored["ticker"]))


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


def _span(first: datetime | None, last: datetime | None) -> Span:
    return Span(
        None if first is None else instant_key(first),
        None if last is None else f"{instant_key(last)}$",  # "$" follows "#" in the alphabet
    )
