"""Series as NumPy sees them: the same memory, not a copy."""

from typing import TYPE_CHECKING

from ..domain import PriceSeries
from .extras import load_extra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["numpy_views"]


def numpy_views(series: PriceSeries) -> "dict[str, NDArray[np.signedinteger]]":
    """Return the columns of a series by name, whole numbers that cannot be written to.

    Prices are in units of `10 ** -series.scale`, adjusted closes of `10 ** -series.adjusted_scale`;
    what a series does not have is left out.
    """
    numpy = load_extra("numpy", "pandas")
    views = {name: numpy.asarray(each) for name, each in series.columns().items()}
    for view in views.values():
        view.flags.writeable = False  # a series never changes
    return views
