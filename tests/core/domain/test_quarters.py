from datetime import date
from decimal import Decimal

from signal9_core.domain import Bar, LongInterval, PriceSeries, resample


def test_quarters_are_those_of_the_calendar_and_end_with_their_last_trading_day() -> None:
    days = [date(2012, 12, 31), date(2013, 1, 2), date(2013, 3, 28), date(2013, 4, 1)]
    prices = map(Decimal, ("4", "7", "2", "5"))
    bars = [
        Bar(ticker="IBM", day=day, open=each, high=each, low=each, close=each, volume=3)
        for day, each in zip(days, prices, strict=True)
    ]

    quarters = resample(PriceSeries.from_bars("IBM", bars), LongInterval.QUARTER)

    first_of_2013 = quarters.bar(1)
    assert [bar.day for bar in quarters] == [days[0], days[2], days[3]]
    assert first_of_2013.open == first_of_2013.high == Decimal(7)
    assert first_of_2013.low == first_of_2013.close == Decimal(2)
    assert [bar.volume for bar in quarters] == [3, 6, 3]
