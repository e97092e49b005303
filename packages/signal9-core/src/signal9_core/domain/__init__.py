"""Facts and their rules: immutable models that know neither stores nor providers."""

from .actions import CorporateAction, one_a_day
from .adjusting import Adjustment, adjust
from .asset import Asset, AssetProfile, CompanyOverview, DataSet, Freshness
from .columns import Column, all_of_bits, ascending, chained, column_of, none_above, rescaled
from .financials import Earnings, EarningsCalendarEntry, Period, Report, ReportKind, Statement
from .insights import Insights, PriceRange, SentimentRating
from .intervals import BarLength, Interval, IntradayInterval, LongInterval
from .model import Currency, Exact, Instant, Model, OpenModel, Score, Ticker, blank_to_none
from .news import NewsArticle, TickerSentiment, Topic, article_id, topic_of
from .prices import (
    MINUTES_A_DAY,
    PRICE_COLUMNS,
    Bar,
    PriceSeries,
    decimals_of,
    positions_of,
)
from .resample import merge, resample
from .returns import returns, rolling_mean, rolling_volatility
from .sense import nonsense_in
from .sentiment import SentimentLabel, label_of
from .statements import BalanceSheet, CashFlow, IncomeStatement, statement_type
from .user import (
    MOST_TOPICS,
    MOST_WATCHED,
    InvestorType,
    Name,
    Notification,
    Profile,
    User,
    WizardStatus,
)

__all__ = [
    "MINUTES_A_DAY",
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
    "Column",
    "CompanyOverview",
    "CorporateAction",
    "Currency",
    "DataSet",
    "Earnings",
    "EarningsCalendarEntry",
    "Exact",
    "Freshness",
    "IncomeStatement",
    "Insights",
    "Instant",
    "Interval",
    "IntradayInterval",
    "InvestorType",
    "LongInterval",
    "Model",
    "Name",
    "NewsArticle",
    "Notification",
    "OpenModel",
    "Period",
    "PriceRange",
    "PriceSeries",
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
    "all_of_bits",
    "article_id",
    "ascending",
    "blank_to_none",
    "chained",
    "column_of",
    "decimals_of",
    "label_of",
    "merge",
    "none_above",
    "nonsense_in",
    "one_a_day",
    "positions_of",
    "resample",
    "rescaled",
    "returns",
    "rolling_mean",
    "rolling_volatility",
    "statement_type",
    "topic_of",
]
