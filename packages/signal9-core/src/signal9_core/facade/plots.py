"""Results as pictures."""

from datetime import date
from typing import TYPE_CHECKING

from .extras import load_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .prices import Prices

__all__ = ["plot_closes"]


def plot_closes(prices: "Prices", axes: "Axes | None") -> "Axes":
    """Draw the closes as a line."""
    series = prices.series
    drawn = _new_axes() if axes is None else axes
    unit = 10**series.scale
    days = [date.fromordinal(day) for day in series.days]
    drawn.set_title(prices.kind if drawn.get_lines() else prices.title)
    drawn.plot(days, [close / unit for close in series.close], label=series.ticker)
    drawn.set_ylabel(series.currency)
    return drawn


def _new_axes() -> "Axes":
    pyplot, dates = load_extra("matplotlib.pyplot", "plot"), load_extra("matplotlib.dates", "plot")
    axes = pyplot.subplots(layout="constrained")[1]
    # Dates as short as they can be understood, so that they do not touch.
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    return axes
