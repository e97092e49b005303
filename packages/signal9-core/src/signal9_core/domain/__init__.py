"""Facts and their rules: immutable models that know neither stores nor providers.

Names are loaded when they are first used; inside the package, import from the module that has them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .adjustment import Adjustment, CorporateAction, adjust, one_a_day
    from .companies import (
        Asset,
        AssetProfile,
        CompanyOverview,
        DataSet,
        FormerOwner,
        FormerTicker,
        Freshness,
        Identity,
        ListedAsset,
        Listing,
        PendingEvent,
        PriceCheck,
        Problem,
        ProblemKind,
    )
    from .insights import (
        CashFlowFigures,
        EarningsFigures,
        IncomeFigures,
        Insights,
        PriceFigures,
        PriceRange,
        SentimentRating,
    )
    from .model import (
        Currency,
        Exact,
        Instant,
        Model,
        OpenModel,
        Score,
        Ticker,
        blank_to_none,
        parse_day,
    )
    from .news import (
        NewsArticle,
        SentimentLabel,
        TickerSentiment,
        Topic,
        article_id,
        label_of,
        topic_of,
    )
    from .prices import (
        PRICE_COLUMNS,
        Bar,
        BarLength,
        Column,
        Interval,
        LongInterval,
        PriceSeries,
        decimals_of,
        find_invalid_bar,
    )
    from .reports import (
        BalanceSheet,
        CashFlow,
        Earnings,
        EarningsCalendarEntry,
        IncomeStatement,
        Period,
        Report,
        ReportKind,
        Statement,
        statement_type,
    )
    from .timeseries import (
        concat,
        merge,
        resample,
        returns,
        rolling_mean,
        rolling_volatility,
        split,
    )
    from .users import (
        MOST_TOPICS,
        MOST_WATCHED,
        Delivery,
        InvestorType,
        Name,
        Notification,
        NotificationSettings,
        Profile,
        User,
        WizardStatus,
    )

__all__ = [
    "MOST_TOPICS",
    "MOST_WATCHED",
    "PRICE_COLUMNS",
    "Adjustment",
    "Asset",
    "AssetProfile",
    "BalanceSheet",
    "Bar",
    "BarLength",
    "CashFlow",
    "CashFlowFigures",
    "Column",
    "CompanyOverview",
    "CorporateAction",
    "Currency",
    "DataSet",
    "Delivery",
    "Earnings",
    "EarningsCalendarEntry",
    "EarningsFigures",
    "Exact",
    "FormerOwner",
    "FormerTicker",
    "Freshness",
    "Identity",
    "IncomeFigures",
    "IncomeStatement",
    "Insights",
    "Instant",
    "Interval",
    "InvestorType",
    "ListedAsset",
    "Listing",
    "LongInterval",
    "Model",
    "Name",
    "NewsArticle",
    "Notification",
    "NotificationSettings",
    "OpenModel",
    "PendingEvent",
    "Period",
    "PriceCheck",
    "PriceFigures",
    "PriceRange",
    "PriceSeries",
    "Problem",
    "ProblemKind",
    "Profile",
    "Report",
    "ReportKind",
    "Score",
    "SentimentLabel",
    "SentimentRating",
    "Statement",
    "Ticker",
    "TickerSentiment",
    "Topic",
    "User",
    "WizardStatus",
    "adjust",
    "article_id",
    "blank_to_none",
    "concat",
    "decimals_of",
    "find_invalid_bar",
    "label_of",
    "merge",
    "one_a_day",
    "parse_day",
    "resample",
    "returns",
    "rolling_mean",
    "rolling_volatility",
    "split",
    "statement_type",
    "topic_of",
]

_MODULES: Final = (
    "model",
    "prices",
    "timeseries",
    "adjustment",
    "insights",
    "companies",
    "news",
    "reports",
    "users",
    "validation",
)


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in _MODULES:
            names = vars(import_module(f".{module}", __name__))
            if name in names:
                return names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
