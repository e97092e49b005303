"""Reports of every company, as reported, and announced dates of coming ones.

A report has one item for all its versions, under the end of its period in the newest one. Sources
may move that end by some days; two rows of one response are always two periods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.reports import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Period,
    Report,
    ReportKind,
)
from ..errors import ConflictError
from ..ports import Cursor, Item, Span, Store, Stored
from ..tables import DATE_INDEX, FINANCIALS
from .optimistic import (
    Change,
    ItemRange,
    ResultPage,
    Version,
    change_item,
    compare_items,
    just_after,
    key_of,
    merge_versions,
    received_at,
    scan,
    seen_fields,
    to_value,
    write_items,
)

if TYPE_CHECKING:
    from ..domain.model import Ticker
    from ..provider_port import Vintage

_TYPES: Final[dict[str, type[Report]]] = {
    model.kind: model for model in (BalanceSheet, CashFlow, Earnings, IncomeStatement)
}
_META: Final = {"ticker", "period", "fiscal_date_ending", "currency"}
_CALENDAR: Final = "earnings_calendar"
_FLOWS: Final = Span(f"{ReportKind.CASH_FLOW}.", f"{ReportKind.INCOME_STATEMENT}.~")
"""All reports of a period; balance sheets, which are of a day, come before them."""

_MOVED: Final = timedelta(days=10)
"""The end of a period may move so far: from a Saturday to the end of the month, or back."""

_CONTENT: Final = ("date", "currency", "values")
_Pair = tuple[str, str]
Received = Mapping[ReportKind, "datetime"]


class ReportVersion(NamedTuple):
    """A version of a report, and the first and the last time that it was received."""

    report: Report
    first: datetime
    last: datetime


class ReportChange(NamedTuple):
    """An item of a report to be written, or to be deleted if it has no `item`.

    `report` is what readers get now where it differs from `before`; it is `None` where only earlier
    versions or times were added. `before` is `None` for a period of which nothing was stored.
    """

    report: Report | None
    item: Item | None
    stored: Stored | None
    before: Report | None = None


class ReportComparison(NamedTuple):
    """What is to be written, and what is stored with it.

    That is how many reports, the latest end of a period, and when each kind was last received.
    """

    changes: Sequence[ReportChange]
    stored: int
    as_of: date
    received: Received


class FinancialsRepository:
    """Statements, earnings and announced report dates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def compare(
        self,
        ticker: Ticker,
        vintages: Sequence[Vintage[Report]],
        received: Received,
        *,
        recorded: bool = False,
    ) -> ReportComparison:
        """Return what is new in these responses, which may have come before what is stored.

        Of the same moment, a response that was not `recorded` is newer than what is stored.
        `received` says when each kind was last received: what is stored of it and does not say
        otherwise was the same then.
        """
        page = self._store.query(FINANCIALS, ticker)
        stored = [row for row in page.items if row.item["reportType"] != _CALENDAR]
        now = _latest(received, vintages)
        histories: dict[str, _History] = defaultdict(_History)
        for row in stored:
            histories[str(row.item["reportType"])].add_item(row.item, received)
        for vintage in vintages:
            for report_type, reports in _by_type(vintage.records).items():
                histories[report_type].add_reports(reports, vintage.at, recorded=recorded)
        items = [
            item
            for report_type, history in histories.items()
            for item in history.items(ticker, report_type, now)
        ]
        days = [date.fromisoformat(str(item["date"])) for item in items]
        return ReportComparison(
            list(_changes(stored, items)), len(items), max(days, default=date.min), now
        )

    def compare_calendar(
        self, entries: Iterable[EarningsCalendarEntry]
    ) -> list[Change[EarningsCalendarEntry]]:
        """Return the announced report dates that are new or changed."""
        items = [(entry, _calendar_item(entry)) for entry in entries]
        return compare_items(self._store, FINANCIALS, items)

    def write(self, changes: Sequence[ReportChange]) -> None:
        """Store changed reports; versions that somebody else adds meanwhile are kept as well."""
        if not changes:
            return
        new = [change.item for change in changes if change.item and change.stored is None]
        taken = {key_of(FINANCIALS, item) for item in self._store.put_new(FINANCIALS, new)}
        for _, item, stored, _ in changes:
            if item is not None and (stored is not None or key_of(FINANCIALS, item) in taken):
                key = dict(key_of(FINANCIALS, item))
                change = partial(_joined, item, stored)
                change_item(self._store, FINANCIALS, key, change, known=stored)
        for _, item, stored, _ in changes:
            if item is None and stored is not None:
                self._delete(stored)

    def write_calendar(self, changes: Sequence[Change[EarningsCalendarEntry]]) -> None:
        """Store changed report dates."""
        write_items(self._store, FINANCIALS, changes)

    def announced(self, first: date, last: date) -> dict[Ticker, date]:
        """Return the latest day, within these two, on which companies announced to report."""
        days: dict[Ticker, date] = {}
        span = Span(first.isoformat(), last.isoformat())
        part = ItemRange(FINANCIALS, _CALENDAR, DATE_INDEX, span)
        for item, _ in scan(self._store, part):
            days[str(item["ticker"])] = date.fromisoformat(str(item["date"]))
        return days

    def _delete(self, stored: Stored) -> None:
        key = dict(key_of(FINANCIALS, stored.item))
        with suppress(ConflictError):  # the next comparison finds what was added to it
            self._store.delete(FINANCIALS, key, expected=stored.version)

    def reports(
        self,
        ticker: Ticker,
        kind: ReportKind,
        period: Period,
        *,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> ResultPage[Report]:
        """Return the reports of one kind and period, newest first."""
        page = self._store.query(
            FINANCIALS,
            ticker,
            prefix=f"{_report_type(kind, period)}#",
            newest_first=True,
            limit=limit,
            cursor=cursor,
        )
        return ResultPage([_report(item) for item, _ in page.items], page.cursor)

    def recent(self, ticker: Ticker, count: int) -> dict[tuple[ReportKind, Period], list[Report]]:
        """Return the latest reports of each kind but balance sheets, newest first, by one query."""
        page = self._store.query(FINANCIALS, ticker, span=_FLOWS, newest_first=True)
        latest: dict[tuple[ReportKind, Period], list[Report]] = defaultdict(list)
        for item, _ in page.items:
            report_type = str(item["reportType"])
            if report_type == _CALENDAR:
                continue
            kind, _, period = report_type.partition(".")
            reports = latest[ReportKind(kind), Period(period)]
            if len(reports) < count:
                reports.append(_report(item))
        return latest

    def versions(
        self, ticker: Ticker, kind: ReportKind, period: Period, ending: date
    ) -> list[ReportVersion]:
        """Return all versions of a report, oldest first; the last is the one that counts."""
        report_type = _report_type(kind, period)
        key = _key(ticker, report_type, ending.isoformat())
        names = FINANCIALS.key_attributes
        stored = self._store.get(FINANCIALS, {name: key[name] for name in names})
        if stored is None:
            return []
        head = {"ticker": ticker, "reportType": report_type}
        return [
            ReportVersion(_report({**head, **version.content}), version.first, version.last)
            for version in _versions(stored.item, {})
        ]


class _History:
    """All versions of the reports of one type, and which ends of periods are surely two."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = defaultdict(list)
        self._apart: set[_Pair] = set()

    def add_item(self, item: Item, received: Received) -> None:
        """Add what is stored."""
        for version in _versions(item, received):
            self._versions[str(version.content["date"])].append(version)
        apart = item.get("apart")
        for pair in apart if isinstance(apart, list) else ():
            self._apart.add((str(pair[0]), str(pair[1])))

    def add_reports(self, reports: Iterable[Report], at: datetime, *, recorded: bool) -> None:
        """Add the reports of one response; of two with the same end the last counts."""
        contents = {content["date"]: content for content in map(_content, reports)}
        for day, content in contents.items():
            known = self._versions[str(day)]
            first = at if recorded else just_after(known, content, at)
            known.append(Version(content, first, first))
        self._apart.update((first, last) for _, first, last in _near(map(str, contents)))

    def items(self, ticker: Ticker, report_type: str, received: Received) -> Iterator[Item]:
        """Yield an item for every period."""
        latest = received.get(_kind(report_type))
        for days in _periods(self._versions, self._apart):
            versions = merge_versions(version for day in days for version in self._versions[day])
            apart = [list(pair) for pair in sorted(self._apart) if set(pair) & set(days)]
            key = _key(ticker, report_type, str(versions[-1].content["date"]))
            item = {**key, **_stored_versions(versions, latest)}
            yield {**item, "apart": apart} if apart else item


def _near(days: Iterable[str]) -> Iterator[tuple[timedelta, str, str]]:
    """Yield the pairs of days that may be ends of one period."""
    ordered = [(date.fromisoformat(day), day) for day in sorted(days)]
    for number, (day, first) in enumerate(ordered, 1):
        for other, last in ordered[number:]:
            if other - day > _MOVED:
                break
            yield other - day, first, last


def _periods(days: Iterable[str], apart: set[_Pair]) -> list[list[str]]:
    """Return which days are ends of one period: the nearest ones, and never two that are apart."""
    groups = {day: [day] for day in days}
    for _, first, last in sorted(_near(groups)):
        if groups[first] is groups[last]:
            continue
        joined = sorted(groups[first] + groups[last])
        span = date.fromisoformat(joined[-1]) - date.fromisoformat(joined[0])
        if span <= _MOVED and not any(a in joined and b in joined for a, b in apart):
            groups |= dict.fromkeys(joined, joined)
    return list({group[0]: group for group in groups.values()}.values())


def _stored_versions(versions: Sequence[Version], received: datetime | None) -> Item:
    """Return the attributes of an item that hold versions, the newest at the top.

    When the newest was last received is left out if it was in the latest response of its kind.
    """
    *earlier, newest = versions
    attributes = {**newest.content, **seen_fields(newest)}
    if received is None or newest.last >= received:
        attributes.pop("lastSeen", None)
    else:
        attributes["lastSeen"] = to_value(newest.last)
    older = [{**version.content, **seen_fields(version)} for version in earlier]
    return {**attributes, "earlier": older} if older else attributes


def _versions(item: Item, received: Received) -> list[Version]:
    """Return the versions that an item holds, oldest first."""
    earlier = item.get("earlier")
    older = [
        Version.of_item(version, _content_of(version))
        for version in (earlier if isinstance(earlier, list) else ())
    ]
    newest = Version.of_item(item, _content_of(item))
    if received_at(item, "lastSeen") is None:
        latest = received.get(_kind(str(item["reportType"])), newest.first)
        newest = newest._replace(last=max(newest.first, latest))
    return [*older, newest]


def _joined(item: Item, known: Stored | None, stored: Item | None) -> Item:
    """Return an item with the versions that somebody else has stored meanwhile."""
    if stored is None or (known is not None and stored == known.item):
        return item
    versions = merge_versions([*_versions(item, {}), *_versions(stored, {})])
    return {**item, **_stored_versions(versions, None), "date": item["date"]}


def _changes(stored: Sequence[Stored], items: Sequence[Item]) -> Iterator[ReportChange]:
    known = {key_of(FINANCIALS, row.item): row for row in stored}
    before = dict(known)
    for item in items:
        row = before.pop(key_of(FINANCIALS, item), None)
        if row is None:
            moved = next(filter(None, map(known.get, _earlier_keys(item))), None)
            yield ReportChange(_report(item), item, None, moved and _report(moved.item))
        elif row.item != item:
            same = _content_of(row.item) == _content_of(item)
            yield ReportChange(None if same else _report(item), item, row, _report(row.item))
    for row in before.values():
        yield ReportChange(None, None, row)


def _earlier_keys(item: Item) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield where a report whose period's end has moved was stored, the latest place first."""
    for version in reversed(_versions(item, {})[:-1]):
        day = str(version.content["date"])
        key = _key(str(item["ticker"]), str(item["reportType"]), day)
        yield key_of(FINANCIALS, key)


def _latest(received: Received, vintages: Iterable[Vintage[Report]]) -> Received:
    """Return when each kind was last received."""
    latest = dict(received)
    for vintage in vintages:
        for kind in {report.kind for report in vintage.records}:
            latest[kind] = max(latest.get(kind, vintage.at), vintage.at)
    return latest


def _by_type(reports: Iterable[Report]) -> dict[str, list[Report]]:
    by_type: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_type[_report_type(report.kind, report.period)].append(report)
    return by_type


def _report_type(kind: ReportKind, period: Period) -> str:
    return f"{kind.value}.{period.value}"


def _kind(report_type: str) -> ReportKind:
    return ReportKind(report_type.partition(".")[0])


def _key(ticker: Ticker, report_type: str, day: str) -> dict[str, str]:
    return {
        "ticker": ticker,
        "reportType#date": f"{report_type}#{day}",
        "reportType": report_type,
        "date": day,
    }


def _content(report: Report) -> Item:
    values = report.model_dump(exclude=_META, exclude_unset=True)
    currency = {} if report.currency is None else {"currency": report.currency}
    return {"date": report.fiscal_date_ending.isoformat(), **currency, "values": to_value(values)}


def _content_of(item: Item) -> Item:
    return {name: item[name] for name in _CONTENT if name in item}


def _report(item: Item) -> Report:
    kind, period = str(item["reportType"]).split(".")
    values = item["values"]
    return _TYPES[kind].model_validate(
        {
            "ticker": item["ticker"],
            "period": period,
            "fiscalDateEnding": item["date"],
            "currency": item.get("currency"),
            **(values if isinstance(values, dict) else {}),
        }
    )


def _calendar_item(entry: EarningsCalendarEntry) -> Item:
    values = entry.model_dump(exclude_none=True, exclude={"ticker", "report_date"})
    return {
        **_key(entry.ticker, _CALENDAR, entry.report_date.isoformat()),
        "values": to_value(values),
    }
