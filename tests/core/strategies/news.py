"""Random articles."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import NewsArticle, TickerSentiment

from .values import instances, maybe, scores, texts, tickers


@st.composite
def articles(draw: st.DrawFn, ticker: str | None = None) -> NewsArticle:
    """Any article; with `ticker` it mentions that company among others."""
    named = draw(st.lists(tickers(), unique=True, max_size=3))
    if ticker is not None and ticker not in named:
        named.append(ticker)
    return draw(
        instances(
            NewsArticle,
            id=st.from_regex(r"[0-9a-f]{20}", fullmatch=True),
            title=texts(80),
            topics=st.lists(st.sampled_from(("earnings", "technology")), unique=True),
            tickers=st.tuples(*map(_mentions, named)),
            sentiment=maybe(scores()),
        )
    )


def _mentions(ticker: str) -> SearchStrategy[TickerSentiment]:
    return instances(
        TickerSentiment,
        ticker=st.just(ticker),
        relevance=st.decimals(0, 1, places=6),
        sentiment=maybe(scores()),
    )
