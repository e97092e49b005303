import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from signal9_core.domain.news import NewsArticle, SentimentLabel, TickerSentiment, label_of

from ..strategies import articles, scores

RECORDINGS = Path(
    os.environ.get("SIGNAL9_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings")
)
TONE = Decimal("0.25")


@pytest.mark.parametrize(
    ("score", "label"),
    [
        ("-1", SentimentLabel.BEARISH),
        ("-0.35", SentimentLabel.BEARISH),
        ("-0.349999", SentimentLabel.SOMEWHAT_BEARISH),
        ("-0.15", SentimentLabel.SOMEWHAT_BEARISH),
        ("-0.149999", SentimentLabel.NEUTRAL),
        ("0", SentimentLabel.NEUTRAL),
        ("0.149999", SentimentLabel.NEUTRAL),
        ("0.15", SentimentLabel.SOMEWHAT_BULLISH),
        ("0.349999", SentimentLabel.SOMEWHAT_BULLISH),
        ("0.35", SentimentLabel.BULLISH),
        ("1", SentimentLabel.BULLISH),
    ],
)
def test_labels_follow_the_documented_thresholds(score: str, label: SentimentLabel) -> None:
    assert label_of(Decimal(score)) is label


@settings(deadline=None, max_examples=25)
@given(scores())
def test_a_tone_and_its_opposite_have_opposite_labels(score: Decimal) -> None:
    opposite = {
        SentimentLabel.BULLISH: SentimentLabel.BEARISH,
        SentimentLabel.SOMEWHAT_BULLISH: SentimentLabel.SOMEWHAT_BEARISH,
        SentimentLabel.NEUTRAL: SentimentLabel.NEUTRAL,
        SentimentLabel.SOMEWHAT_BEARISH: SentimentLabel.SOMEWHAT_BULLISH,
        SentimentLabel.BEARISH: SentimentLabel.BULLISH,
    }

    assert label_of(-score) is opposite[label_of(score)]


@pytest.mark.skipif(
    not (RECORDINGS / "alphavantage").is_dir(),
    reason=f"no recordings in {RECORDINGS}: set SIGNAL9_RECORDINGS",
)
def test_recorded_scores_have_the_labels_that_came_with_them() -> None:
    judged = [
        (each[f"{scope}_sentiment_score"], each[f"{scope}_sentiment_label"])
        for path in (RECORDINGS / "alphavantage" / "NEWS_SENTIMENT").glob("*.json")
        for article in json.loads(path.read_text(encoding="utf-8"))["feed"]
        for scope, found in (("overall", [article]), ("ticker", article["ticker_sentiment"]))
        for each in found
    ]

    assert judged
    for score, label in judged:
        assert label_of(Decimal(str(score))) == label


def test_what_came_without_a_tone_has_no_label_until_it_is_scored() -> None:
    article = _article(None, IBM=None, AAPL=None)

    scored = article.scored(TONE, "lexicon")

    assert (article.label, article.tickers[0].label) == (None, None)
    assert (scored.sentiment, scored.scored_by) == (TONE, "lexicon")
    assert scored.label is SentimentLabel.SOMEWHAT_BULLISH
    assert [each.label for each in scored.tickers] == [SentimentLabel.SOMEWHAT_BULLISH] * 2


def test_scoring_keeps_the_tones_that_the_source_gave() -> None:
    towards_one = _article(None, IBM=Decimal(-1), AAPL=None).scored(TONE, "lexicon")
    overall = _article(Decimal(-1), IBM=None).scored(TONE, "lexicon")
    whole = _article(Decimal(-1), IBM=Decimal(1))

    assert whole.scored(TONE, "lexicon") == whole
    assert [each.sentiment for each in towards_one.tickers] == [-1, TONE]
    assert towards_one.sentiment == TONE
    assert overall.sentiment == -1
    assert overall.tickers[0].sentiment == TONE


@settings(deadline=None, max_examples=50)
@given(articles(), scores())
def test_scoring_changes_tones_alone_and_only_once(article: NewsArticle, score: Decimal) -> None:
    scored = article.scored(score, "lexicon")

    tones = {"sentiment", "scored_by", "tickers"}
    assert scored.model_dump(exclude=tones) == article.model_dump(exclude=tones)
    assert [(each.ticker, each.relevance) for each in scored.tickers] == [
        (each.ticker, each.relevance) for each in article.tickers
    ]
    assert scored.scored(Decimal(0), "lexicon") == scored


def test_the_text_of_an_article_is_its_title_and_its_summary() -> None:
    article = _article(None)

    assert article.text == "A title"
    assert article.model_copy(update={"summary": "And more."}).text == "A title\nAnd more."


@settings(deadline=None, max_examples=10)
@given(articles(ticker="IBM"))
def test_an_article_names_a_company_once(article: NewsArticle) -> None:
    twice = (*article.tickers, TickerSentiment(ticker="ibm", relevance=Decimal(1)))

    with pytest.raises(ValidationError, match=f"article {article.id}: a ticker occurs twice"):
        NewsArticle.model_validate(article.model_dump() | {"tickers": twice})


@pytest.mark.parametrize("relevance", ["-0.1", "1.1"])
def test_relevance_goes_from_zero_to_one(relevance: str) -> None:
    with pytest.raises(ValidationError, match="relevance"):
        TickerSentiment(ticker="IBM", relevance=Decimal(relevance))


def _article(sentiment: Decimal | None, **tones: Decimal | None) -> NewsArticle:
    return NewsArticle(
        id="0" * 20,
        published_at=datetime(2013, 3, 1, 21, tzinfo=UTC),
        title="A title",
        source="press report",
        tickers=tuple(
            TickerSentiment(ticker=ticker, relevance=Decimal("0.5"), sentiment=tone)
            for ticker, tone in tones.items()
        ),
        sentiment=sentiment,
    )
