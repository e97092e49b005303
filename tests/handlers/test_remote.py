"""The notebook facade returns the same over HTTP as over a store."""

from collections.abc import Iterable, Iterator

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import InputError, NotFoundError, Signal9Error
from signal9_core.notebook.client import Signal9
from signal9_core.schemas.base import Answer, to_json


@pytest.fixture
def remote(address: str, app: App) -> Iterator[Signal9]:
    with Signal9(url=address) as s9:
        yield s9


@pytest.fixture
def embedded(app: App) -> Signal9:
    s9 = Signal9(home=app.settings.home)
    vars(s9)["_app"] = app
    return s9


def _json(items: Iterable[Answer]) -> list[bytes]:
    return [to_json(each) for each in items]


def test_companies_searches_reports_and_news_are_the_same(
    remote: Signal9, embedded: Signal9
) -> None:
    assert remote.search("aple").items == embedded.search("aple").items
    assert remote.asset("brk.b").model_dump() | {"notice": ""} == embedded.asset(
        "brk.b"
    ).model_dump() | {"notice": ""}
    assert _json(remote.financials("AAPL")) == _json(embedded.financials("AAPL"))
    assert _json(remote.news("AAPL")) == _json(embedded.news("AAPL"))
    assert _json(remote.news(start="2024-01-11")) == _json(embedded.news(start="2024-01-11"))


@pytest.mark.parametrize("interval", ["1d", "1w", "1mo"])
def test_prices_are_the_same_to_the_last_digit(
    remote: Signal9, embedded: Signal9, interval: str
) -> None:
    for ticker in ("MSFT", "AAPL"):
        far = remote.prices(ticker, interval=interval)  # type: ignore[arg-type]
        near = embedded.prices(ticker, interval=interval)  # type: ignore[arg-type]

        assert far.source == near.source
        assert list(near) == list(far)


def test_adjusted_prices_are_the_same(remote: Signal9, embedded: Signal9) -> None:
    far, near = remote.prices("AAPL", adjusted=True), embedded.prices("AAPL", adjusted=True)

    assert [bar.close for bar in far] == [bar.close for bar in near]


def test_errors_are_the_same(remote: Signal9) -> None:
    with pytest.raises(NotFoundError, match="did you mean AAPL"):
        remote.asset("AAPPL")
    with pytest.raises(InputError, match=r"^adjusted: BRK\.B has no adjusted prices"):
        remote.prices("BRK.B", adjusted=True)
    with pytest.raises(Signal9Error, match="does not tell how much it stores"):
        remote.status()
