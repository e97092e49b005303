"""Articles, a copy under each company that they mention; the first copy is also listed by month."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Final, NamedTuple

from ..domain import NewsArticle, Ticker
from ..ports import Cursor, Item, Span, Store, Stored
from ..tables import MONTH_INDEX, NEWS, STATE
from .optimistic import Foretell, Slice, change_item, ignore, instant_key, scan, take, to_item

__all__ = ["ArticlePage", "NewsChange", "NewsRepository"]

NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_MONTHS: Final = "news/months"
_PAGE: Final = 100
_PLACE: Final = frozenset({"ticker", "timestamp", "month", "other"})

Accept = Callable[[NewsArticle], bool]


class ArticlePage(NamedTuple):
    """Part of a list of articles; `cursor` continues it and is `None` at the end."""

    items: list[NewsArticle]
    cursor: Cursor | None


@dataclass(frozen=True)
class NewsChange:
    """Articles about one company that were added, changed or taken from it, and their span."""

    ticker: Ticker
    first: datetime
    last: datetime
    count: int


class _Change(NamedTuple):
    """What is to be done for one article: copies to add and to replace, companies to leave."""

    article: NewsArticle
    new: list[Item]
    different: list[Item]
    dropped: list[Ticker]

    @property
    def differs(self) -> bool:
        return bool(self.new or self.different or self.dropped)


class NewsRepository:
    """Every article, by company and by month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self, articles: Iterable[NewsArticle], foretell: Foretell[list[NewsChange]] = ignore
    ) -> list[NewsArticle]:
        """Store what is new or different; return those articles, of equal ones the last.

        A tone that was worked out here is no difference, as long as the text is the same.
        """
        changes = [each for each in self._compared(articles) if each.differs]
        if changes:
            foretell(_by_company(changes))
            self._widen_months({_month(each.article) for each in changes})
            self._write(changes)
        return [each.article for each in changes]

    def put_score(self, article: NewsArticle) -> None:
        """Store the tone of an article in all its copies whose text is still the same."""
        for ticker in _companies(article):
            change_item(self._store, NEWS, _key(ticker, article), _with_score(article))

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
        part = Slice(NEWS, ticker, span=_span(first, last), newest_first=True)
        items = scan(self._store, part, cursor, _PAGE)
        return ArticlePage(*take(items, limit, _reader(accept), part))

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
        months = list(self._months(first, last, cursor))
        part = Slice(NEWS, "", MONTH_INDEX, _span(first, last), newest_first=True)
        parts = (replace(part, partition=month) for month in months)
        items = (
            each
            for place, part in enumerate(parts)
            for each in scan(self._store, part, cursor if place == 0 else None, _PAGE)
        )
        return ArticlePage(*take(items, limit, _reader(accept), part))

    def between(self, ticker: Ticker, first: datetime, last: datetime) -> Iterator[NewsArticle]:
        """Yield every article that mentions a company, from `first` to `last`, newest first."""
        part = Slice(NEWS, ticker, span=_span(first, last), newest_first=True)
        return (_article(each.item) for each in scan(self._store, part, None, _PAGE))

    def count(self, ticker: Ticker) -> int:
        """Return how many articles mention a company."""
        return len(self._store.query(NEWS, ticker).items)

    def _compared(self, articles: Iterable[NewsArticle]) -> Iterator[_Change]:
        latest = list({_position(article): article for article in articles}.values())
        keys = [_key(name, each) for each in latest for name in (*_companies(each), NO_COMPANY)]
        known: dict[str, dict[Ticker, Item]] = {}
        for item, _ in self._store.get_many(NEWS, keys):
            known.setdefault(str(item["timestamp"]), {})[str(item["ticker"])] = item
        return (_change(article, known.get(_position(article), {})) for article in latest)

    def _write(self, changes: Sequence[_Change]) -> None:
        # What an article no longer mentions is only known from its other copies: that goes first.
        for each in changes:
            for ticker in each.dropped:
                self._store.delete(NEWS, _key(ticker, each.article))
        articles = {_position(each.article): each.article for each in changes}
        overtaken = self._store.put_new(NEWS, [item for each in changes for item in each.new])
        for item in [*overtaken, *(item for each in changes for item in each.different)]:
            self._sync_copy(str(item["ticker"]), articles[str(item["timestamp"])])

    def _sync_copy(self, ticker: Ticker, article: NewsArticle) -> None:
        def changed(stored: Item | None) -> Item | None:
            after = _copy(_keeping_score(stored, article), ticker)
            return None if after == stored else after

        change_item(self._store, NEWS, _key(ticker, article), changed)

    def _widen_months(self, months: set[str]) -> None:
        def widened(stored: Item | None) -> Item | None:
            known = (
                months if stored is None else {*months, str(stored["first"]), str(stored["last"])}
            )
            after = {"name": _MONTHS, "first": min(known), "last": max(known)}
            return None if after == stored else after

        change_item(self._store, STATE, {"name": _MONTHS}, widened)

    def _months(
        self, first: datetime | None, last: datetime | None, cursor: Cursor | None
    ) -> Iterator[str]:
        known = self._store.get(STATE, {"name": _MONTHS})
        if known is None:
            return
        oldest, month = str(known.item["first"]), str(known.item["last"])
        if first is not None:
            oldest = max(oldest, instant_key(first)[:7])
        if last is not None:
            month = min(month, instant_key(last)[:7])
        if cursor is not None:
            month = min(month, cursor["month"])
        while month >= oldest:
            yield month
            month = _month_before(month)


def _change(article: NewsArticle, known: dict[Ticker, Item]) -> _Change:
    before = {name for item in known.values() for name in _companies(_article(item))}
    kept = reduce(lambda each, item: _keeping_score(item, each), known.values(), article)
    copies = [_copy(kept, ticker) for ticker in _companies(article)]
    return _Change(
        article=article,
        new=[copy for copy in copies if copy["ticker"] not in known],
        different=[copy for copy in copies if known.get(str(copy["ticker"]), copy) != copy],
        dropped=sorted((before | known.keys()) - set(_companies(article))),
    )


def _by_company(changes: Sequence[_Change]) -> list[NewsChange]:
    moments: dict[Ticker, list[datetime]] = {}
    for each in changes:
        for ticker in {*_companies(each.article), *each.dropped} - {NO_COMPANY}:
            moments.setdefault(ticker, []).append(each.article.published_at)
    return [
        NewsChange(ticker, min(each), max(each), len(each))
        for ticker, each in sorted(moments.items())
    ]


def _with_score(article: NewsArticle) -> Callable[[Item | None], Item | None]:
    def scored(stored: Item | None) -> Item | None:
        if stored is None:
            return None
        before = _article(stored)
        after = _copy(_taking_score(before, article), str(stored["ticker"]))
        return None if after == stored else after

    return scored


def _keeping_score(stored: Item | None, article: NewsArticle) -> NewsArticle:
    return article if stored is None else _taking_score(article, _article(stored))


def _taking_score(article: NewsArticle, scored: NewsArticle) -> NewsArticle:
    """Return `article` with the tone that was worked out for `scored`, if it needs and fits it."""
    scorer, score = scored.scored_by, scored.sentiment
    if article.sentiment is not None or scorer is None or score is None:
        return article
    return article.scored(score, scorer) if scored.text == article.text else article


def _companies(article: NewsArticle) -> list[Ticker]:
    return sorted(each.ticker for each in article.tickers) or [NO_COMPANY]


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
    fields = {name: value for name, value in item.items() if name not in _PLACE}
    other = item.get("other")
    return NewsArticle.model_validate(fields | (other if isinstance(other, dict) else {}))


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
