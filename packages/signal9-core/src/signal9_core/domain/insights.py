"""Insights: what follows from the stored facts of a company, and from which of them."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from .model import Exact, Model, OptionalCurrency, Score
from .news import SentimentLabel

LEAST_ARTICLES: Final = 5
"""A rating of fewer articles would say more about one of them than about the company."""


class SentimentRating(Model):
    """The sentiment of the news about a company over the days up to and including `as_of`."""

    as_of: date
    window_days: PositiveInt
    sample_size: NonNegativeInt = Field(description="How many articles the rating rests on.")
    score: Score | None = Field(
        None,
        description="Mean of the articles' scores, weighted by relevance; null below 5 articles.",
    )
    label: SentimentLabel | Literal["insufficient"] = Field(
        description='The score in words; "insufficient" below 5 articles.'
    )


class PriceRange(Model):
    """Lowest low and highest high of the 52 weeks up to and including `as_of`.

    Adjusted for the splits of these weeks, so that both compare with the last close.
    """

    as_of: date
    first: date = Field(description="The first day with a price.")
    last: date = Field(description="The last day with a price.")
    incomplete: str | None = Field(
        None, description="Why it covers less than 52 weeks; null if it does not."
    )
    low: Exact
    low_on: date
    high: Exact
    high_on: date

    @property
    def name(self) -> str:
        """What it may be called, by the days that it covers."""
        return "52-week range" if self.incomplete is None else "shorter range"


class Figures(Model):
    """Figures that follow from the same facts; absent ones have a reason in `insufficient`."""

    as_of: date
    currency: OptionalCurrency = Field(None, description="The unit of all amounts.")
    insufficient: dict[str, str] = Field(
        default_factory=dict, description="Why a figure cannot be computed, by its name."
    )


class PriceFigures(Figures):
    """Figures of the daily prices of the 52 weeks up to the last one; `as_of` is its day."""

    first: date = Field(description="The first of these days with a price.")
    close: Exact = Field(description="The last close, as traded.")
    change: Exact | None = Field(None, description="Last close less the one before, a share.")
    relative_change: Exact | None = Field(
        None, description="The change as a ratio to the close before."
    )
    volatility: Exact | None = Field(
        None, description="Annualised standard deviation of daily log returns, a ratio."
    )
    maximum_drawdown: Exact | None = Field(
        None, description="Largest loss from a close to a later one, a ratio to the former."
    )
    dividend_yield: Exact | None = Field(
        None, description="Dividends of a year, as a ratio to the last close."
    )
    price_to_earnings: Exact | None = Field(
        None, description="Last close by the earnings per share of twelve months."
    )


class TwelveMonthFigures(Figures):
    """Figures of the latest twelve months that were reported; `as_of` is their end."""

    periods: tuple[date, ...] = Field(
        description="Ends of the four fiscal quarters, or of the one fiscal year, oldest first."
    )


class IncomeFigures(TwelveMonthFigures):
    """Figures of the income statements of twelve months; margins are ratios to revenue."""

    revenue: Exact | None = None
    net_income: Exact | None = None
    gross_margin: Exact | None = None
    operating_margin: Exact | None = None
    net_margin: Exact | None = None
    revenue_growth: Exact | None = Field(
        None, description="Revenue compared with the twelve months before, a ratio."
    )


class CashFlowFigures(TwelveMonthFigures):
    """Figures of the cash flow statements of twelve months."""

    free_cash_flow: Exact | None = Field(
        None, description="Operating cash flow less capital expenditures."
    )
    payout_ratio: Exact | None = Field(
        None, description="Dividends paid, as a ratio to net income."
    )


class EarningsFigures(TwelveMonthFigures):
    """Figures of the earnings reports of twelve months, in shares of the day they were received."""

    eps: Exact | None = Field(None, description="Earnings per share, as the source reports them.")
    eps_growth: Exact | None = Field(
        None, description="Earnings per share compared with the twelve months before, a ratio."
    )


class Insights(Model):
    """Figures derived from stored facts; absent as long as there is nothing to derive them from."""

    sentiment: SentimentRating | None = None
    range_52_weeks: PriceRange | None = Field(None, alias="range52Weeks")
    no_range_reason: str | None = Field(
        None, description="Why the range is missing, if there are prices of the 52 weeks."
    )
    prices: PriceFigures | None = None
    income: IncomeFigures | None = None
    cash_flow: CashFlowFigures | None = None
    earnings: EarningsFigures | None = None


_WORDS: Final = {
    "change": "change {:,f} {}",
    "relative_change": "({:+.1%})",
    "volatility": "volatility {:.1%}",
    "maximum_drawdown": "largest loss {:.1%}",
    "dividend_yield": "dividend yield {:.1%}",
    "price_to_earnings": "price to earnings {:.1f}",
    "revenue": "revenue {:,f} {}",
    "revenue_growth": "({:+.1%})",
    "net_income": "net income {:,f} {}",
    "gross_margin": "gross margin {:.1%}",
    "operating_margin": "operating margin {:.1%}",
    "net_margin": "net margin {:.1%}",
    "free_cash_flow": "free cash flow {:,f} {}",
    "payout_ratio": "payout {:.1%}",
    "eps": "a share {:,f} {}",
    "eps_growth": "({:+.1%})",
}


def describe_figures(insights: Insights) -> Iterator[tuple[str, str]]:
    """Yield figures as lines for people to read, and why some cannot be computed."""
    groups: dict[str, Figures | None] = {
        "last price": insights.prices,
        "income": insights.income,
        "cash flow": insights.cash_flow,
        "earnings": insights.earnings,
    }
    for name, figures in groups.items():
        if figures is None:
            continue
        known = {field: getattr(figures, field, None) for field in _WORDS}
        texts = [
            _WORDS[field].format(value, figures.currency or "")
            for field, value in known.items()
            if value is not None
        ]
        if texts:
            months = "twelve months to " if isinstance(figures, TwelveMonthFigures) else ""
            yield name, f"{', '.join(texts).replace(', (', ' (')}; {months}{figures.as_of}"
        by_reason: dict[str, list[str]] = {}
        for field, reason in figures.insufficient.items():
            by_reason.setdefault(reason, []).append(field)
        for reason, fields in by_reason.items():
            yield "insufficient", f"{', '.join(fields)}: {reason}"
