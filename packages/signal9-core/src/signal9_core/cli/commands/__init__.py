"""Signal9's own commands, each a function that Typer reads its arguments from."""

from .financials import financials
from .ingest import ingest
from .news import news
from .prices import prices
from .replay import replay
from .search import search
from .secrets import secrets
from .show import show
from .status import status

__all__ = [
    "financials",
    "ingest",
    "news",
    "prices",
    "replay",
    "search",
    "secrets",
    "show",
    "status",
]
