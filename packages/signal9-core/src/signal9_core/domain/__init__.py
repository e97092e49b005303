"""Facts and their rules: immutable models that know neither stores nor providers."""

from .actions import CorporateAction
from .asset import Asset, AssetProfile, CompanyOverview, DataSet, Freshness
from .financials import Earnings, EarningsCalendarEntry, Period, Report, ReportKind, Statement
from .insights import Insights, PriceRange, SentimentRating
from .intervals import BarLength, Interval, IntradayInterval, LongInterval
from .model import Currency, Exact, Instant, Model, OpenModel, Score, Ticker, blank_to_none
from .news import NewsArticle, TickerSentiment, Topic, article_id, topic_of
from .prices import (
    MINUTES_A_DAY,
    PRICE_COLUMNS,
    Bar,
    Column,
    PriceSeries,
    chained,
    decimals_of,
    positions_of,
    rescaled,
)
from .resample import merge, resample
from .sentiment import SentimentLabel, label_of
from .statements import BalanceSheet, CashFlow, IncomeStatement, statement_type
from .user import InvestorType, Notification, Profile, User, WizardStatus

__all__ = [
    "MINUTES_A_DAY",
    "PRICE_COLUMNS",
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
    "article_id",
    "blank_to_none",
    "chained",
    "decimals_of",
    "label_of",
    "merge",
    "positions_of",
    "resample",
    "rescaled",
    "statement_type",
    "topic_of",
]
