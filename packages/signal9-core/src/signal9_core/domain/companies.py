"""Companies: their listing, description, insights, and how fresh the data about them is."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Self

from pydantic import Field, NonNegativeInt, PositiveInt

from .coverage import PriceHistory
from .insights import Insights
from .model import (
    Exact,
    Instant,
    Model,
    OpenModel,
    OptionalCurrency,
    OptionalDay,
    OptionalNumber,
    OptionalText,
    Ticker,
)
from .reports import ReportKind


class PriceCheck(Model):
    """How close computed adjusted closes come to those of a provider's response."""

    source: str = Field(description="The provider's name.")
    checked_at: Instant = Field(description="When the response came.")
    first: date = Field(description="The first day of the response.")
    last: date = Field(description="The last day of the response, as of which both are adjusted.")
    difference: Exact = Field(description="The largest difference, relative to the provider's.")
    day: date = Field(description="The day with the largest difference.")


class DataSet(StrEnum):
    """The kinds of data about a company, each with its own freshness."""

    OVERVIEW = "overview"
    PRICES = "prices"
    FINANCIALS = "financials"
    NEWS = "news"


ListName = Literal["listing", "calendar"]
"""What a provider has of all companies at once: who they are, and when they will report."""


class Asset(OpenModel):
    """A listing: the identity of something that can be bought."""

    ticker: Ticker
    name: OptionalText = None
    exchange: OptionalText = None
    asset_type: OptionalText = None
    status: Literal["active", "inactive"] = "active"
    cik: OptionalText = Field(
        None, description="The company's number at the SEC, without leading zeros."
    )
    rank: int | None = Field(
        None, ge=1, description="Place by size among all listings, 1 the largest."
    )
    ipo_date: OptionalDay = None
    delisting_date: OptionalDay = None


class ListedAsset(NamedTuple):
    """A company as lists and searches show it; `rank` is its place by size, 1 the largest.

    `former_tickers` are those under which it was listed before.
    """

    ticker: Ticker
    name: str | None = None
    exchange: str | None = None
    rank: int | None = None
    sector: str | None = None
    former_tickers: tuple[Ticker, ...] = ()


class CompanyOverview(OpenModel):
    """What a company is and does, as a provider describes it; ratios come along as extra fields."""

    ticker: Ticker
    name: OptionalText = None
    description: OptionalText = None
    exchange: OptionalText = None
    sector: OptionalText = None
    industry: OptionalText = None
    country: OptionalText = None
    currency: OptionalCurrency = None
    cik: OptionalText = None
    fiscal_year_end: OptionalText = Field(
        None, description="The month in which its fiscal year ends."
    )
    latest_quarter: OptionalDay = None
    market_capitalization: OptionalNumber = None
    shares_outstanding: OptionalNumber = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing but whose description it is."""
        values = {**dict(self), **(self.model_extra or {}), "ticker": None}
        return all(value is None for value in values.values())


class Freshness(Model):
    """How far one data set of one company reaches, and where it comes from."""

    as_of: date = Field(description="The last day that the data covers.")
    source: str = Field(description="The provider's name.")
    complete: bool = Field(description="False where the provider gave only part of what it has.")
    fetched_at: Instant = Field(description="When the provider was asked.")
    count: NonNegativeInt = Field(description="How many bars, reports or articles are stored.")


class Failures(Model):
    """How often in a row a provider has refused a data set of a company, and why it did last."""

    count: PositiveInt
    at: Instant = Field(description="When it was requested last.")
    reason: str


class PendingEvent(Model):
    """An event that is recorded until it is published: its detail type and its JSON.

    One of a stopped run that was published since stays until the company is ingested again: what
    that run has stored may be incomplete.
    """

    detail_type: str
    detail: str
    at: Instant
    published_at: Instant | None = None


class ProblemKind(StrEnum):
    """What can be wrong with the stored data of a company."""

    IDENTITY = "identity"
    """The ticker may have another owner; nothing is added until somebody decides."""

    LISTING = "listing"
    """Its entry in a listing cannot be stored; what was listed before stays."""

    PRICES = "prices"
    """Computed adjusted closes differ from the provider's: a split or a dividend is wrong."""

    REQUESTS = "requests"
    """A provider refuses data, or sends what cannot be read; it is requested less often."""

    SENTIMENT = "sentiment"
    """Articles could not be scored; the next update of the company's news tries again."""


class Problem(Model):
    """Something that is wrong with the data of a company, for people to look at."""

    kind: ProblemKind
    reason: str
    since: date


class FormerTicker(Model):
    """A ticker that a company had before; `until` is the first day without it."""

    ticker: Ticker
    until: date


