"""How each function's body becomes what is stored, without the network."""

from collections.abc import Mapping
from typing import Final

from ...domain import DataSet
from ...ports import Parser
from .actions import read_actions
from .assets import read_assets
from .bars import read_daily_bars
from .news import read_news

__all__ = ["DATA_SETS", "PARSERS", "TELL_ACTIONS", "is_whole"]

PARSERS: Final[Mapping[str, Parser]] = {
    "assets": read_assets,
    "corporate_actions": read_actions,
    "news": read_news,
    "stocks_bars": read_daily_bars,
}
"""By the path of the function, of which every body is one page."""

DATA_SETS: Final[Mapping[str, DataSet]] = {
    "corporate_actions": DataSet.PRICES,
    "news": DataSet.NEWS,
    "stocks_bars": DataSet.PRICES,
}
"""What a body about one company is about, be it empty."""

TELL_ACTIONS: Final = frozenset({"corporate_actions"})
"""Whose bodies leave out no split and no dividend of their time."""


def is_whole(function: str, count: int) -> bool:  # noqa: ARG001 - every page is kept
    """Tell whether a body with that many bars or articles is all that there is; no news are."""
    return function != "news"
