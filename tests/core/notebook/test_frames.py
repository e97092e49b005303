import sys
from datetime import date

import pytest

from signal9_core import Signal9
from signal9_core.errors import Signal9Error
from signal9_core.notebook.results import Prices
from tests.core.strategies import walk

PRICES = ["open", "high", "low", "close", "volume"]


def test_prices_become_typed_frames_by_date(s9: Signal9) -> None:
    prices = s9.prices("AAPL", adjusted=True)

    pandas, polars = prices.to_pandas(), prices.to_polars()

    closes, days = [float(bar.close) for bar in prices], [bar.day for bar in prices]
    assert list(pandas.columns) == PRICES
    assert [str(kind) for kind in pandas.dtypes] == ["float64"] * 4 + ["int64"]
    assert (pandas.index.name, pandas.index.dtype.kind) == ("date", "M")
    assert [moment.date() for moment in pandas.index] == polars["date"].to_list() == days
    assert list(pandas["close"]) == polars["close"].to_list() == closes
    assert polars.columns == ["date", *PRICES]
    assert [str(kind) for kind in polars.dtypes] == ["Date", *["Float64"] * 4, "Int64"]


def test_reports_become_numbers_by_fiscal_date_oldest_first(s9: Signal9) -> None:
    reports = s9.financials("IBM")

    pandas, polars = reports.to_pandas(), reports.to_polars()

    assert {str(kind) for kind in pandas.dtypes} == {"float64"}
    assert pandas.index.name == "fiscalDateEnding"
    assert pandas.index.is_monotonic_increasing
    assert pandas.loc["2012-12-31", "totalRevenue"] == 104_507e6
    assert pandas["researchAndDevelopment"].isna().any()
    assert [str(kind) for kind in polars.dtypes] == ["Date", *["Float64"] * len(reports.fields)]
    assert polars["fiscalDateEnding"].is_sorted()
    assert polars["researchAndDevelopment"].null_count() > 0


def test_articles_become_frames_by_time_in_utc(s9: Signal9) -> None:
    articles = s9.news("AAPL")

    pandas, polars = articles.to_pandas(), articles.to_polars()

    assert str(pandas.index.tz) == "UTC"
    assert str(pandas["sentiment"].dtype) == "float64"
    assert list(pandas["title"]) == polars["title"].to_list() == [item.title for item in articles]
    assert pandas["tickers"].iloc[0] == polars["tickers"].to_list()[0] == ["AAPL"]
    assert list(pandas.index) == polars["publishedAt"].to_list()


def test_empty_frames_keep_their_types(s9: Signal9) -> None:
    prices, articles, reports = s9.prices("GE"), s9.news("GE"), s9.financials("GE")

    for frame in (prices.to_pandas(), articles.to_pandas(), reports.to_pandas()):
        assert len(frame) == 0
        assert frame.index.dtype.kind == "M"
    assert list(prices.to_pandas().dtypes) == list(s9.prices("IBM").to_pandas().dtypes)
    assert list(articles.to_pandas().dtypes) == list(s9.news("IBM").to_pandas().dtypes)
    assert prices.to_polars().schema == s9.prices("IBM").to_polars().schema
    assert articles.to_polars().schema == s9.news("IBM").to_polars().schema
    assert reports.to_polars().columns == ["fiscalDateEnding"]


def test_arrays_share_the_memory_of_the_series_and_are_read_only() -> None:
    series = walk(20)

    views = Prices(series, adjusted=False, source=None, notice=None).to_numpy()

    assert set(views) == {"days", "open", "high", "low", "close", "volume"}
    for name, view in views.items():
        column = getattr(series, name)
        assert view.tolist() == column.tolist()
        assert view.__array_interface__["data"][0] == column.buffer_info()[0]
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1


@pytest.mark.parametrize(
    ("library", "extra", "method"),
    [
        ("pandas", "pandas", "to_pandas"),
        ("polars", "polars", "to_polars"),
        ("matplotlib", "plot", "plot"),
    ],
)
def test_a_missing_library_names_the_extra_that_installs_it(
    s9: Signal9, monkeypatch: pytest.MonkeyPatch, library: str, extra: str, method: str
) -> None:
    prices = s9.prices("IBM")
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without(library), *sys.meta_path])

    with pytest.raises(ImportError, match=rf'pip install "signal9-core\[{extra}\]"') as caught:
        getattr(prices, method)()
    assert isinstance(caught.value, Signal9Error)


def test_closes_are_plotted_into_given_axes_and_shared_axes_name_no_company(s9: Signal9) -> None:
    ibm, apple = s9.prices("IBM", start="2013-01-01"), s9.prices("AAPL", start="2013-01-01")
    axes = Axes()

    assert ibm.plot(axes) is axes
    assert axes.lines["IBM"] == {bar.day: float(bar.close) for bar in ibm}
    assert axes.title == ibm.title == "IBM 1d prices in USD, as traded"
    assert axes.label == "USD"
    apple.plot(axes)
    assert axes.get_lines() == ["IBM", "AAPL"]
    assert axes.title == "1d prices in USD, as traded"


class Axes:
    """Axes that remember what was drawn."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[date, float]] = {}
        self.title = self.label = ""

    def plot(self, days: list[date], values: list[float], *, label: str) -> None:
        self.lines[label] = dict(zip(days, values, strict=True))

    def get_lines(self) -> list[str]:
        return list(self.lines)

    def set_title(self, title: str) -> None:
        self.title = title

    def set_ylabel(self, label: str) -> None:
        self.label = label


class _Without:
    """A finder for one library, which is not installed."""

    def __init__(self, library: str) -> None:
        self._library = library

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == self._library:
            raise ModuleNotFoundError(name=name)