class Identity(Model):
    """What tells a company from others that have its ticker, or had it."""

    names: tuple[str, ...] = Field((), description="The names under which it was listed.")
    ciks: tuple[str, ...] = Field((), description="The CIKs under which it was listed.")
    ids: dict[str, str] = Field(
        default_factory=dict, description="Its number at each provider that numbers companies."
    )
    listed_by: tuple[str, ...] = Field((), description="The providers that list it as active.")
    since: date | None = Field(
        None, description="First day of its own under a ticker that another company had before."
    )
    latest: tuple[date, str] | None = Field(
        None, description="Day and provider of the latest listing that said something new of it."
    )
    renamed_to: Ticker | None = None
    former_tickers: tuple[FormerTicker, ...] = ()


class Listing(Model):
    """A company in a provider's listing of a day."""

    asset: Asset
    source: str
    day: date
    previous: date | None = Field(None, description="The day of its listing before this one.")


class FormerOwner(Model):
    """A company that had the ticker before, as last known; it lost the ticker before `until`."""

    asset: Asset
    overview: CompanyOverview | None = None
    freshness: dict[DataSet, Freshness] = Field(default_factory=dict)
    since: date | None = None
    until: date
    renamed_to: Ticker | None = None


class AssetProfile(Model):
    """The record of a company: what is listed, described and derived, and what is pending.

    Facts under its ticker from before `identity.since` belong to former owners of the ticker.
    """

    asset: Asset
    identity: Identity = Field(default_factory=Identity)
    former_owners: tuple[FormerOwner, ...] = ()
    claim: Listing | None = Field(
        None, description="A listing under the ticker that may be of another company."
    )
    overview: CompanyOverview | None = None
    insights: Insights = Insights()
    history: PriceHistory = PriceHistory()
    price_check: PriceCheck | None = None
    problems: tuple[Problem, ...] = ()
    freshness: dict[DataSet, Freshness] = Field(default_factory=dict)
    requested: dict[DataSet, Instant] = Field(
        default_factory=dict,
        description="When each data set was last requested, even if there was nothing.",
    )
    failures: dict[DataSet, Failures] = Field(
        default_factory=dict, description="Data sets whose latest requests have failed."
    )
    checked_at: Instant | None = Field(None, description="When a provider was last asked about it.")
    pending: tuple[PendingEvent, ...] = Field((), description="Events that are still unpublished.")
    reports_received: dict[ReportKind, Instant] = Field(
        default_factory=dict, description="When reports of a kind were last received."
    )

    def problem(self, kind: ProblemKind) -> Problem | None:
        """Return what is wrong of this kind, if anything is."""
        return {problem.kind: problem for problem in self.problems}.get(kind)

    def with_problem(self, kind: ProblemKind, reason: str | None, day: date) -> Self:
        """Return the profile with a problem, which keeps its first day, or with `None` without."""
        known = self.problem(kind)
        others = tuple(problem for problem in self.problems if problem.kind is not kind)
        if reason is None:
            return self.model_copy(update={"problems": others}) if known else self
        problem = Problem(kind=kind, reason=reason, since=day if known is None else known.since)
        return self.model_copy(update={"problems": (*others, problem)})

    def own(self, first: date | None = None) -> date | None:
        """Return `first`, or the first day of the company's own if that is later."""
        since = self.identity.since
        return since if first is None else max(first, since or first)


_TOLERATED: Final = 10
"""One in so many companies may be late or fail."""


class DataSetFreshness(Model):
    """How many companies have a data set that is as fresh as promised."""

    fresh: NonNegativeInt = 0
    late: NonNegativeInt = Field(0, description="Companies for which it is overdue.")
    failing: NonNegativeInt = Field(0, description="Companies whose latest requests have failed.")
    missing: NonNegativeInt = Field(0, description="Companies for which it was never requested.")
    late_since: Instant | None = Field(
        None, description="Since when the latest is overdue; if nothing was received, since when."
    )
    stalest: Ticker | None = Field(None, description="The company for which it is overdue longest.")

    @property
    def received(self) -> int:
        """For how many companies it was ever requested."""
        return self.fresh + self.late + self.failing

    def is_broken(self, now: datetime, grace: timedelta) -> bool:
        """Whether the promise is broken: for over a tenth of companies, or by having nothing."""
        if not self.received:
            return self.late_since is not None and self.late_since <= now - grace
        return (self.late + self.failing) * _TOLERATED > self.received


class FreshnessSummary(Model):
    """The freshness of all listed companies at a moment."""

    at: Instant
    companies: NonNegativeInt
    data_sets: dict[DataSet, DataSetFreshness] = Field(default_factory=dict)

    def broken(self, now: datetime, grace: timedelta) -> dict[DataSet, DataSetFreshness]:
        """Return the data sets whose promises are broken."""
        return {
            name: state for name, state in self.data_sets.items() if state.is_broken(now, grace)
        }
