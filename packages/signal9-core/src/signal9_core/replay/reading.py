"""Raw bodies, understood: what they hold, or why they are left out."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Final, NamedTuple

from ..domain import CorporateAction, DataSet, PriceSeries, Ticker
from ..errors import ProviderError, StoreError
from ..ports import Parser, RawCopy, Record

__all__ = ["Dialect", "Library", "Read", "Skipped"]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_REMEMBERED: Final = 128
"""So many bodies are not read anew at once: one that is about many companies comes up for each."""
_TEXTS: Final = frozenset({"Error Message", "Information", "Note", "code", "message"})


class Dialect(NamedTuple):
    """How one provider speaks: its parsers by function, and how it spells tickers.

    `data_sets` tells what an answer about one company is about, be it empty; answers of the
    functions `tell_actions` leave out no split and no dividend of their time; `is_whole` tells
    whether one with so many bars or articles is all that there is.
    """

    parsers: Mapping[str, Parser]
    canonical: Callable[[str], Ticker]
    data_sets: Mapping[str, DataSet]
    tell_actions: Container[str]
    is_whole: Callable[[str, int], bool]

    def functions_of(self, data_set: DataSet) -> frozenset[str]:
        """Return the functions whose answers are about a data set."""
        return frozenset(name for name, about in self.data_sets.items() if about is data_set)


class Skipped(NamedTuple):
    """A file that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Read:
    """A body that was understood; `records` reads it, each time anew.

    `whole` tells whether its bars or articles are all that there are.
    """

    copy: RawCopy
    ticker: Ticker | None
    records: Callable[[], Sequence[Record]]
    dialect: Dialect
    whole: bool

    @property
    def tells_actions(self) -> bool:
        """Whether no split and no dividend is missing."""
        return self.copy.function in self.dialect.tell_actions

    @property
    def order(self) -> tuple[datetime, str]:
        """What later ones have more of; those of which nobody knows when they came are first."""
        return self.copy.at or _NEVER, self.copy.file


@dataclass(frozen=True)
class Library:
    """Reads copies; `finished` tells the last day whose trading was over at a moment."""

    dialects: Mapping[str, Dialect]
    finished: Callable[[datetime], date]
    _recent: dict[str, Sequence[Record]] = field(default_factory=dict, init=False)

    def read(self, copy: RawCopy) -> "Read | Skipped":
        """Return what can be read of a copy, or why it cannot."""
        dialect = self.dialects.get(copy.provider)
        if dialect is None:
            return Skipped(copy.file, f"no provider is called {copy.provider}")
        ticker = None if copy.symbol is None else dialect.canonical(copy.symbol)
        parser = dialect.parsers.get(copy.function)
        try:
            if parser is None:
                return Skipped(copy.file, _unknown(copy))
            records = list(parser(copy.read(), ticker))
        except (ProviderError, StoreError) as error:
            return Skipped(copy.file, str(error))
        whole = dialect.is_whole(copy.function, _count(records))
        self._remember(copy, records)
        return Read(copy, ticker, partial(self._records, copy, parser, ticker), dialect, whole)

    def _records(self, copy: RawCopy, parser: Parser, ticker: Ticker | None) -> Sequence[Record]:
        known = self._recent.pop(copy.file, None)
        if known is not None:
            self._recent[copy.file] = known
            return known
        return self._remember(copy, parser(copy.read(), ticker))

    def _remember(self, copy: RawCopy, records: Iterable[Record]) -> Sequence[Record]:
        kept = list(records if copy.at is None else self._cut(records, self.finished(copy.at)))
        self._recent[copy.file] = kept
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return kept

    def _cut(self, records: Iterable[Record], last: date) -> Iterator[Record]:
        """Yield records without what is of a day that was not over yet."""
        for record in records:
            match record:
                case PriceSeries():
                    yield record.between(None, last)
                case CorporateAction() if record.ex_date > last:
                    continue
                case _:
                    yield record


def _count(records: Sequence[Record]) -> int:
    """Return how many bars there are or, without any, how many records."""
    bars = (len(each) for each in records if isinstance(each, PriceSeries))
    return max(bars, default=len(records))


def _unknown(copy: RawCopy) -> str:
    try:
        found = json.loads(copy.read())
    except ValueError:
        found = None
    if isinstance(found, dict) and found and set(found) <= _TEXTS:
        return "an error text in place of data"
    return f"{copy.function} is not kept in any table"
