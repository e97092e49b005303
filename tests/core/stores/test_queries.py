"""What every store promises about queries."""

import pytest

from signal9_core.errors import ConflictError, InputError, StoreError
from signal9_core.ports import ABSENT, Cursor, Page, Span, Store
from signal9_core.tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    DATE_INDEX,
    EMAIL_INDEX,
    FINANCIALS,
    MONTH_INDEX,
    NEWS,
    TIME_SERIES,
    USERS,
    IndexSpec,
    TableSpec,
)

from .items import article, asset, report

DAYS = ["2024-01-01", "2024-01-02", "2024-01-02T10", "2024-02-01", "2024-12-31"]


@pytest.fixture
def news(store: Store) -> Store:
    store.put_many(NEWS, (article("AAPL", day) for day in reversed(DAYS)))
    store.put(NEWS, article("MSFT", "2024-01-02"))
    return store


def stamps(page: Page) -> list[str]:
    return [str(item["timestamp"]) for item, _ in page.items]


def tickers(page: Page) -> list[object]:
    return [item["ticker"] for item, _ in page.items]


def every_page(
    store: Store,
    table: TableSpec,
    partition: str,
    limit: int,
    *,
    index: IndexSpec | None = None,
    newest_first: bool = False,
) -> list[Page]:
    pages: list[Page] = []
    cursor = None
    while not pages or cursor is not None:
        pages.append(
            store.query(
                table,
                partition,
                index=index,
                newest_first=newest_first,
                limit=limit,
                cursor=cursor,
            )
        )
        cursor = pages[-1].cursor
    return pages


def test_a_partition_comes_back_whole_and_in_order(news: Store) -> None:
    assert stamps(news.query(NEWS, "AAPL")) == DAYS
    assert stamps(news.query(NEWS, "AAPL", newest_first=True)) == DAYS[::-1]
    assert news.query(NEWS, "AAPL").cursor is None
    assert news.query(NEWS, "IBM") == ([], None)
    item, version = news.query(NEWS, "AAPL").items[0]
    news.put(NEWS, item, expected=version)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span("2024-01-02", "2024-02-01"), DAYS[1:4]),
        (Span("2024-01-02"), DAYS[1:]),
        (Span(None, "2024-01-02"), DAYS[:2]),
        (Span("2024-01-03", "2024-01-31"), []),
        (Span("2024-02-01", "2024-01-02"), []),
        (Span("2024-01-02", "2024-01-02"), DAYS[1:2]),
        (Span(), DAYS),
        (Span("", "3"), DAYS),
        (Span(None, ""), []),
    ],
)
def test_a_span_includes_both_of_its_ends(news: Store, span: Span, expected: list[str]) -> None:
    assert stamps(news.query(NEWS, "AAPL", span=span)) == expected
    assert stamps(news.query(NEWS, "AAPL", span=span, newest_first=True)) == expected[::-1]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("2024-01", DAYS[:3]), ("2024-01-02", DAYS[1:3]), ("2025", []), ("", DAYS)],
)
def test_a_prefix_selects_what_starts_with_it(
    news: Store, prefix: str, expected: list[str]
) -> None:
    assert stamps(news.query(NEWS, "AAPL", prefix=prefix)) == expected
    assert stamps(news.query(NEWS, "AAPL", prefix=prefix, newest_first=True)) == expected[::-1]


