"""Budgets of calls: what a provider allows, shared by all processes through the State table."""

from .plans import Plan, Window, alpaca_plan, alphavantage_plan
from .shared import Level, SharedQuota

__all__ = ["Level", "Plan", "SharedQuota", "Window", "alpaca_plan", "alphavantage_plan"]
