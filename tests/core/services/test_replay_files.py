"""A bad file stays alone: it is reported with its reason, and everything else is stored."""

import gzip
import json
import os
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.errors import StoreUnavailableError
from signal9_core.ports import Item
from signal9_core.provider_port import LARGEST_BODY
from signal9_core.providers.alpaca.parsers import FORMAT as ALPACA
from signal9_core.providers.alphavantage.parsers import FORMAT as ALPHAVANTAGE
from signal9_core.raw_archive import copies_in
from signal9_core.schemas.base import to_json
from signal9_core.schemas.operations import ReplayAnswer
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.strategies import damaged
from tests.fakes import AttentivePublisher, FakeProvider, SetClock
from tests.recordings import RECORDINGS, needs_recordings
from tests.spied import SpiedStore

GOOD = "alphavantage/OVERVIEW/GOOD_2024.json"
FUNCTIONS = [("alpaca", name) for name in ALPACA.parsers]
FUNCTIONS += [("alphavantage", name) for name in ALPHAVANTAGE.parsers]


@pytest.fixture
def app(
    spied: SpiedStore,
    clock: SetClock,
    provider: FakeProvider,
    publisher: AttentivePublisher,
    tmp_path: Path,
) -> App:
    settings = Settings(home=tmp_path / "home")
    return App(settings, store=spied, provider=provider, bus=publisher, clock=clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good recording."""
    write(tmp_path / "files", GOOD, overview("GOOD"))
    return tmp_path / "files"


def overview(ticker: str) -> bytes:
    return json.dumps({"Symbol": ticker, "Name": f"{ticker} Inc."}).encode()


def write(folder: Path, name: str, body: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def reasons(answer: ReplayAnswer) -> dict[str, str]:
    """Return why files were skipped, after a look at what was not."""
    assert answer.stored.get("overview") == 1
    assert answer.failed == []
    return {skipped.file: skipped.reason for skipped in answer.skipped}


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"Symbol":[', b'[{"symbol":'])
@pytest.mark.parametrize(("provider", "function"), [*FUNCTIONS, ("alpaca", "unknown")])
def test_endless_nesting_is_reported(
    app: App, folder: Path, provider: str, function: str, opening: bytes
) -> None:
    write(folder, f"{provider}/{function}/IBM_2024.json", opening * 100_000)

    skipped = reasons(app.replay(folder))

    assert list(skipped) == [f"{provider}/{function}/IBM_2024.json"]


def test_every_file_that_is_not_read_is_reported(app: App, folder: Path) -> None:
    write(folder, "README.md", b"")
    write(folder, "IBM.json", b"{}")
    write(folder, "alphavantage/OVERVIEW/IBM.txt", overview("IBM"))
    write(folder, "alphavantage/OVERVIEW/2024/IBM.json", overview("IBM"))
    write(folder, "alphavantage/OVERVIEW/IBM/2024/more/IBM.json", overview("IBM"))
    write(folder, "alphavantage/OVERVIEW/IBM/bodies/0123.gz", gzip.compress(overview("IBM")))
    write(folder, "alphavantage/OVERVIEW/.hidden.json", b"[")
    write(folder, ".git/config", b"")
    (folder / "alphavantage" / "OVERVIEW" / "MSFT.json").mkdir()
    (folder / "alphavantage" / "OVERVIEW" / "AMD.json").symlink_to("nowhere.json")
    (folder / "alphavantage" / "OVERVIEW" / "FB.json").symlink_to("FB.json")
    (folder / "alphavantage" / "EARNINGS").symlink_to(folder)
    os.mkfifo(folder / "alphavantage" / "OVERVIEW" / "pipe.json")

    skipped = reasons(app.replay(folder))

    layout = "not named provider/FUNCTION/NAME.json, .csv, .json.gz or .csv.gz"
    assert skipped == {
        "IBM.json": layout,
        "README.md": layout,
        "alphavantage/EARNINGS": "a link to a folder, which is not followed",
        "alphavantage/OVERVIEW/2024/IBM.json": layout,
        "alphavantage/OVERVIEW/AMD.json": "a broken link",
        "alphavantage/OVERVIEW/FB.json": "a broken link",
        "alphavantage/OVERVIEW/IBM.txt": layout,
        "alphavantage/OVERVIEW/IBM/2024/more/IBM.json": layout,
        "alphavantage/OVERVIEW/IBM/bodies/0123.gz": "a body of the archive without a record",
        "alphavantage/OVERVIEW/MSFT.json": "a folder, not a file",
        "alphavantage/OVERVIEW/pipe.json": "not a file",
    }


def test_a_file_or_folder_that_cannot_be_opened_is_reported(app: App, folder: Path) -> None:
    memory = Path("/proc/self/mem")
    if not memory.exists():
        pytest.skip("there is no file here that cannot be read by anybody")
    (folder / "alphavantage" / "OVERVIEW" / "IBM.json").symlink_to(memory)

    skipped = reasons(app.replay(folder))

    assert "error" in skipped["alphavantage/OVERVIEW/IBM.json"].lower()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_is_forbidden_is_reported(app: App, folder: Path) -> None:
    write(folder, "alphavantage/OVERVIEW/IBM.json", overview("IBM")).chmod(0)
    write(folder, "alphavantage/EARNINGS/IBM.json", b"{}").parent.chmod(0)

    skipped = reasons(app.replay(folder))

    assert skipped["alphavantage/EARNINGS/"] == "Permission denied"
    assert "Permission denied" in skipped["alphavantage/OVERVIEW/IBM.json"]


def test_names_that_are_not_utf_8_are_reported(app: App, folder: Path) -> None:
    (folder / "alphavantage" / "OVERVIEW" / os.fsdecode(b"caf\xe9.json")).write_bytes(b"{}")

    answer = app.replay(folder)

    assert reasons(answer) == {"alphavantage/OVERVIEW/caf�.json": "its name is not UTF-8"}
    assert b"caf" in to_json(answer)


@pytest.mark.parametrize("name", ["IBM_2024.json.gz", "IBM_2024.gz", "IBM_2024.csv.gz"])
def test_compressed_recordings_are_read(app: App, folder: Path, name: str) -> None:
    write(folder, f"alphavantage/OVERVIEW/{name}", gzip.compress(overview("IBM")))

    answer = app.replay(folder)

    assert (answer.stored, answer.skipped) == ({"overview": 2}, [])
    (copy,) = (copy for copy in copies_in(folder).copies() if copy.file != GOOD)
    assert copy.symbol == "IBM"
    assert copy.at is not None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"no gzip", "cannot be decompressed"),
        (gzip.compress(overview("IBM"))[:-9], "cannot be decompressed"),
        (gzip.compress(overview("IBM"))[:12] + b"\xff" * 40, "cannot be decompressed"),
        (gzip.compress(b"0" * (LARGEST_BODY + 1)), "more than 67,108,864 bytes"),
    ],
)
def test_damaged_and_exploding_compression_is_refused(
    app: App, folder: Path, body: bytes, problem: str
) -> None:
    write(folder, "alphavantage/OVERVIEW/IBM.json.gz", body)

    assert problem in reasons(app.replay(folder))["alphavantage/OVERVIEW/IBM.json.gz"]


def test_a_file_larger_than_any_body_is_refused(app: App, folder: Path) -> None:
    with (folder / "alphavantage" / "OVERVIEW" / "IBM.json").open("wb") as file:
        file.truncate(LARGEST_BODY + 1)

    skipped = reasons(app.replay(folder))

    assert "more than 67,108,864 bytes" in skipped["alphavantage/OVERVIEW/IBM.json"]


@pytest.mark.parametrize(
    "record",
    [
        b"[]",
        b"[" * 100_000,
        b'{"received": "2024-01-08T12:00:00", "request": {}, "sha256": "%s"}' % (b"0" * 64),
        b'{"received": "0001-01-01T00:00:00Z", "request": {}, "sha256": "%s"}' % (b"0" * 64),
        b'{"received": "2024-01-08T12:00:00Z", "request": {}, "sha256": "../../secret"}',
        b'{"received": "2024-01-08T12:00:00Z", "request": {}, "sha256": "%s"}' % (b"0" * 64),
    ],
)
def test_a_damaged_record_of_an_archive_is_reported(app: App, folder: Path, record: bytes) -> None:
    name = "alphavantage/OVERVIEW/IBM/2024-01-08/120000.json"
    write(folder, name, record)

    assert list(reasons(app.replay(folder))) == [name]


SYMBOL = {"symbol": "IBM"}
SHARES = {"annualEarnings": [], "quarterlyEarnings": [{"fiscalDateEnding": "2023-09-30"}]}
OHLC = ("1. open", "2. high", "3. low", "4. close")
BAR: Mapping[str, str] = dict.fromkeys(OHLC, "1") | {"5. volume": "7"}
ADJUSTED = dict.fromkeys(OHLC, "1") | {
    "5. adjusted close": "1",
    "6. volume": "7",
    "7. dividend amount": "0",
    "8. split coefficient": "1",
}


def statement(**figures: str) -> dict[str, object]:
    report = {"fiscalDateEnding": "2023-09-30", "reportedCurrency": "USD", **figures}
    return {**SYMBOL, "annualReports": [report], "quarterlyReports": []}


def daily(bar: Mapping[str, str]) -> dict[str, object]:
    return {"Meta Data": {"2. Symbol": "IBM"}, "Time Series (Daily)": {"2024-01-05": bar}}


MISPLACED: list[tuple[str, str, Any]] = [
    ("alphavantage", "INCOME_STATEMENT", statement(totalRevenue="1", netIncome="1")),
    ("alphavantage", "BALANCE_SHEET", statement(totalAssets="1")),
    ("alphavantage", "CASH_FLOW", statement(operatingCashflow="1", netIncome="1")),
    ("alphavantage", "EARNINGS", {**SYMBOL, **SHARES}),
    ("alphavantage", "OVERVIEW", {"Symbol": "IBM", "Name": "IBM"}),
    ("alphavantage", "NEWS_SENTIMENT", {"items": "0", "feed": []}),
    ("alphavantage", "TIME_SERIES_DAILY", daily(BAR)),
    ("alphavantage", "TIME_SERIES_DAILY", "timestamp,open,high,low,close,volume\n"),
    ("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", daily(ADJUSTED)),
    (
        "alphavantage",
        "TIME_SERIES_DAILY_ADJUSTED",
        (
            "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
            "2024-01-05,1,1,1,1,1,7,0,1\n"
        ),
    ),
    (
        "alphavantage",
        "TIME_SERIES_WEEKLY_ADJUSTED",
        (
            "timestamp,open,high,low,close,adjusted close,volume,dividend amount\n"
            "2024-01-05,1,1,1,1,1,7,0\n"
        ),
    ),
    ("alphavantage", "SPLITS", "effective_date,split_factor\n2024-01-05,2\n"),
    (
        "alphavantage",
        "SPLITS",
        {**SYMBOL, "data": [{"effective_date": "2024-01-05", "split_factor": "2"}]},
    ),
    ("alphavantage", "DIVIDENDS", "ex_dividend_date,amount\n2024-01-05,2\n"),
    (
        "alphavantage",
        "EARNINGS_CALENDAR",
        (
            "symbol,name,reportDate,fiscalDateEnding,estimate,currency\n"
            "IBM,IBM,2024-02-01,2023-12-31,1,USD\n"
        ),
    ),
    (
        "alphavantage",
        "LISTING_STATUS",
        (
            "symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"
            "IBM,IBM,NYSE,Stock,1962-01-02,null,Active\n"
        ),
    ),
    ("alpaca", "news", {"news": [], "next_page_token": None}),
    ("alpaca", "stocks_bars", {"bars": {}, "next_page_token": None}),
    ("alpaca", "corporate_actions", {"corporate_actions": {}, "next_page_token": None}),
    ("alpaca", "assets", [{"symbol": "IBM", "status": "active", "tradable": True}]),
]


@pytest.mark.parametrize(("provider", "function", "content"), MISPLACED)
def test_a_body_in_the_folder_of_another_function_is_refused_as_what_it_looks_like(
    app: App, folder: Path, provider: str, function: str, content: object
) -> None:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    for other_provider, other in FUNCTIONS:
        if (other_provider, other) != (provider, function):
            write(folder, f"{other_provider}/{other}/IBM_2024.json", body)

    skipped = reasons(app.replay(folder))

    assert len(skipped) >= len(FUNCTIONS) - 1
    assert all(
        f"looks like {function}" in reason.replace(f"{provider} ", "")
        for reason in skipped.values()
    )


@needs_recordings
def test_no_recording_is_taken_for_what_it_is_not(app: App, folder: Path) -> None:
    files = [path for path in sorted(RECORDINGS.glob("*/*/*.*")) if path.stat().st_size < 200_000]
    for number, path in enumerate(files):
        provider, function = path.parts[-3:-1]
        for other_provider, other in FUNCTIONS:
            if (other_provider, other) != (provider, function):
                name = f"{other_provider}/{other}/IBM_{number}{path.suffix}"
                write(folder, name, path.read_bytes())

    answer = app.replay(folder)

    assert answer.stored == {"overview": 1}
    assert len(answer.skipped) == answer.files - 1 > 1_000


def periods(*ends: str) -> list[dict[str, str]]:
    return [{"fiscalDateEnding": end, "totalRevenue": "1"} for end in ends]


YEARS = periods("2023-12-31", "2022-12-31", "2021-12-31", "2020-12-31")
QUARTERS = periods("2023-12-31", "2023-09-30", "2023-06-30", "2023-03-31")


@pytest.mark.parametrize(
    ("annual", "quarterly", "problem"),
    [
        (QUARTERS, YEARS, "most annual periods end 92 days apart"),
        (YEARS, YEARS, "most quarterly periods end 365 days apart"),
        (QUARTERS, [], "most annual periods end 92 days apart"),
        (
            [],
            [*QUARTERS, {**QUARTERS[0], "totalRevenue": "2"}],
            "two quarterly reports end on 2023-12-31",
        ),
    ],
)
def test_quarters_are_not_taken_for_years_nor_years_for_quarters(
    app: App, folder: Path, annual: object, quarterly: object, problem: str
) -> None:
    body = {**SYMBOL, "annualReports": annual, "quarterlyReports": quarterly}
    name = "alphavantage/INCOME_STATEMENT/IBM_2024.json"
    write(folder, name, json.dumps(body).encode())

    assert problem in reasons(app.replay(folder))[name]


def test_weeks_are_not_taken_for_days(app: App, folder: Path) -> None:
    fridays = ["2023-12-08", "2023-12-15", "2023-12-22", "2023-12-29", "2024-01-05", "2024-01-08"]
    rows = "".join(f"{day},1,1,1,1,7\n" for day in fridays)
    bars = [{"t": f"{day}T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 7} for day in fridays]
    page = {"bars": {"IBM": bars}, "next_page_token": None}
    table = f"timestamp,open,high,low,close,volume\n{rows}"
    write(folder, "alphavantage/TIME_SERIES_DAILY/IBM_2024.csv", table.encode())
    write(folder, "alpaca/stocks_bars/IBM_2024.json", json.dumps(page).encode())

    skipped = reasons(app.replay(folder))

    assert len(skipped) == 2
    assert all("not daily ones" in reason for reason in skipped.values())


def test_the_company_is_the_one_that_the_body_names(app: App, folder: Path) -> None:
    write(
        folder,
        "alphavantage/INCOME_STATEMENT/AAPL.json",
        json.dumps(statement(totalRevenue="1")).encode(),
    )
    write(folder, "alphavantage/TIME_SERIES_DAILY/AAPL.json", json.dumps(daily(BAR)).encode())

    assert reasons(app.replay(folder)) == {}

    assert app.assets.get("AAPL") is None
    assert len(app.prices.between("IBM")) == 1


def test_a_table_in_a_file_that_names_no_company_is_refused(app: App, folder: Path) -> None:
    name = "alphavantage/TIME_SERIES_DAILY/my prices.csv"
    write(folder, name, b"timestamp,open,high,low,close,volume\n2024-01-05,1,1,1,1,7\n")

    assert "which company" in reasons(app.replay(folder))[name]


@pytest.mark.parametrize("after", [1, 6])
def test_a_file_that_vanishes_meanwhile_is_reported(app: App, folder: Path, after: int) -> None:
    body = json.dumps({"items": "0", "feed": []}).encode() + b" " * 3_000_000
    paths = [
        write(folder, f"alphavantage/NEWS_SENTIMENT/IBM_{year}.json", body)
        for year in range(2020, 2025)
    ]

    def vanish(data_set: str, done: int, total: int) -> None:
        if (data_set, done) == ("files", after):
            paths[0].unlink()

    skipped = reasons(app.replay(folder, vanish))

    assert "No such file" in skipped["alphavantage/NEWS_SENTIMENT/IBM_2020.json"]


class FailingStore(SpiedStore):
    """A store that refuses to write about one company."""

    def _about_to_write(self, table: TableSpec, items: Any) -> None:
        self.refuse(items)
        super()._about_to_write(table, items)

    def refuse(self, items: list[Item]) -> None:
        if any(item.get("ticker") == "IBM" for item in items):
            raise StoreUnavailableError("no room for IBM")


def test_a_company_that_cannot_be_stored_fails_alone(
    spied: SpiedStore, clock: SetClock, provider: FakeProvider, folder: Path, tmp_path: Path
) -> None:
    write(folder, "alphavantage/OVERVIEW/IBM_2024.json", overview("IBM"))
    app = App(
        Settings(home=tmp_path / "home"),
        store=FailingStore(spied.store),
        provider=provider,
        bus=AttentivePublisher(),
        clock=clock,
    )

    answer = app.replay(folder)

    assert (answer.stored, answer.skipped) == ({"overview": 1}, [])
    (failure,) = answer.failed
    assert (failure.ticker, failure.data_set) == ("IBM", "overview")
    assert (failure.reason, failure.transient) == ("no room for IBM", True)


def test_memory_does_not_grow_with_the_number_of_files(app: App, tmp_path: Path) -> None:
    mention = {"ticker": "IBM", "relevance_score": "1", "ticker_sentiment_score": "0"}
    article = {"title": "t", "summary": "x" * 9_000, "source": "s", "ticker_sentiment": [mention]}
    feed = [
        {**article, "url": f"https://example.com/{number}", "time_published": "20240105T100000"}
        for number in range(100)
    ]
    body = json.dumps({"items": "100", "feed": feed}).encode()
    for number in range(60):
        day = f"{2015 + number // 12}-{number % 12 + 1:02}"
        write(tmp_path / "news", f"alphavantage/NEWS_SENTIMENT/IBM_{day}.json", body)
    tracemalloc.start()

    answer = app.replay(tmp_path / "news")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.stored == {"news": 100}
    assert peak < 30 * len(body)


def whole_bodies() -> list[tuple[str, bytes]]:
    """Return made-up bodies, and recorded ones if there are any."""
    bodies = [
        (
            f"{provider}/{function}/IBM_2024.json",
            (content if isinstance(content, str) else json.dumps(content)).encode(),
        )
        for provider, function, content in MISPLACED
    ]
    for provider, function in FUNCTIONS:
        for path in sorted((RECORDINGS / provider / function).glob("*.*"))[:3]:
            content = path.read_bytes()
            if len(content) < 100_000:
                bodies.append((f"{provider}/{function}/{path.name}", content))
    return bodies


BODIES = whole_bodies()


@given(data=st.data(), chosen=st.lists(st.sampled_from(BODIES), min_size=1, max_size=6))
def test_no_damage_stops_a_replay_or_reaches_another_company(
    data: st.DataObject, chosen: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    write(folder, GOOD, overview("GOOD"))
    for number, (name, body) in enumerate(chosen):
        place, _, file = name.rpartition("/")
        write(folder, f"{place}/{file.partition('_')[0]}_{number}_{file}", data.draw(damaged(body)))
    with opened() as store:
        app = App(
            Settings(home=folder / ".home"),
            store=store,
            provider=FakeProvider(),
            bus=AttentivePublisher(),
            clock=SetClock(),
        )

        first, second = app.replay(folder), app.replay(folder)

        good = app.assets.get("GOOD")
    assert first.failed == second.failed == []
    assert second.changed == 0
    assert good is not None
    assert good.overview is not None
    assert b"Traceback" not in to_json(first)
