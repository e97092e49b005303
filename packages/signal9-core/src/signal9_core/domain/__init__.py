"""Facts and their rules: immutable models that know neither stores nor providers."""

from .actions import CorporateAction
from .asset import Asset, AssetProfile, CompanyOverview, DataSet, Freshness
from .financials import Earnings, EarningsCalendarEntry, Period, Report, ReportKind, Statement
from .insights import Insights, PriceRange, SentimentRating
from .model import Currency, Exact, Instant, Model, OpenModel, Score, Ticker, blank_to_none
from .news import NewsArticle, TickerSentiment, Topic, article_id, topic_of
from .prices import PRICE_COLUMNS, Bar, Column, Interval, PriceSeries, decimals_of
from .resample import merge, resample
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
    "MOST_TOPICS",
    "MOST_WATCHED",
    "PRICE_COLUMNS",
    "Asset",
    "AssetProfile",
    "BalanceSheet",
    "Bar",
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
    "InvestorType",
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
    "article_id",
    "blank_to_none",
    "decimals_of",
    "label_of",
    "merge",
    "resample",
    "statement_type",
    "topic_of",
]
