"""Random articles."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import NewsArticle, TickerSentiment

from .values import any_of, instants, maybe, scores, texts, tickers


@st.composite
def articles(draw: st.DrawFn, ticker: str | None = None) -> NewsArticle:
    """Any article; with `ticker` it mentions that company among others."""
    named = draw(st.lists(tickers(), unique=True, max_size=3))
    if ticker is not None and ticker not in named:
        named.append(ticker)
    return NewsArticle(
        id=draw(st.from_regex(r"[0-9a-f]{20}", fullmatch=True)),
        published_at=draw(instants()),
        title=draw(texts(80)),
        summary=draw(maybe(texts(200))),
        url=draw(maybe(st.just("https://example.com/article"))),
        source=draw(texts(20)),
        topics=tuple(draw(st.lists(st.sampled_from(("earnings", "technology")), unique=True))),
        tickers=tuple(draw(_ticker_sentiments(each)) for each in named),
        sentiment=draw(maybe(scores())),
        scored_by=draw(maybe(st.just("lexicon"))),
    )


def _ticker_sentiments(ticker: str) -> SearchStrategy[TickerSentiment]:
    return any_of(
        TickerSentiment,
        ticker=st.just(ticker),
        relevance=st.decimals(0, 1, places=6),
        sentiment=maybe(scores()),
    )
