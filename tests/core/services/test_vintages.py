"""Whatever order recorded responses arrive in, the newest of each fact is what counts."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.domain.reports import Period, Report, ReportKind
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import FakeProvider, SetClock
from tests.recordings import RECORDINGS, needs_recordings

START: Final = date(2023, 1, 10)
COMPANIES: Final = ("AAPL", "IBM")
KINDS: Final = {
    "INCOME_STATEMENT": ReportKind.INCOME_STATEMENT,
    "BALANCE_SHEET": ReportKind.BALANCE_SHEET,
    "CASH_FLOW": ReportKind.CASH_FLOW,
    "EARNINGS": ReportKind.EARNINGS,
}


class Body(NamedTuple):
    """A recorded response of a day; the name of an `undated` one does not tell the day."""

    function: str
    day: date
    content: bytes
    symbol: str = "IBM"
    undated: bool = False

    @property
    def place(self) -> str:
        day = f"copy{self.day:%d}" if self.undated else self.day
        return f"alphavantage/{self.function}/{self.symbol}_{day}.json"


@contextmanager
def empty_app() -> Iterator[App]:
    with (
        tempfile.TemporaryDirectory() as home,
        SqliteStore.open(":memory:", clock=SetClock()) as store,
    ):
        provider = FakeProvider(covering=[])
        settings = Settings(home=Path(home))
        yield App(settings, store=store, provider=provider, clock=SetClock())


def replay(app: App, bodies: Iterable[Body]) -> dict[str, int]:
    """Replay a folder of responses; return how much is stored of what they are about."""
    with tempfile.TemporaryDirectory() as folder:
        for body in bodies:
            path = Path(folder) / body.place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body.content)
        answer = app.replay(Path(folder))
    assert answer.skipped == []
    return answer.stored


def answers(app: App) -> dict[str, Any]:
    """Return what readers get."""
    profiles = {ticker: app.assets.get(ticker) for ticker in COMPANIES}
    return {
        "reports": [
            report
            for ticker in COMPANIES
            for kind in ReportKind
            for period in Period
            for report in app.financials.reports(ticker, kind, period).items
        ],
        "news": app.news.recent(limit=100).items,
        "news of companies": [app.news.of_company(each, limit=100).items for each in COMPANIES],
        "overviews": [profile and profile.overview for profile in profiles.values()],
        "freshness": {
            (ticker, data_set): fresh.model_dump()
            for ticker, profile in profiles.items()
            if profile is not None
            for data_set, fresh in profile.freshness.items()
        },
    }


def rows(app: App, kind: ReportKind, period: Period = Period.ANNUAL) -> list[Report]:
    return app.financials.reports("IBM", kind, period).items


def statement(function: str, day: date, annual: Mapping[str, str], **quarterly: str) -> Body:
    """A body with total assets or another figure by the end of its period."""
    content = {
        "symbol": "IBM",
        "annualReports": [_row(end, value) for end, value in annual.items()],
        "quarterlyReports": [_row(end, value) for end, value in quarterly.items()],
    }
    return Body(function, day, json.dumps(content).encode())


def _row(end: str, value: str) -> dict[str, str]:
    return {"fiscalDateEnding": end, "reportedCurrency": "USD", "netIncome": value}


def income(number: int, annual: Mapping[str, str]) -> Body:
    return statement("INCOME_STATEMENT", START + timedelta(days=number), annual)


def earnings(number: int, annual: Mapping[str, str]) -> Body:
    """Earnings of years, and of the quarter with which the last of them ended."""
    years = [{"fiscalDateEnding": end, "reportedEPS": eps} for end, eps in annual.items()]
    years.sort(key=itemgetter("fiscalDateEnding"), reverse=True)
    quarters = [{"fiscalDateEnding": max(annual), "reportedEPS": "1"}]
    content = {"symbol": "IBM", "annualEarnings": years, "quarterlyEarnings": quarters}
    return Body("EARNINGS", START + timedelta(days=number), json.dumps(content).encode())


def feed(number: int, *articles: Mapping[str, Any], symbol: str = "IBM") -> Body:
    content = json.dumps({"items": str(len(articles)), "feed": articles}).encode()
    return Body("NEWS_SENTIMENT", START + timedelta(days=number), content, symbol)


def raw_article(
    name: str, hour: int, *tickers: str, summary: str = "Same.", score: str | None = "0.1"
) -> dict[str, Any]:
    moment = datetime(2023, 1, 5, tzinfo=UTC) + timedelta(hours=hour)
    mention = {"relevance_score": "0.5", "ticker_sentiment_score": score}
    return {
        "title": f"Article {name}",
        "url": f"https://example.com/{name}",
        "time_published": f"{moment:%Y%m%dT%H%M%S}",
        "summary": summary,
        "source": "Example",
        "overall_sentiment_score": score,
        "ticker_sentiment": [{"ticker": ticker, **mention} for ticker in tickers],
    }


def overview(number: int, name: str) -> Body:
    content = json.dumps({"Symbol": "IBM", "Name": name}).encode()
    return Body("OVERVIEW", START + timedelta(days=number), content)


MOVED: Final = [
    income(0, {"2013-09-28": "10", "2012-09-29": "9"}),
    income(1, {"2013-09-30": "11", "2012-09-30": "9"}),
]


@pytest.mark.parametrize("order", [[[0, 1]], [[0], [1]], [[1], [0]]])
def test_a_period_whose_end_moved_by_days_is_one_row(order: Sequence[Sequence[int]]) -> None:
    with empty_app() as app:
        for numbers in order:
            replay(app, [MOVED[number] for number in numbers])
        annual = rows(app, ReportKind.INCOME_STATEMENT)
        versions = app.financials.versions(
            "IBM", ReportKind.INCOME_STATEMENT, Period.ANNUAL, date(2013, 9, 30)
        )

        assert [str(row.fiscal_date_ending) for row in annual] == ["2013-09-30", "2012-09-30"]
        assert [row.figures()["netIncome"] for row in annual] == [11, 9]
        assert [str(version.report.fiscal_date_ending) for version in versions] == [
            "2013-09-28",
            "2013-09-30",
        ]
        assert [version.first.date() for version in versions] == [body.day for body in MOVED]


def test_rows_of_one_response_are_periods_of_their_own_however_near() -> None:
    near = {"2013-12-31": "3", "2013-12-28": "12"}
    with empty_app() as app:
        replay(app, [income(0, {"2013-12-28": "12"})])
        replay(app, [income(2, {"2013-12-31": "4"})])
        replay(app, [income(1, near)])

        found = [
            (str(row.fiscal_date_ending), str(row.figures()["netIncome"]))
            for row in rows(app, ReportKind.INCOME_STATEMENT)
        ]

    assert found == [("2013-12-31", "4"), ("2013-12-28", "12")]


def test_an_older_response_is_kept_as_the_earlier_version() -> None:
    newer, older = income(5, {"2013-12-31": "2"}), income(1, {"2013-12-31": "1"})
    with empty_app() as app:
        replay(app, [newer])
        replay(app, [older])
        kept = app.financials.versions(
            "IBM", ReportKind.INCOME_STATEMENT, Period.ANNUAL, date(2013, 12, 31)
        )

        assert [row.figures()["netIncome"] for row in rows(app, ReportKind.INCOME_STATEMENT)] == [2]

    assert [version.report.figures()["netIncome"] for version in kept] == [1, 2]
    assert [version.first.date() for version in kept] == [older.day, newer.day]


def test_a_row_that_left_the_window_is_not_newer_than_what_came_before_it_did() -> None:
    rolling = [
        income(0, {"2013-12-31": "1", "2012-12-31": "1"}),
        income(2, {"2014-12-31": "1", "2013-12-31": "1"}),
        income(1, {"2013-12-31": "2", "2012-12-31": "2"}),
    ]
    with empty_app() as app:
        for body in rolling:
            replay(app, [body])
        found = [row.figures()["netIncome"] for row in rows(app, ReportKind.INCOME_STATEMENT)]

    assert found == [1, 1, 2]


def test_an_article_with_a_new_time_is_one_article() -> None:
    with empty_app() as app:
        replay(app, [feed(0, raw_article("a", 10, "IBM", "AAPL"))])
        replay(app, [feed(1, raw_article("a", 800, "IBM", "AAPL"))])  # in another month
        replay(app, [feed(0, raw_article("a", 10, "IBM", "AAPL"))])
        (article,) = app.news.recent(limit=10).items
        earlier, latest = app.news.versions(article.id)

        assert article.published_at.month == 2
        for ticker in COMPANIES:
            assert app.news.of_company(ticker, limit=10).items == [article]
        assert (earlier.article.published_at.month, earlier.first.date()) == (1, START)
        assert (latest.article, latest.last.date()) == (article, START + timedelta(days=1))


def test_a_score_of_ours_moves_along_with_an_article() -> None:
    def unscored(hour: int) -> dict[str, Any]:
        return raw_article("a", hour, "IBM", summary="Profit rose strongly.", score=None)

    with empty_app() as app:
        replay(app, [feed(0, unscored(10))])
        (scored,) = app.news.recent(limit=10).items
        replay(app, [feed(1, unscored(11))])
        (moved,) = app.news.recent(limit=10).items

    assert scored.scored_by == moved.scored_by == "lexicon"
    assert (scored.sentiment, moved.published_at.hour) == (moved.sentiment, 11)


def test_the_first_replay_counts_what_the_second_counts() -> None:
    bodies = [
        feed(0, raw_article("a", 10, "AAPL"), raw_article("b", 11, "AAPL"), symbol="AAPL"),
        feed(1, raw_article("c", 12, "AAPL", "IBM"), symbol="IBM"),
    ]
    with empty_app() as app:
        first, second = replay(app, bodies), replay(app, bodies)
        counts = sum(app.news.count(ticker) for ticker in COMPANIES)
        profile = app.assets.get("AAPL")

    assert first == second == {"news": counts}
    assert profile is not None
    assert profile.freshness["news"].count == 3  # type: ignore[index]


def test_an_older_overview_does_not_win() -> None:
    with empty_app() as app:
        replay(app, [overview(1, "New")])
        replay(app, [overview(0, "Old")])
        described = app.assets.get("IBM")

    assert described is not None
    assert described.overview is not None
    assert described.overview.name == "New"


_ENDS: Final = st.sampled_from(
    (
        "2012-09-28",
        "2012-09-29",
        "2012-09-30",
        "2012-10-03",
        "2012-12-31",
        "2013-09-28",
        "2013-09-30",
        "2014-01-31",
        "2014-09-27",
        "2014-09-30",
    )
)
_HOURS: Final = st.sampled_from((10, 11, 800))
_SUMMARIES: Final = st.sampled_from(("Profit rose strongly.", "Losses widened."))
_SCORES: Final = st.sampled_from((None, "0.1"))
_VALUES: Final = st.sampled_from(("1", "2", "None"))


@st.composite
def vintages(draw: st.DrawFn, *, undated_too: bool = False) -> list[Body]:
    """Responses about two companies, one of a function a day."""
    bodies = []
    for number in range(draw(st.integers(1, 5))):
        annual = draw(st.dictionaries(_ENDS, _VALUES, min_size=1, max_size=5))
        function = draw(st.sampled_from(("INCOME_STATEMENT", "BALANCE_SHEET")))
        body = statement(function, START + timedelta(days=number), annual)
        articles = [
            raw_article(
                name, draw(_HOURS), *companies, summary=draw(_SUMMARIES), score=draw(_SCORES)
            )
            for name in draw(st.lists(st.sampled_from("ab"), unique=True, min_size=1, max_size=2))
            for companies in [draw(st.sampled_from((("IBM",), ("IBM", "AAPL"), ("AAPL",))))]
        ]
        undated = undated_too and draw(st.booleans())
        choices = [body, earnings(number, annual), feed(number, *articles)]
        dated = [] if undated else [overview(number, draw(_VALUES))]
        chosen = draw(st.sampled_from([*choices, *dated]))
        bodies.append(chosen._replace(undated=undated))
    return bodies


@st.composite
def arrivals(draw: st.DrawFn, bodies: Sequence[Body]) -> list[list[Body]]:
    """The responses in folders, in any order."""
    ordered = draw(st.permutations(bodies))
    cuts = draw(st.lists(st.integers(0, len(ordered)), max_size=3).map(sorted))
    bounds = [0, *cuts, len(ordered)]
    return [ordered[first:last] for first, last in pairwise(bounds)]


def replayed(folders: Iterable[Iterable[Body]]) -> dict[str, Any]:
    with empty_app() as app:
        for folder in folders:
            replay(app, folder)
        return answers(app)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_order_of_arrival_gives_another_answer(data: st.DataObject) -> None:
    bodies = data.draw(vintages())
    expected = replayed([bodies])

    assert replayed(data.draw(arrivals(bodies))) == expected
    assert replayed([[body] for body in bodies]) == expected
    assert_newest(bodies, expected)


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_order_of_responses_of_unknown_times_gives_another_answer(data: st.DataObject) -> None:
    bodies = data.draw(vintages(undated_too=True))

    expected = replayed([bodies])

    assert replayed(data.draw(arrivals(bodies))) == expected


def assert_newest(bodies: Sequence[Body], found: Mapping[str, Any]) -> None:
    """Check against the responses: the latest is served as it is, and nothing else is near it."""
    for function in ("INCOME_STATEMENT", "BALANCE_SHEET"):
        contents = [json.loads(body.content) for body in bodies if body.function == function]
        annual = [
            {row["fiscalDateEnding"]: row for row in each["annualReports"]} for each in contents
        ]
        served = [report for report in found["reports"] if report.kind is KINDS[function]]
        for report in served:
            end = str(report.fiscal_date_ending)
            newest = next(rows[end] for rows in reversed(annual) if end in rows)
            value = newest["netIncome"]
            assert str(report.figures()["netIncome"]) == value
        ends = {str(report.fiscal_date_ending) for report in served}
        assert not annual or annual[-1].keys() <= ends
    for article in found["news"]:
        feeds = [json.loads(each.content)["feed"] for each in bodies if "NEWS" in each.function]
        newest = next(
            raw for feed in reversed(feeds) for raw in feed if raw["title"] == article.title
        )
        assert f"{article.published_at:%Y%m%dT%H%M%S}" == newest["time_published"]
        assert article.summary == newest["summary"]
    names = [json.loads(body.content)["Name"] for body in bodies if body.function == "OVERVIEW"]
    told = [name for name in names if name != "None"]  # else the description says nothing
    assert not told or found["overviews"][1].name == told[-1]


@needs_recordings
def test_no_order_of_recorded_vintages_gives_another_answer() -> None:
    bodies = [
        Body(function, day, (RECORDINGS / "alphavantage" / function / name).read_bytes())
        for function in ("INCOME_STATEMENT", "BALANCE_SHEET")
        for name, day in (
            ("IBM_2023-01.json", date(2023, 1, 31)),
            ("IBM_2025-07.json", date(2025, 7, 31)),
        )
    ]
    bodies += [_rounded(body) for body in bodies[1::2]]
    news = (RECORDINGS / "alphavantage" / "NEWS_SENTIMENT" / "AAPL_2025-07.json").read_bytes()
    bodies.append(Body("NEWS_SENTIMENT", date(2025, 7, 31), news, "AAPL"))
    bodies.append(_edited(bodies[-1]))
    expected = replayed([bodies])

    assert replayed([[body] for body in bodies]) == expected
    assert replayed([[body] for body in reversed(bodies)]) == expected
    assert replayed([bodies[1::2], bodies[::2]]) == expected


def _rounded(body: Body) -> Body:
    """A later response that has only the last years, a day later or earlier, with other figures."""
    content = json.loads(body.content)
    for row in content["annualReports"]:
        row["fiscalDateEnding"] = row["fiscalDateEnding"].replace("12-31", "12-28")
    content["annualReports"] = content["annualReports"][2:7]
    content["quarterlyReports"] = content["quarterlyReports"][:9]
    return Body(body.function, date(2024, 3, 1), json.dumps(content).encode())


def _edited(body: Body) -> Body:
    """An earlier response that lacks some articles, and has others of another time or text."""
    content = json.loads(body.content)
    for number, article in enumerate(content["feed"]):
        if number % 3 == 0:
            article["time_published"] = article["time_published"].replace("202507", "202506")
        if number % 2 == 0:
            article["summary"] = "Unedited."
    content["feed"] = [each for number, each in enumerate(content["feed"]) if number % 5]
    return Body(body.function, date(2025, 7, 30), json.dumps(content).encode(), body.symbol)
