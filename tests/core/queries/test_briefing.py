from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import SentimentLabel
from signal9_core.errors import InputError
from signal9_core.schemas import BriefingAnswer, TopicsPut, WatchlistPut
from signal9_core.services.briefing import tone_of
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
    app.assets.sync(list(app.provider.assets()))
    app.news.sync(NEWS)
    return app


def titles(answer: BriefingAnswer) -> list[str]:
    return [each.title for each in answer.items]


def test_who_follows_nothing_gets_recent_news_of_all(briefed: App) -> None:
    answer = briefed.own.briefing("ada")

    assert answer.of == "market"
    assert titles(answer) == [
        "Microsoft slips", "Apple gains", "Untold", "Floats", "Apple before",
    ]  # fmt: skip


def test_who_follows_something_gets_news_of_just_that(briefed: App) -> None:
    briefed.own.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))
    briefed.own.put_topics("ada", TopicsPut(topics=["ipo"]))

    answer = briefed.own.briefing("ada")

    assert answer.of == "interests"
    assert titles(answer) == ["Microsoft slips", "Floats"]


def test_where_nothing_touches_what_is_followed_all_news_come(briefed: App) -> None:
    briefed.own.put_topics("ada", TopicsPut(topics=["blockchain"]))

    answer = briefed.own.briefing("ada", limit=2)
    rest = briefed.own.briefing("ada", limit=9, cursor=answer.next_cursor)

    assert (answer.of, rest.of) == ("market", "market")
    assert titles(answer) + titles(rest) == titles(briefed.own.briefing("grace"))


def test_articles_can_be_narrowed_to_a_tone(briefed: App) -> None:
    assert titles(briefed.own.briefing("ada", sentiment=SentimentLabel.BULLISH)) == ["Apple gains"]


def test_what_touches_a_company_most_comes_first_by_choice(briefed: App) -> None:
    assert titles(briefed.own.briefing("ada", order="impact")) == [
        "Microsoft slips", "Apple gains", "Apple before", "Floats", "Untold",
    ]  # fmt: skip


@pytest.mark.parametrize("order", ["newest", "impact"])
@pytest.mark.parametrize("follows", [[], ["AAPL", "MSFT"]])
@pytest.mark.parametrize("limit", [1, 2])
def test_pages_hold_every_article_once_and_in_order(
    briefed: App, order: str, follows: list[str], limit: int
) -> None:
    briefed.own.put_watchlist("ada", WatchlistPut(watchlist=follows))
    whole = titles(briefed.own.briefing("ada", order=order))  # type: ignore[arg-type]

    found, cursor = [], None
    while True:
        page = briefed.own.briefing("ada", order=order, limit=limit, cursor=cursor)  # type: ignore[arg-type]
        found += titles(page)
        cursor = page.next_cursor
        if cursor is None:
            break

    assert found == whole


def test_a_cursor_is_of_no_use_to_another_user(briefed: App) -> None:
    cursor = briefed.own.briefing("ada", limit=1).next_cursor

    with pytest.raises(InputError, match="cursor"):
        briefed.own.briefing("grace", limit=1, cursor=cursor)


def test_the_market_is_summed_up_in_numbers(briefed: App) -> None:
    market = briefed.own.briefing("ada").market

    assert market is not None
    assert market.as_of.isoformat() == "2024-01-06"
    assert (market.articles, market.previous_articles, market.companies) == (4, 1, 4)
    assert market.sentiment == Decimal("0.0667")
    assert market.previous_sentiment == Decimal("-0.2")
    assert (market.change, market.trend, market.label) == (Decimal("0.2667"), "up", "Neutral")
    assert market.complete
    apple = next(each for each in market.assets if each.ticker == "AAPL")
    assert (apple.name, apple.sentiment, apple.change, apple.trend) == (
        "Apple Inc.", Decimal("0.4"), Decimal("0.6"), "up",
    )  # fmt: skip
    assert {each.ticker: each.trend for each in market.assets if each.ticker != "AAPL"} == {
        "BRK.B": None,
        "MSFT": None,
        "ZZZ": None,
    }


@pytest.mark.parametrize(
    ("now", "then", "trend"),
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
    now: str | None, then: str | None, trend: str | None
) -> None:
    last, before = ([None if each is None else Decimal(each)] for each in (now, then))

    assert tone_of(last, before).trend == trend


def test_what_was_looked_at_stands_beside_the_news(briefed: App) -> None:
    briefed.own.note_viewed("ada", "AAPL")
    briefed.own.note_viewed("ada", "ZZZ")

    assert [each.ticker for each in briefed.own.briefing("ada").viewed] == ["ZZZ", "AAPL"]


def test_without_any_news_a_briefing_is_empty(app: App) -> None:
    answer = app.own.briefing("ada")

    assert (answer.items, answer.market, answer.next_cursor) == ([], None, None)
