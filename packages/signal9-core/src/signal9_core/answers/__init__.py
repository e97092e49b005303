"""What the API answers, and the command line's `--json` with it: one contract, written once.

Field names follow in camelCase. Numbers are JSON numbers that keep their decimals.
"""

from .companies import (
    ArticleAnswer,
    AssetAnswer,
    AssetsAnswer,
    AssetSummary,
    FinancialsAnswer,
    FreshnessAnswer,
    NewsAnswer,
    ReportRow,
    SearchAnswer,
    SearchHit,
    TickerTone,
)
from .model import Answer, Number, to_json
from .prices import BarRow, PriceBatchAnswer, PriceColumns, PricesAnswer, Wired
from .stock import (
    DataSetStatus,
    FailureAnswer,
    IngestAnswer,
    KeyAnswer,
    KeysAnswer,
    QuotaAnswer,
    ReplayAnswer,
    SkippedAnswer,
    StatusAnswer,
)

__all__ = [
    "Answer",
    "ArticleAnswer",
    "AssetAnswer",
    "AssetSummary",
    "AssetsAnswer",
    "BarRow",
    "DataSetStatus",
    "FailureAnswer",
    "FinancialsAnswer",
    "FreshnessAnswer",
    "IngestAnswer",
    "KeyAnswer",
    "KeysAnswer",
    "NewsAnswer",
    "Number",
    "PriceBatchAnswer",
    "PriceColumns",
    "PricesAnswer",
    "QuotaAnswer",
    "ReplayAnswer",
    "ReportRow",
    "SearchAnswer",
    "SearchHit",
    "SkippedAnswer",
    "StatusAnswer",
    "TickerTone",
    "Wired",
    "to_json",
]
