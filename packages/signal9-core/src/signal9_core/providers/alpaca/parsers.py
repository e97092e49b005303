"""How each function's body becomes what is stored, without the network."""

from collections.abc import Mapping
from typing import Final

from ...ports import Parser
from .actions import read_actions
from .assets import read_assets
from .bars import read_daily_bars
from .news import read_news

__all__ = ["PARSERS", "TELL_ACTIONS"]

PARSERS: Final[Mapping[str, Parser]] = {
    "assets": read_assets,
    "corporate_actions": read_actions,
    "news": read_news,
    "stocks_bars": read_daily_bars,
}
"""By the path of the function, of which every body is one page."""

TELL_ACTIONS: Final = frozenset({"corporate_actions"})
"""Whose bodies leave out no split and no dividend of their time."""
