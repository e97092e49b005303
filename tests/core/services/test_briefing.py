from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.news import SentimentLabel
from signal9_core.errors import InputError
from signal9_core.schemas.news import BriefingAnswer
from signal9_core.schemas.users import TopicsPut, WatchlistPut
from signal9_core.services.briefing import Order, compare_tones
from tests.core.storing import store_articles, store_assets
from tests.fakes import article

NEWS = (
    article("Old", "2023-12-01T10:00", "AAPL", sentiment="0.9"),
    article("Apple before", "2023-12-26T10:00", "AAPL", sentiment="-0.2", relevance="1"),
    article("Apple gains", "2024-01-05T10:00", "AAPL", sentiment="0.4", topics=("technology",)),
    article("Microsoft slips", "2024-01-06T10:00", "MSFT", sentiment="-0.3", relevance="1"),
    article("Floats", "2024-01-03T10:00", "ZZZ", sentiment="0.1", topics=("ipo",)),
    article("Untold", "2024-01-04T10:00", "BRK.B"),
)


@pytest.fixture
def briefed(app: App) -> App:
    store_assets(app.assets, list(app.provider.assets()))
    store_articles(app.news, NEWS)
    return app


def titles(answer: BriefingAnswer) -> list[str]:
    return [article.title for article in answer.items]


def test_a_user_without_interests_gets_all_recent_news(briefed: App) -> None:
    answer = briefed.users.briefing("ada")

    assert answer.of == "market"
    assert titles(answer) == [
        "Microsoft slips", "Apple gains", "Untold", "Floats", "Apple before",
    ]  # fmt: skip


def test_a_user_with_interests_gets_news_about_them(briefed: App) -> None:
    briefed.users.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))
    briefed.users.put_topics("ada", TopicsPut(topics=["ipo"]))

    answer = briefed.users.briefing("ada")

    assert answer.of == "interests"
    assert titles(answer) == ["Microsoft slips", "Floats"]


def test_without_news_about_the_interests_all_news_come(briefed: App) -> None:
    briefed.users.put_topics("ada", TopicsPut(topics=["blockchain"]))

    answer = briefed.users.briefing("ada", limit=2)
    rest = briefed.users.briefing("ada", limit=9, cursor=answer.next_cursor)

    assert (answer.of, rest.of) == ("market", "market")
    assert titles(answer) + titles(rest) == titles(briefed.users.briefing("grace"))


def test_articles_can_be_chosen_by_sentiment(briefed: App) -> None:
    answer = briefed.users.briefing("ada", sentiment=SentimentLabel.BULLISH)

    assert titles(answer) == ["Apple gains"]


def test_articles_can_be_ordered_by_impact(briefed: App) -> None:
    assert titles(briefed.users.briefing("ada", order="impact")) == [
        "Microsoft slips", "Apple gains", "Apple before", "Floats", "Untold",
    ]  # fmt: skip


@pytest.mark.parametrize("order", ["newest", "impact"])
@pytest.mark.parametrize("watchlist", [[], ["AAPL", "MSFT"]])
@pytest.mark.parametrize("limit", [1, 2])
def test_pages_hold_every_article_once_and_in_order(
    briefed: App, order: Order, watchlist: list[str], limit: int
) -> None:
    briefed.users.put_watchlist("ada", WatchlistPut(watchlist=watchlist))
    page = briefed.users.briefing("ada", order=order, limit=limit)
    paged = titles(page)

    while page.next_cursor is not None:
        page = briefed.users.briefing("ada", order=order, limit=limit, cursor=page.next_cursor)
        paged += titles(page)

    assert paged == titles(briefed.users.briefing("ada", order=order))


def test_a_cursor_of_another_user_is_refused(briefed: App) -> None:
    cursor = briefed.users.briefing("ada", limit=1).next_cursor

    with pytest.raises(InputError, match="cursor"):
        briefed.users.briefing("grace", limit=1, cursor=cursor)


def test_the_market_is_summarized_in_numbers(briefed: App) -> None:
    market = briefed.users.briefing("ada").market

    assert market is not None
    assert market.as_of.isoformat() == "2024-01-06"
    assert (market.articles, market.previous_articles, market.companies) == (4, 1, 4)
    assert market.sentiment == Decimal("0.0667")
    assert market.previous_sentiment == Decimal("-0.2")
    assert (market.change, market.trend, market.label) == (Decimal("0.2667"), "up", "Neutral")
    assert market.complete
    tones = {tone.ticker: tone for tone in market.assets}
    apple = tones.pop("AAPL")
    assert (apple.name, apple.sentiment, apple.change, apple.trend) == (
        "Apple Inc.", Decimal("0.4"), Decimal("0.6"), "up",
    )  # fmt: skip
    assert {ticker: tone.trend for ticker, tone in tones.items()} == dict.fromkeys(
        ["BRK.B", "MSFT", "ZZZ"]
    )


@pytest.mark.parametrize(
    ("week", "before", "trend"),
    [
        ("0.2", "0.1", "up"),
        ("0.1", "0.2", "down"),
        ("0.14", "0.1", "flat"),
        ("0.15", "0.1", "up"),
        (None, "0.1", None),
        ("0.1", None, None),
    ],
)
def test_a_trend_needs_a_change_of_five_hundredths(
    week: str | None, before: str | None, trend: str | None
) -> None:
    scores = [[None if text is None else Decimal(text)] for text in (week, before)]

    assert compare_tones(*scores).trend == trend


def test_viewed_companies_come_with_the_news(briefed: App) -> None:
    briefed.users.note_viewed("ada", "AAPL")
    briefed.users.note_viewed("ada", "ZZZ")

    assert [asset.ticker for asset in briefed.users.briefing("ada").viewed] == ["ZZZ", "AAPL"]


def test_without_any_news_a_briefing_is_empty(app: App) -> None:
    answer = app.users.briefing("ada")

    assert (answer.items, answer.market, answer.next_cursor) == ([], None, None)
