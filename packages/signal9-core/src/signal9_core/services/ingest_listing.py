"""Ingest of a listing: which companies are new, changed, renamed or gone; decisions of people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from ..domain.companies import Asset, AssetProfile, FormerTicker, ProblemKind
from ..domain.identity import (
    add_former_ticker,
    confirm_owner,
    leave_listing,
    rename,
    rename_former_owner,
    take_over,
)
from ..errors import InputError, NotFoundError, PayloadError, ProviderError, StoreError
from ..events import AssetDataUpdated
from ..ports import ABSENT, Clock, Progress
from ..repositories.companies import AssetRepository, CompanySummary, ProfileChange
from .ingest_result import IngestResult, describe_error, is_lasting
from .parameters import parse_ticker

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from ..domain.model import Ticker
    from ..provider_port import Provider
    from ..repositories.state import StateRepository
    from .outbox import Outbox

_CHUNK: Final = 500  # as many tickers as one event may name
_SUBJECT: Final = "listing"
_PLAUSIBLE: Final = 10
"""A listing may lack one in so many companies of the one before, and a single one in any case."""

_RENAMED_WITHIN: Final = timedelta(days=31)
"""A company whose ticker left a listing so long ago may come back with another one."""


@dataclass(frozen=True)
class IngestListing:
    """Store and announce companies that are new or different, have another ticker, or have left."""

    provider: Provider
    assets: AssetRepository
    state: StateRepository
    outbox: Outbox
    clock: Clock

    def __call__(
        self, progress: Progress, *, whole: bool = True, accept_losses: bool = False
    ) -> IngestResult:
        """Ingest the listing; a provider that fails is reported.

        Companies that a `whole` listing lacks have left; another one makes none inactive. One that
        lacks too many is taken for a mistake and changes nothing, unless its losses are accepted.
        """
        result = IngestResult()
        try:
            entries = _by_ticker(self.provider.assets())
            changes = self._changes(entries, whole=whole, accept_losses=accept_losses)
        except ProviderError as error:
            result.fail(error, _SUBJECT)
            self.outbox.send(result.failure_events(self.clock()))
            return result
        gone = [change for ticker, change in changes.items() if ticker not in entries]
        self._store(gone, result)
        tickers = list(entries)
        for start in range(0, len(tickers), _CHUNK):
            chunk = tickers[start : start + _CHUNK]
            self._store([changes[ticker] for ticker in chunk if ticker in changes], result)
            progress(_SUBJECT, start + len(chunk), len(tickers))
        result.count(_SUBJECT, len(entries), len(changes))
        self.outbox.send(result.failure_events(self.clock()))
        if whole:
            self._note_listing()
        return result

    def _changes(
        self, entries: Mapping[Ticker, Asset], *, whole: bool, accept_losses: bool
    ) -> dict[Ticker, ProfileChange]:
        """Return what the listing changes; `PayloadError` if it lacks too many companies."""
        known = {company.ticker: company for company in self.assets.summaries()}
        missing = self._missing(known, entries) if whole and not self._is_outdated() else []
        changes = {change.ticker: change for change in self._compare(missing, entries.values())}
        if not whole:
            changes = {name: change for name, change in changes.items() if not _has_gone(change)}
        renamed = _find_renamed(known, changes, self.provider.name)
        if not accept_losses:
            lost = [ticker for ticker in missing if ticker not in renamed]
            before = sum(self._lists(company) for company in known.values())
            if (lost and not entries) or (len(lost) > 1 and len(lost) * _PLAUSIBLE > before):
                raise PayloadError(self._refusal(len(lost), before))
        for ticker, now in renamed.items():
            self._rename(ticker, now, changes)
        return changes

    def _is_outdated(self) -> bool:
        latest = self.state.listed_at(self.provider.name)
        return latest is not None and self._at() < latest

    def _missing(
        self, known: Mapping[Ticker, CompanySummary], entries: Container[Ticker]
    ) -> list[Ticker]:
        """Return the companies that this provider listed before, and does not list any more."""
        return [
            ticker
            for ticker, company in known.items()
            if self._lists(company) and ticker not in entries
        ]

    def _lists(self, company: CompanySummary) -> bool:
        return self.provider.name in company.identity.listed_by

    def _refusal(self, lost: int, before: int) -> str:
        return (
            f"{self.provider.name}: the listing lacks {lost:,} of {before:,} companies, more than "
            f"one in {_PLAUSIBLE}: nothing is changed; `signal9 ingest --accept-listing` accepts it"
        )

    def _compare(
        self, missing: Iterable[Ticker], assets: Iterable[Asset]
    ) -> Iterator[ProfileChange]:
        """Yield what changes of the companies that have left, and then of those that are listed."""
        source, day = self.provider.name, self._at().date()
        leave = partial(leave_listing, source=source, day=day)
        for profile, version in self.assets.read_many(list(missing)).values():
            yield ProfileChange(profile, version, leave(profile), leave)
        previous = self.state.listed_at(source)
        last = None if previous is None else previous.date()
        yield from self.assets.compare(assets, source, day, last)

    def _rename(self, ticker: Ticker, now: Ticker, changes: dict[Ticker, ProfileChange]) -> None:
        """Add to the changes that a company has another ticker now."""
        change = changes.get(ticker)
        if change is None:
            profile, version = self.assets.read(ticker)
            change = ProfileChange(profile, version, profile, _unchanged)
        until = _left_on(change) or self._at().date()
        if ticker not in changes and self._at().date() - until > _RENAMED_WITHIN:
            return
        former = FormerTicker(ticker=ticker, until=until)
        changes[now] = changes[now].then(partial(add_former_ticker, former=former))
        renames = rename_former_owner if _is_taken_over(change) else rename
        changes[ticker] = change.then(partial(renames, ticker=now))

    def _store(self, changes: Sequence[ProfileChange], result: IngestResult) -> None:
        """Write and announce changes; a company whose entry cannot be stored stays as it was."""
        if changes:
            tickers = tuple(change.ticker for change in changes)
            event = AssetDataUpdated(at=self.clock(), tickers=tickers, data_set=_SUBJECT)
            self.outbox.record(_SUBJECT, event)
            try:
                self.assets.write(changes)
            except StoreError as error:
                if not is_lasting(error):
                    raise
                self.outbox.withdraw(_SUBJECT, event)
                self._store_apart(changes, error, result)
        self.outbox.publish(_SUBJECT)

    def _store_apart(
        self, changes: Sequence[ProfileChange], error: StoreError, result: IngestResult
    ) -> None:
        """Write the halves of changes that cannot be written together, down to a single one."""
        if len(changes) > 1:
            middle = len(changes) // 2
            self._store(changes[:middle], result)
            self._store(changes[middle:], result)
            return
        (change,) = changes
        result.fail(error, _SUBJECT, change.ticker)
        reason, day = f"listing: {describe_error(error)}", self._at().date()
        self.assets.change(
            change.ticker, lambda known: known.with_problem(ProblemKind.LISTING, reason, day)
        )

    def _note_listing(self) -> None:
        latest = self.state.listed_at(self.provider.name)
        if latest is None or latest < self._at():
            self.state.note_listing(self.provider.name, self._at())

    def _at(self) -> datetime:
        return self.provider.retrieved_at().replace(microsecond=0)


def _by_ticker(assets: Iterable[Asset]) -> dict[Ticker, Asset]:
    """Return the listed companies; of several with the same ticker the first."""
    first: dict[Ticker, Asset] = {}
    for asset in assets:
        first.setdefault(asset.ticker, asset)
    return first


def _unchanged(profile: AssetProfile) -> AssetProfile:
    return profile


def _find_renamed(
    known: Mapping[Ticker, CompanySummary], changes: Mapping[Ticker, ProfileChange], source: str
) -> dict[Ticker, Ticker]:
    """Return the new ticker of each company that has left one and has come under another.

    The provider's number tells, or a CIK, unless the company has other tickers as well: then it may
    have left one and come under another for different shares.
    """
    new = {ticker: change.after for ticker, change in changes.items() if _is_new(change)}
    old = {
        ticker: (profile.asset.cik, profile.identity.ids.get(source))
        for ticker, profile in _left(changes)
    }
    staying = {
        company.cik
        for ticker, company in known.items()
        if company.status == "active" and ticker not in old and ticker not in new
    }
    # Those that have left before; a run that was stopped has noted what became of them, maybe.
    old |= {
        ticker: (company.cik, company.identity.ids.get(source))
        for ticker, company in known.items()
        if company.status == "inactive"
        and ticker not in changes
        and company.identity.renamed_to in {None, *new}
    }
    ids = _only_one({ticker: profile.identity.ids.get(source) for ticker, profile in new.items()})
    ciks = _only_one({ticker: profile.asset.cik for ticker, profile in new.items()})
    leavers = _only_one({ticker: cik for ticker, (cik, _) in old.items()})
    renamed = {ticker: ids[number] for ticker, (_, number) in old.items() if number in ids}
    for cik, ticker in leavers.items():
        if cik in ciks and cik not in staying:
            renamed.setdefault(ticker, ciks[cik])
    return renamed


def _only_one(numbers: Mapping[Ticker, str | None]) -> dict[str | None, Ticker]:
    """Return the ticker of each number that has only one."""
    counts = Counter(numbers.values())
    return {
        number: ticker
        for ticker, number in numbers.items()
        if number is not None and counts[number] == 1
    }


def _left(changes: Mapping[Ticker, ProfileChange]) -> Iterator[tuple[Ticker, AssetProfile]]:
    """Yield the companies that do not have their ticker any more."""
    for ticker, change in changes.items():
        if _is_taken_over(change) and change.before.identity.renamed_to is None:
            yield ticker, change.before
        elif _has_left(change):
            yield ticker, change.after


def _is_taken_over(change: ProfileChange) -> bool:
    return len(change.after.former_owners) > len(change.before.former_owners)


def _is_new(change: ProfileChange) -> bool:
    is_new = change.version == ABSENT or _is_taken_over(change)
    return is_new and change.after.asset.status == "active"


def _has_gone(change: ProfileChange) -> bool:
    return change.version != ABSENT and _has_left(change)


def _has_left(change: ProfileChange) -> bool:
    was_active = change.version == ABSENT or change.before.asset.status == "active"
    return was_active and change.after.asset.status == "inactive"


def _left_on(change: ProfileChange) -> date | None:
    if _is_taken_over(change):
        return change.after.former_owners[-1].until
    return change.after.asset.delisting_date


@dataclass(frozen=True)
class DecideOwner:
    """Decide whether a disputed listing is of the company that is stored, or of another one."""

    assets: AssetRepository
    outbox: Outbox
    clock: Clock

    def __call__(self, ticker: str, *, same: bool) -> None:
        """Store and announce the decision; `InputError` if there is none to make."""
        canonical = parse_ticker(ticker)
        profile, version = self.assets.read(canonical)
        if version == ABSENT:
            raise NotFoundError("ticker", canonical)
        claim = profile.claim
        if claim is None:
            raise InputError("ticker", f"nothing is undecided about the owner of {canonical}")

        def decided(profile: AssetProfile) -> AssetProfile:
            if profile.claim != claim:  # somebody else has decided
                return profile
            return confirm_owner(profile, claim) if same else take_over(profile, claim)

        event = AssetDataUpdated(at=self.clock(), tickers=(canonical,), data_set="listing")
        self.outbox.record("listing", event)
        self.assets.change(canonical, decided)
        self.outbox.publish("listing")
