"""Recorded responses: what each holds, as their provider's parsers read it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..domain.adjustment import AdjustedCloses, CorporateAction
from ..domain.coverage import NEVER
from ..domain.model import Ticker
from ..domain.prices import PriceSeries
from ..errors import PayloadError
from ..repositories.optimistic import UNDATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from ..provider_port import ProviderFormat, RawCopy, Record

_KEPT_BYTES: Final = 8 * 1024 * 1024
"""The parsed bodies of so many bytes are kept: one about many companies is needed for each."""
_OVERHEAD: Final = 4096
_LONGEST_ERROR: Final = 4096
_ERROR_FIELDS: Final = frozenset({"Error Message", "Information", "Note", "code", "message"})
_TICKER: Final = TypeAdapter[str](Ticker)
_T = TypeVar("_T")


class _Content(NamedTuple):
    """The records of a body; `whole` says whether it is all there is."""

    records: Sequence[Record]
    whole: bool
    size: int


@dataclass(frozen=True)
class ParsedResponse:
    """A stored response; its records are parsed again if they are not in memory any more."""

    copy: RawCopy
    ticker: Ticker | None
    format: ProviderFormat
    content: Callable[[], _Content]

    @property
    def records(self) -> Sequence[Record]:
        """What the body says; `ProviderError` or `StoreError` if it cannot be read."""
        return self.content().records

    @property
    def whole(self) -> bool:
        """Whether the records are all there are."""
        return self.content().whole

    @property
    def has_all_actions(self) -> bool:
        """Whether no split and no dividend is missing."""
        return self.copy.function in self.format.action_functions

    @property
    def received_at(self) -> datetime:
        """When it came; long ago if that is unknown."""
        return self.copy.at or UNDATED

    @property
    def tickers(self) -> Sequence[Ticker]:
        """The companies that were requested, if there were several."""
        symbols = () if self.ticker is not None else self.format.symbols(self.copy.request)
        valid = (_valid(self.format.canonical(symbol)) for symbol in symbols)
        return [ticker for ticker in valid if ticker is not None]

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Sorts by time, undated responses first, and bars before the actions among them."""
        return self.copy.at or NEVER, self.has_all_actions, self.copy.file

    def of_type(self, kind: type[_T]) -> list[_T]:
        """Return the records of one type."""
        return [record for record in self.records if isinstance(record, kind)]


class ParserRegistry:
    """Parses bodies by the formats of their providers, by name.

    `last_finished_day` returns the last day whose trading was over at a moment: what a response
    says of later days is left out. `check` raises `PayloadError` for what parsers pass over.
    """

    def __init__(
        self,
        formats: Mapping[str, ProviderFormat],
        last_finished_day: Callable[[datetime], date],
        check: Callable[[str, bytes], None],
    ) -> None:
        self._formats = formats
        self._last_finished_day = last_finished_day
        self._check = check
        self._kept: dict[RawCopy, _Content] = {}
        self._kept_bytes = 0

    def response(self, copy: RawCopy) -> ParsedResponse:
        """Return a response, whose body is parsed when it is needed."""
        response_format = self._format_of(copy)
        ticker = None if copy.symbol is None else _valid(response_format.canonical(copy.symbol))
        return ParsedResponse(copy, ticker, response_format, lambda: self._content(copy, ticker))

    def _format_of(self, copy: RawCopy) -> ProviderFormat:
        response_format = self._formats.get(copy.provider)
        if response_format is None:
            raise PayloadError(f"unknown provider {copy.provider!r}")
        return response_format

    def _content(self, copy: RawCopy, ticker: Ticker | None) -> _Content:
        """Return what a body holds, from memory if it was needed lately."""
        content = self._kept.pop(copy, None)
        if content is None:
            content = self._parse(copy, ticker)
            self._kept_bytes += content.size
        self._kept[copy] = content
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self._kept_bytes -= self._kept.pop(oldest).size
        return content

    def _parse(self, copy: RawCopy, ticker: Ticker | None) -> _Content:
        """Return what a body holds; `ProviderError` or `StoreError` if it cannot be read."""
        response_format = self._format_of(copy)
        parser = response_format.parsers.get(copy.function)
        if parser is None:
            raise PayloadError(_why_not(copy))
        where, body = f"{copy.provider} {copy.function}", copy.read()
        functions = response_format.functions_like(body)
        if functions and copy.function not in functions:
            raise PayloadError(f"{where}: the body looks like {' or '.join(functions)}")
        try:
            records = list(parser(body, ticker))
        except PayloadError as error:
            raise PayloadError(f"{error}{self._other_provider(copy, body)}") from error
        if copy.function not in response_format.checked:
            self._check(where, body)
        bars = [len(series) for series in records if isinstance(series, PriceSeries)]
        whole = response_format.is_whole(copy.function, max(bars, default=len(records)))
        if copy.at is not None:
            records = list(_until(self._last_finished_day(copy.at), records))
        return _Content(records, whole, len(body) + _OVERHEAD)

    def _other_provider(self, copy: RawCopy, body: bytes) -> str:
        """Return what a body looks like if it is another provider's, as the end of a message."""
        for provider, response_format in self._formats.items():
            functions = () if provider == copy.provider else response_format.functions_like(body)
            if functions:
                return f"; the body looks like {provider} {' or '.join(functions)}"
        return ""


def _valid(symbol: str) -> Ticker | None:
    """Return a ticker, `None` if it is not one."""
    try:
        return _TICKER.validate_python(symbol)
    except ValidationError:
        return None


def _why_not(copy: RawCopy) -> str:
    """Return why a body of a function without a parser is skipped."""
    body = copy.read()
    with suppress(RecursionError, ValueError):
        content = json.loads(body) if len(body) <= _LONGEST_ERROR else None
        if isinstance(content, dict) and content and content.keys() <= _ERROR_FIELDS:
            return "an error text instead of data"
    return f"{copy.function} is not stored in any table"


def _until(last: date, records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        match record:
            case PriceSeries():
                yield record.between(None, last)
            case AdjustedCloses():
                yield record.until(last)
            case CorporateAction() if record.ex_date > last:
                continue
            case _:
                yield record
