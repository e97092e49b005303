"""What can be asked: each query turns parameters into one of the API's answers."""

from .assets import GetAsset, ListAssets
from .briefing import GetBriefing
from .cursors import CursorSigner, prove_signing
from .financials import GetFinancials
from .news import ListNews
from .prices import GetPriceBatch, GetPrices
from .problems import ListProblems
from .search import CompanyFinder, SearchCompanies
from .status import GetStatus

__all__ = [
    "CompanyFinder",
    "CursorSigner",
    "GetAsset",
    "GetBriefing",
    "GetFinancials",
    "GetPriceBatch",
    "GetPrices",
    "GetStatus",
    "ListAssets",
    "ListNews",
    "ListProblems",
    "SearchCompanies",
    "prove_signing",
]
