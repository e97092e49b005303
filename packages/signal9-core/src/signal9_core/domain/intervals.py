"""How long bars are."""

from enum import StrEnum

__all__ = ["BarLength", "Interval", "IntradayInterval", "LongInterval"]


class Interval(StrEnum):
    """How long one bar is, of those lengths that the API offers."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


class IntradayInterval(StrEnum):
    """Bars within a day, each at the minute in which it starts."""

    ONE_MINUTE = "1min"
    FIVE_MINUTES = "5min"
    FIFTEEN_MINUTES = "15min"
    HALF_HOUR = "30min"
    HOUR = "60min"


class LongInterval(StrEnum):
    """Bars longer than the API's, for those who work with series themselves."""

    QUARTER = "3mo"


BarLength = Interval | IntradayInterval | LongInterval
"""Any length of a bar."""