def test_sort_keys_compare_by_their_bytes(store: Store) -> None:
    ordered = ["\0", "A", "B", "Z", "a", "a\0", "ab", "é", "\ud7ff", "\ue000", "\uffff", "𝄞"]
    last = "\U0010ffff"
    store.put_many(NEWS, (article("AAPL", key) for key in reversed(ordered)))
    store.put_many(NEWS, (article("IBM", key) for key in (last, f"{last}x", "b", f"b{last}", "c")))

    assert stamps(store.query(NEWS, "AAPL")) == ordered
    assert stamps(store.query(NEWS, "AAPL", prefix="a")) == ["a", "a\0", "ab"]
    assert stamps(store.query(NEWS, "AAPL", prefix="\ud7ff")) == ["\ud7ff"]
    assert stamps(store.query(NEWS, "AAPL", span=Span("é"))) == ordered[7:]
    assert stamps(store.query(NEWS, "IBM", prefix=last)) == [last, f"{last}x"]
    assert stamps(store.query(NEWS, "IBM", prefix=f"b{last}")) == [f"b{last}"]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_pages_join_to_the_whole_answer(news: Store, limit: int, *, newest_first: bool) -> None:
    pages = every_page(news, NEWS, "AAPL", limit, newest_first=newest_first)

    joined = [stamp for page in pages for stamp in stamps(page)]
    assert joined == (DAYS[::-1] if newest_first else DAYS)
    assert all(len(page.items) == limit for page in pages[: len(DAYS) // limit])


def test_a_cursor_goes_on_within_its_bounds_also_when_its_item_is_gone(news: Store) -> None:
    span = Span("2024-01-02", "2024-02-01")
    spanned = news.query(NEWS, "AAPL", span=span, limit=1)
    prefixed = news.query(NEWS, "AAPL", prefix="2024-01", limit=2, newest_first=True)
    for day in DAYS[1:3]:
        news.delete(NEWS, {"ticker": "AAPL", "timestamp": day})

    assert spanned.cursor == {"ticker": "AAPL", "timestamp": DAYS[1]}
    rest = news.query(NEWS, "AAPL", span=span, cursor=spanned.cursor)
    assert stamps(rest) == DAYS[3:4]
    rest = news.query(NEWS, "AAPL", prefix="2024-01", newest_first=True, cursor=prefixed.cursor)
    assert stamps(rest) == DAYS[:1]


@pytest.mark.parametrize(
    "cursor",
    [
        {},
        {"ticker": "AAPL"},
        {"ticker": "AAPL", "timestamp": ""},
        {"ticker": "MSFT", "timestamp": "2024-01-02"},
        {"ticker": "AAPL", "timestamp": "2024-01-02", "month": "2024-01"},
        {"ticker": "AAPL", "timestamp": "2025-01-02"},
    ],
)
def test_a_cursor_of_another_query_is_refused(news: Store, cursor: Cursor) -> None:
    with pytest.raises(InputError, match="cursor: is not a cursor of this query"):
        news.query(NEWS, "AAPL", prefix="2024", cursor=cursor)


def test_an_index_orders_across_partitions(store: Store) -> None:
    store.put_many(
        FINANCIALS,
        [
            report("MSFT", "earnings", "2024-04-30"),
            report("AAPL", "earnings", "2024-05-02"),
            report("IBM", "earnings", "2024-01-24"),
            report("IBM", "balance_sheet", "2024-03-31"),
            {"ticker": "GE", "reportType#date": "x", "reportType": "earnings"},  # without a date
        ],
    )

    page = store.query(FINANCIALS, "earnings", index=DATE_INDEX, span=Span("2024-02-01"))

    assert tickers(page) == ["MSFT", "AAPL"]
    for item, version in page.items:
        key = {name: str(item[name]) for name in FINANCIALS.key_attributes}
        assert store.get(FINANCIALS, key) == (item, version)


def test_a_projection_returns_part_of_an_item_which_cannot_be_written_back(store: Store) -> None:
    keys = {"ticker": "AAPL", "status": "active", "nameKey": "apple"}
    store.put(ASSETS, {**keys, "name": "Apple", "description": "Makes phones.", "rank": 1})
    store.put(USERS, {"userId": "auth0|1", "email": "a@example.com", "profile": {"name": "A"}})

    [by_name] = store.query(ASSETS, "active", index=COMPANY_NAME_INDEX).items
    [by_email] = store.query(USERS, "a@example.com", index=EMAIL_INDEX).items

    assert by_name.item == {**keys, "name": "Apple", "rank": 1}
    assert by_email.item == {"userId": "auth0|1", "email": "a@example.com"}
    assert by_name.version == by_email.version == ABSENT
    with pytest.raises(ConflictError):
        store.put(USERS, by_email.item, expected=by_email.version)


@pytest.mark.parametrize("newest_first", [False, True])
def test_equal_sort_keys_of_an_index_come_each_once(store: Store, *, newest_first: bool) -> None:
    names = {f"T{number}" for number in range(9)}
    store.put_many(NEWS, [article(ticker, "2024-01-02", month="2024-01") for ticker in names])

    pages = every_page(store, NEWS, "2024-01", 2, index=MONTH_INDEX, newest_first=newest_first)

    joined = [ticker for page in pages for ticker in tickers(page)]
    whole = store.query(NEWS, "2024-01", index=MONTH_INDEX, newest_first=newest_first)
    assert set(joined) == names
    assert joined == tickers(whole)
    assert pages[0].cursor is not None
    assert pages[0].cursor.keys() == {"ticker", "timestamp", "month"}


def test_a_long_partition_comes_back_whole(store: Store) -> None:
    block = "x" * 30_000
    store.put_many(
        TIME_SERIES,
        [{"ticker#dataType": "AAPL#1d", "timestamp": f"{n:03}", "block": block} for n in range(80)],
    )

    assert stamps(store.query(TIME_SERIES, "AAPL#1d")) == [f"{n:03}" for n in range(80)]
    limited = store.query(TIME_SERIES, "AAPL#1d", limit=60)
    assert stamps(limited) == [f"{n:03}" for n in range(60)]


def test_a_table_without_sort_key_has_one_item_in_a_partition(store: Store) -> None:
    version = store.put(ASSETS, asset("AAPL"))

    assert store.query(ASSETS, "AAPL", limit=5) == ([(asset("AAPL"), version)], None)
    with pytest.raises(StoreError, match="no sort key"):
        store.query(ASSETS, "AAPL", prefix="A")


def test_a_query_that_makes_no_sense_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="exclude each other"):
        store.query(NEWS, "AAPL", span=Span("a"), prefix="b")
    with pytest.raises(StoreError, match="limit must be at least 1, not 0"):
        store.query(NEWS, "AAPL", limit=0)
    with pytest.raises(StoreError, match="empty text"):
        store.query(NEWS, "")
    with pytest.raises(StoreError, match=r"News\.EmailIndex: unknown index"):
        store.query(NEWS, "AAPL", index=EMAIL_INDEX)
