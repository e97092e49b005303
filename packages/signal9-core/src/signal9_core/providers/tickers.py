"""Which symbols of a list can be tickers at all."""

from pydantic import TypeAdapter, ValidationError

from ..domain import Ticker

__all__ = ["is_ticker"]

_TICKER: TypeAdapter[str] = TypeAdapter(Ticker)


def is_ticker(symbol: str) -> bool:
    """Tell whether a symbol is a ticker, and no remark or placeholder (`NXT(EXP20091224)`)."""
    try:
        _TICKER.validate_python(symbol)
    except ValidationError:
        return False
    return True
