import sys
from datetime import date
from pathlib import Path

import pytest

from signal9_core.errors import Signal9Error
from signal9_core.notebook.client import Signal9

PRICES = ["open", "high", "low", "close", "volume"]


def test_prices_become_typed_pandas_columns_by_date(s9: Signal9) -> None:
    prices = s9.prices("AAPL", adjusted=True)

    frame = prices.to_pandas()

    assert list(frame.columns) == PRICES
    assert [str(kind) for kind in frame.dtypes] == ["float64"] * 4 + ["int64"]
    assert (frame.index.name, frame.index.dtype.kind) == ("date", "M")
    assert frame.index.is_monotonic_increasing
    assert list(frame["close"]) == [float(bar.close) for bar in prices]
    assert [moment.date() for moment in frame.index] == [bar.day for bar in prices]


def test_prices_become_typed_polars_columns(s9: Signal9) -> None:
    prices = s9.prices("AAPL", adjusted=True)

    frame = prices.to_polars()

    kinds = ["Date", "Float64", "Float64", "Float64", "Float64", "Int64"]
    assert frame.columns == ["date", *PRICES]
    assert [str(kind) for kind in frame.dtypes] == kinds
    assert frame["high"].to_list() == [float(bar.high) for bar in prices]
    assert frame["date"].to_list() == [bar.day for bar in prices]


def test_reports_become_numbers_by_fiscal_date_oldest_first(s9: Signal9) -> None:
    reports = s9.financials("IBM")

    frame = reports.to_pandas()

    assert {str(kind) for kind in frame.dtypes} == {"float64"}
    assert frame.index.name == "fiscalDateEnding"
    assert frame.index.is_monotonic_increasing
    assert frame.loc["2012-12-31", "totalRevenue"] == 104_507e6
    assert frame["researchAndDevelopment"].isna().any()
    assert frame["totalRevenue"].pct_change().loc["2011-12-31"] > 0


def test_reports_become_typed_polars_columns_oldest_first(s9: Signal9) -> None:
    frame = s9.financials("IBM").to_polars()

    assert str(frame.dtypes[0]) == "Date"
    assert {str(kind) for kind in frame.dtypes[1:]} == {"Float64"}
    assert frame["fiscalDateEnding"].is_sorted()
    assert frame["researchAndDevelopment"].null_count() > 0


def test_articles_become_frames_by_time_in_utc(s9: Signal9) -> None:
    articles = s9.news("AAPL")

    frame, other = articles.to_pandas(), articles.to_polars()

    assert str(frame.index.tz) == "UTC"
    assert str(frame["sentiment"].dtype) == "float64"
    assert list(frame["title"]) == other["title"].to_list() == [each.title for each in articles]
    assert frame["tickers"].iloc[0] == other["tickers"].to_list()[0] == ["AAPL"]
    assert list(frame.index) == other["publishedAt"].to_list()


def test_empty_results_keep_their_types(s9: Signal9) -> None:
    prices, articles, reports = s9.prices("GE"), s9.news("GE"), s9.financials("GE")

    for frame in (prices.to_pandas(), articles.to_pandas(), reports.to_pandas()):
        assert len(frame) == 0
        assert frame.index.dtype.kind == "M"
    assert prices.to_polars().dtypes == s9.prices("IBM").to_polars().dtypes
    assert articles.to_polars().dtypes == s9.news("IBM").to_polars().dtypes
    assert str(prices.to_pandas()["volume"].dtype) == "int64"
    assert str(articles.to_pandas()["tickers"].dtype) == "object"
    assert reports.to_polars().columns == ["fiscalDateEnding"]


@pytest.mark.parametrize(
    ("library", "extra", "method"),
    [
        ("pandas", "pandas", "to_pandas"),
        ("polars", "polars", "to_polars"),
        ("matplotlib", "plot", "plot"),
    ],
)
def test_a_missing_library_names_the_extra_that_brings_it(
    s9: Signal9, monkeypatch: pytest.MonkeyPatch, library: str, extra: str, method: str
) -> None:
    prices = s9.prices("IBM")
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without(library), *sys.meta_path])

    with pytest.raises(ImportError, match=rf'pip install "signal9-core\[{extra}\]"') as caught:
        getattr(prices, method)()
    assert isinstance(caught.value, Signal9Error)


def test_closes_are_drawn_by_their_days_into_given_axes(s9: Signal9) -> None:
    prices = s9.prices("IBM", start="2013-01-01", adjusted=True)
    sheet = Sheet()

    assert prices.plot(sheet) is sheet

    assert sheet.lines["IBM"] == {bar.day: float(bar.close) for bar in prices}
    assert sheet.title == prices.title == "IBM 1d prices in USD, adjusted"
    assert sheet.label == "USD"


def test_a_plot_of_several_companies_is_headed_by_none_of_them(s9: Signal9) -> None:
    sheet = Sheet()

    for ticker in ("IBM", "AAPL"):
        s9.prices(ticker, start="2013-01-01").plot(sheet)

    assert sheet.get_lines() == ["IBM", "AAPL"]
    assert sheet.title == "1d prices in USD, as traded"


def test_a_plot_can_be_saved(s9: Signal9, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib").use("Agg")

    axes = s9.prices("IBM", start="2013-01-01").plot()

    axes.figure.savefig(tmp_path / "closes.png")
    assert (tmp_path / "closes.png").stat().st_size > 1_000


class Sheet:
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
    """A finder that knows one library only, and that it is not installed."""

    def __init__(self, library: str) -> None:
        self._library = library

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == self._library:
            raise ModuleNotFoundError(name=name)
