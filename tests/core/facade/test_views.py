import numpy as np
import pytest

from signal9_core.domain import PriceSeries
from signal9_core.notebook.client import Signal9
from signal9_core.notebook.frames import numpy_views

from ..strategies import walk


def test_views_share_the_memory_of_the_series() -> None:
    series = walk(20)

    views = numpy_views(series)

    assert set(views) == {"days", "open", "high", "low", "close", "volume", "adjusted_close"}
    for name, view in views.items():
        column = getattr(series, name)
        assert view.tolist() == column.tolist()
        assert view.__array_interface__["data"][0] == column.buffer_info()[0]
        assert view.itemsize == column.itemsize


def test_views_cannot_change_a_series() -> None:
    view = numpy_views(walk(3))["close"]

    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_views_of_nothing_are_empty_and_keep_their_types() -> None:
    views = numpy_views(PriceSeries.empty("IBM"))

    assert "adjusted_close" not in views
    assert {len(view) for view in views.values()} == {0}
    assert views["close"].dtype == np.int64


def test_prices_of_a_notebook_have_views_too(s9: Signal9) -> None:
    prices = s9.prices("AAPL")

    assert prices.to_numpy()["volume"].tolist() == [bar.volume for bar in prices]
