"""Formulas of figures: pure, exact up to a final rounding, and refused where facts are missing.

A ratio has six decimals. `InsufficientDataError` says what is missing, or does not compare.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import accumulate, dropwhile, pairwise
from math import fsum, log, prod, sqrt
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pydantic.alias_generators import to_camel

from ..errors import InputError, InsufficientDataError
from .adjustment import CorporateAction, adjust, in_last_shares
from .coverage import Coverage, Days, covering_span
from .insights import CashFlowFigures, EarningsFigures, IncomeFigures, PriceFigures, PriceRange
from .reports import Period, Report, ReportKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .prices import PriceSeries

_SIX_DIGITS: Final = Decimal("0.000001")
_DIGITS: Final = 38
"""As many as a stored number may have."""

_TRADING_DAYS: Final = 252
_LEAST_RETURNS: Final = 200
"""With fewer, many of them are over several days."""

_YEAR: Final = timedelta(days=365)

_CLOSED: Final = timedelta(days=10)
"""No exchange was closed for longer; more days without a price are a hole."""

_QUARTERS: Final = 4
_QUARTER: Final = timedelta(days=70), timedelta(days=125)
"""A quarter may have 12 weeks, and the one beside it 16."""

_THREE_QUARTERS: Final = timedelta(days=245), timedelta(days=295)
_FISCAL_YEAR: Final = timedelta(days=350), timedelta(days=380)
_NONE: Final = timedelta(0)
_SAME_END: Final = timedelta(days=10)
_OLDEST_EARNINGS: Final = timedelta(days=200)
"""A quarter and the time in which its report may be filed: older earnings are not the latest."""

_EPS: Final = "reportedEPS"

_Formulas: TypeAlias = "Mapping[str, Callable[[], Decimal]]"


class PriceYear(NamedTuple):
    """The bars of the days of a year, at least one, with what is known of splits and dividends."""

    bars: PriceSeries
    days: Days
    actions: Sequence[CorporateAction]
    coverage: Coverage

    @property
    def last(self) -> date:
        """The day of the last price."""
        return self.bars.day(-1)

    def require_actions(self, first: date, last: date) -> None:
        """Raise unless all splits and dividends of these days are known."""
        if covering_span(self.coverage, first, last) is None:
            raise InsufficientDataError(
                f"The splits and dividends from {first} to {last} are not known."
            )

    def hole(self) -> str | None:
        """Return where there are no prices for longer than an exchange is ever closed."""
        first, last = self.days
        days = [first - timedelta(days=1), *map(self.bars.day, range(len(self.bars))), last]
        holes = (pair for pair in pairwise(days) if pair[1] - pair[0] > _CLOSED)
        return next((f"No prices from {before} to {after}." for before, after in holes), None)

    def adjusted_closes(self) -> Sequence[int]:
        """Return all closes of the year, adjusted for splits and dividends, above zero."""
        hole = self.hole()
        if hole is not None:
            raise InsufficientDataError(hole)
        self.require_actions(self.bars.day(0), self.last)
        past = (action for action in self.actions if action.ex_date <= self.last)
        try:
            closes = adjust(self.bars, past).close
        except InputError as error:
            raise InsufficientDataError(error.message) from error
        if min(closes) <= 0:
            raise InsufficientDataError("A close of zero has no return.")
        return closes


def price_range(year: PriceYear) -> PriceRange:
    """Return the lowest low and the highest high in shares of the last close.

    As quoted in price tables, such as those of the Financial Times.
    """
    year.require_actions(year.bars.day(0), year.last)
    bars = in_last_shares(year.bars, year.actions)
    low, high = bars.low.index(min(bars.low)), bars.high.index(max(bars.high))
    return PriceRange(
        as_of=year.days[1],
        first=bars.day(0),
        last=bars.day(-1),
        incomplete=year.hole(),
        low=bars.price("low", low),
        low_on=bars.day(low),
        high=bars.price("high", high),
        high_on=bars.day(high),
    )


def price_figures(
    year: PriceYear, earnings: EarningsFigures | None = None, received: date | None = None
) -> PriceFigures:
    """Return the figures of a year of prices, and of earnings that were `received` on a day."""
    formulas: dict[str, Callable[[], Decimal]] = {
        "change": lambda: _change(year)[0],
        "relative_change": lambda: _change(year)[1],
        "volatility": lambda: volatility(year.adjusted_closes()),
        "maximum_drawdown": lambda: maximum_drawdown(year.adjusted_closes()),
        "dividend_yield": lambda: _dividend_yield(year),
    }
    if earnings is not None and received is not None:
        formulas["price_to_earnings"] = lambda: _price_to_earnings(year, earnings, received)
    values, insufficient = _computed(formulas)
    return PriceFigures(
        as_of=year.last,
        first=year.bars.day(0),
        currency=year.bars.currency,
        close=year.bars.price("close", -1),
        insufficient=insufficient,
        **values,
    )


def _change(year: PriceYear) -> tuple[Decimal, Decimal]:
    """Return the last close less the one before in its shares, and the ratio of both, less 1."""
    bars = year.bars
    if len(bars) < 2 or bars.day(-1) - bars.day(-2) > _CLOSED:  # noqa: PLR2004  # two days
        raise InsufficientDataError(f"No price is stored for the days before {year.last}.")
    year.require_actions(bars.day(-2), bars.day(-1))
    two = in_last_shares(bars.slice(len(bars) - 2, len(bars)), year.actions)
    before, close = two.prices("close")
    return close - before, _ratio(close - before, before, "close before")


def volatility(closes: Sequence[int]) -> Decimal:
    """Return the annualised volatility: sample deviation of daily log returns, times root of 252.

    Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data".
    """
    changes = [log(after / before) for before, after in pairwise(closes)]
    if len(changes) < _LEAST_RETURNS:
        raise InsufficientDataError(f"Only {len(closes)} days of the year have a price.")
    mean = fsum(changes) / len(changes)
    variance = fsum((change - mean) ** 2 for change in changes) / (len(changes) - 1)
    return Decimal(sqrt(variance * _TRADING_DAYS)).quantize(_SIX_DIGITS)


def maximum_drawdown(closes: Sequence[int]) -> Decimal:
    """Return the largest loss from a close to a later one, as a part of the former.

    Magdon-Ismail and Atiya, "Maximum drawdown", Risk 17 (10), 2004.
    """
    peaks = accumulate(closes, max)
    losses = (1 - Decimal(close) / peak for close, peak in zip(closes, peaks, strict=True))
    return max(losses).quantize(_SIX_DIGITS)


def _dividend_yield(year: PriceYear) -> Decimal:
    """Return the dividends with an ex-date in the year up to the last price, by that price.

    Special ones count; earlier ones are in shares of the last close. Trailing yield as in Bodie,
    Kane and Marcus, Investments.
    """
    first = year.last - _YEAR + timedelta(days=1)
    year.require_actions(first, year.last)
    recent = [action for action in year.actions if first <= action.ex_date <= year.last]
    dividends = [action for action in recent if action.amount is not None]
    others = {action.currency for action in dividends} - {None, year.bars.currency}
    if others:
        raise InsufficientDataError(
            f"Dividends are in {', '.join(map(str, others))}, prices in {year.bars.currency}."
        )
    total = Decimal(0)
    for dividend in dividends:
        later = (
            split.ratio for split in recent if split.ratio and split.ex_date > dividend.ex_date
        )
        total += (dividend.amount or Decimal(0)) / prod(later, start=Decimal(1))
    return _ratio(total, year.bars.price("close", -1), "last close")


def _price_to_earnings(year: PriceYear, earnings: EarningsFigures, received: date) -> Decimal:
    """Return the last close by the earnings per share of twelve months.

    Graham and Dodd, Security Analysis. Both must be of one time, currency and number of shares.
    """
    if earnings.eps is None:
        raise InsufficientDataError(earnings.insufficient["eps"])
    if earnings.currency != year.bars.currency:
        raise InsufficientDataError(
            f"Earnings are in {earnings.currency or 'an unknown currency'}, "
            f"prices in {year.bars.currency}."
        )
    if not _NONE <= year.last - earnings.as_of <= _OLDEST_EARNINGS:
        raise InsufficientDataError(f"Earnings end on {earnings.as_of}, prices on {year.last}.")
    if received < year.last:
        year.require_actions(received, year.last)
    first, last = sorted((received, year.last))
    for action in year.actions:
        if action.ratio and first < action.ex_date <= last:
            raise InsufficientDataError(f"A split on {action.ex_date} is between both.")
    return _ratio(year.bars.price("close", -1), earnings.eps, "earnings per share")


class TwelveMonths(NamedTuple):
    """Reports that cover the twelve months up to the `latest`, and the twelve before.

    Oldest first; none where a period is missing.
    """

    reports: Sequence[Report]
    before: Sequence[Report]
    latest: date

    def facts(self) -> dict[str, Any]:
        """Return what every group of figures says of the reports that it follows from."""
        currencies = {report.currency for report in self.reports}
        return {
            "as_of": self.latest,
            "periods": tuple(report.fiscal_date_ending for report in self.reports),
            "currency": currencies.pop() if len(currencies) == 1 else None,
        }

    def total(self, field: str, *, of_year_before: bool = False) -> Decimal:
        """Return the sum of a field over all periods, each of which must have it."""
        reports = self.before if of_year_before else self.reports
        if not reports:
            which = "a year before" if of_year_before else "up to"
            raise InsufficientDataError(f"Not all periods {which} {self.latest} are reported.")
        currencies = {str(report.currency) for report in (*reports, *self.reports)}
        if len(currencies) > 1:
            raise InsufficientDataError(f"Reports are in {', '.join(sorted(currencies))}.")
        total = Decimal(0)
        for report in reversed(reports):
            figure = report.figures().get(field)
            if figure is None:
                ending = report.fiscal_date_ending
                raise InsufficientDataError(f"{field} is not reported for {ending}.")
            total += figure
        return total

    def growth(self, field: str) -> Decimal:
        """Return the change of a total since the twelve months before, as a ratio to theirs."""
        before = self.total(field, of_year_before=True)
        return _ratio(self.total(field) - before, before, f"{field} of the year before")

    def margin(self, field: str, whole: str) -> Decimal:
        """Return the total of a field as a ratio to that of another."""
        return _ratio(self.total(field), self.total(whole), whole)


def _latest_twelve_months(
    quarters: Sequence[Report], years: Sequence[Report]
) -> TwelveMonths | None:
    """Return the four latest quarters or, without four, a year that ends as late.

    Both come newest first; `None` without any. A missing quarter is never replaced by an older one.
    """
    ends = [reports[0].fiscal_date_ending for reports in (quarters, years) if reports]
    if not ends:
        return None
    for reports, count in ((quarters, _QUARTERS), (years, 1)):
        newest, before = reports[:count], reports[count : 2 * count]
        if _follow(newest, count) and max(ends) - newest[0].fiscal_date_ending <= _SAME_END:
            shortest, longest = _FISCAL_YEAR
            is_year = _follow(before, count) and (
                shortest <= _between(newest[0], before[0]) <= longest
            )
            return TwelveMonths(newest[::-1], before[::-1] if is_year else (), max(ends))
    return TwelveMonths((), (), max(ends))


def _follow(reports: Sequence[Report], count: int) -> bool:
    """Return whether there are so many reports, newest first, of periods without a gap."""
    if len(reports) < count or count == 1:
        return len(reports) == count
    gaps = [_between(later, earlier) for later, earlier in pairwise(reports)]
    shortest, longest = _QUARTER
    least, most = _THREE_QUARTERS
    return shortest <= min(gaps) and max(gaps) <= longest and least <= sum(gaps, _NONE) <= most


def _between(later: Report, earlier: Report) -> timedelta:
    return later.fiscal_date_ending - earlier.fiscal_date_ending


Recent: TypeAlias = "Mapping[tuple[ReportKind, Period], Sequence[Report]]"
"""The latest reports of each kind and period, newest first."""


def income_figures(recent: Recent) -> IncomeFigures | None:
    """Return the figures of the income statements; `None` without any.

    Margins and growth as in Bodie, Kane and Marcus, Investments, "Financial statement analysis".
    """
    months = _latest_twelve_months(*_of_kind(recent, ReportKind.INCOME_STATEMENT))
    if months is None:
        return None
    values, insufficient = _computed(
        {
            "revenue": lambda: months.total("totalRevenue"),
            "net_income": lambda: months.total("netIncome"),
            "gross_margin": lambda: months.margin("grossProfit", "totalRevenue"),
            "operating_margin": lambda: months.margin("operatingIncome", "totalRevenue"),
            "net_margin": lambda: months.margin("netIncome", "totalRevenue"),
            "revenue_growth": lambda: months.growth("totalRevenue"),
        }
    )
    return IncomeFigures(**months.facts(), insufficient=insufficient, **values)


def cash_flow_figures(recent: Recent) -> CashFlowFigures | None:
    """Return the figures of the cash flow statements; `None` without any.

    Free cash flow and payout as in Damodaran, Investment Valuation. What is spent counts as such,
    whichever sign the source gives it. Net income is that of the income statements.
    """
    months = _latest_twelve_months(*_of_kind(recent, ReportKind.CASH_FLOW))
    if months is None:
        return None
    values, insufficient = _computed(
        {
            "free_cash_flow": lambda: (
                months.total("operatingCashflow") - abs(months.total("capitalExpenditures"))
            ),
            "payout_ratio": lambda: _payout(months, recent),
        }
    )
    return CashFlowFigures(**months.facts(), insufficient=insufficient, **values)


def _payout(months: TwelveMonths, recent: Recent) -> Decimal:
    statements = [
        report
        for paid in months.reports
        for report in recent.get((ReportKind.INCOME_STATEMENT, paid.period), ())
        if (report.fiscal_date_ending, report.currency) == (paid.fiscal_date_ending, paid.currency)
    ]
    is_whole = len(statements) == len(months.reports)
    income = months._replace(reports=statements if is_whole else ())
    return _ratio(abs(months.total("dividendPayout")), income.total("netIncome"), "net income")


def earnings_figures(recent: Recent) -> EarningsFigures | None:
    """Return the figures of the earnings reports; `None` without any.

    A source may list quarters to come. Statements say the currency where earnings do not.
    """
    quarters, years = _of_kind(recent, ReportKind.EARNINGS)
    quarters = list(dropwhile(lambda report: report.figures().get(_EPS) is None, quarters))
    statements, annual = _of_kind(recent, ReportKind.INCOME_STATEMENT)
    months = _latest_twelve_months(quarters, years)
    if months is None:
        return None
    values, insufficient = _computed(
        {"eps": lambda: months.total(_EPS), "eps_growth": lambda: months.growth(_EPS)}
    )
    facts = months.facts()
    currencies = {report.currency for report in (*statements, *annual)}
    if facts["currency"] is None and len(currencies) == 1:
        facts["currency"] = currencies.pop()
    return EarningsFigures(**facts, insufficient=insufficient, **values)


def _of_kind(recent: Recent, kind: ReportKind) -> tuple[Sequence[Report], Sequence[Report]]:
    return recent.get((kind, Period.QUARTERLY), ()), recent.get((kind, Period.ANNUAL), ())


def _computed(formulas: _Formulas) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of formulas by name, and the reasons of those that have none."""
    values: dict[str, Decimal] = {}
    insufficient: dict[str, str] = {}
    for name, formula in formulas.items():
        try:
            with localcontext(prec=_DIGITS, Emax=_DIGITS - 1):
                values[name] = formula()
        except InsufficientDataError as error:
            insufficient[to_camel(name)] = str(error)
        except ArithmeticError:
            insufficient[to_camel(name)] = "The reported figures are out of range."
    return values, insufficient


def _ratio(part: Decimal, whole: Decimal, name: str) -> Decimal:
    """Return a ratio to something that must be above zero to be compared with."""
    if whole <= 0:
        raise InsufficientDataError(f"The {name} is not above zero.")
    return (part / whole).quantize(_SIX_DIGITS)
