"""One company, and the state of everything that is stored."""

from collections.abc import Iterator

from ..answers import AssetAnswer, StatusAnswer
from ..domain import DataSet
from .display import Displayed, Grid

__all__ = ["Company", "Status"]


class Company(Displayed, AssetAnswer):
    """Identity, description, insights and freshness of one company."""

    notice: str | None

    @classmethod
    def of(cls, answer: AssetAnswer, notice: str | None) -> "Company":
        """Return the answer as a company that shows itself."""
        return cls.model_construct(**dict(answer), notice=notice)

    def source_of(self, data_set: str) -> str | None:
        """Return where a data set comes from; `None` where there is none of it."""
        known = self.freshness.get(DataSet(data_set))
        return None if known is None else known.source

    def grid(self) -> Grid:
        """Return what to show."""
        rows = [*self._identity(), *self._insights(), *self._reach()]
        return Grid(f"{self.ticker} {self.name or ''}", ("", ""), rows, (self.notice,))

    def _identity(self) -> Iterator[tuple[str, str]]:
        names = ("exchange", "sector", "industry", "country", "currency", "description")
        for name in names:
            value = getattr(self, name)
            if value is not None:
                yield name, str(value)

    def _insights(self) -> Iterator[tuple[str, str]]:
        span, mood = self.insights.range_52_weeks, self.insights.sentiment
        if span is not None:
            yield "52-week range", f"{span.low:,f} to {span.high:,f}"
        if mood is not None:
            yield "tone of the news", f"{mood.label} ({mood.sample_size} articles)"

    def _reach(self) -> Iterator[tuple[str, str]]:
        for name, each in self.freshness.items():
            part = "" if each.complete else ", incomplete"
            yield name, f"{each.count:,} up to {each.as_of} from {each.source}{part}"


class Status(Displayed, StatusAnswer):
    """How much is stored, where, and how fresh it is."""

    @classmethod
    def of(cls, answer: StatusAnswer) -> "Status":
        """Return the answer as a status that shows itself."""
        return cls.model_construct(**dict(answer))

    def grid(self) -> Grid:
        """Return what to show."""
        rows = [
            (name, f"{each.companies:,}", f"{each.count:,}", str(each.newest or "nothing yet"))
            for name, each in self.data_sets.items()
        ]
        title = f"{self.assets:,} companies in {self.location}"
        return Grid(title, ("data set", "companies", "stored", "up to"), rows, (self.notice,))
