import pytest

from signal9_core.providers.alphavantage import symbols as spelling


@pytest.mark.parametrize(
    ("symbol", "ticker"),
    [
        ("BRK-B", "BRK.B"),
        ("ACHR-WS", "ACHR.WS"),
        ("ABR-P-D", "ABR.PD"),
        ("TSCO.LON", "TSCO.LON"),
        ("CRYPTO:BTC", "CRYPTO:BTC"),
        ("IBM", "IBM"),
    ],
)
def test_tickers_are_spelled_one_way_there_and_one_way_here(symbol: str, ticker: str) -> None:
    assert spelling.canonical(symbol) == ticker
    assert spelling.spelled(ticker) == symbol


@pytest.mark.parametrize(
    ("symbol", "ticker"), [("ABR-PD", "ABR.PD"), ("BC/PB", "BC.PB"), (" brk.b ", "BRK.B")]
)
def test_other_spellings_mean_the_same(symbol: str, ticker: str) -> None:
    assert spelling.canonical(symbol) == ticker
