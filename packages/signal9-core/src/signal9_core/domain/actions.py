"""What a company does to its shares."""

from collections.abc import Iterable
from datetime import date
from functools import reduce
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .model import Currency, Exact, OpenModel, Ticker

__all__ = ["CorporateAction", "one_a_day"]


class CorporateAction(OpenModel):
    """A split or a cash dividend, on the first day of trading without it."""

    ticker: Ticker
    kind: Literal["split", "dividend"]
    ex_date: date
    ratio: Annotated[Exact | None, Field(gt=0, description="New shares for one old one.")] = None
    amount: Annotated[Exact | None, Field(ge=0, description="Cash for one share.")] = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _has_the_figure_of_its_kind(self) -> Self:
        figure = self.ratio if self.kind == "split" else self.amount
        if figure is None:
            raise ValueError(f"{self.ticker} on {self.ex_date}: a {self.kind} without its figure")
        return self


def one_a_day(actions: Iterable[CorporateAction]) -> list[CorporateAction]:
    """Return one split and one dividend of a company for each day, oldest first.

    A company may pay a special dividend beside the usual one: amounts add up, and ratios multiply.
    What is said twice counts once.
    """
    found: dict[tuple[date, Ticker, str], list[CorporateAction]] = {}
    for each in actions:
        same_day = found.setdefault((each.ex_date, each.ticker, each.kind), [])
        if each not in same_day:
            same_day.append(each)
    return [reduce(_together, found[key]) for key in sorted(found)]


def _together(one: CorporateAction, other: CorporateAction) -> CorporateAction:
    if one.ratio is not None and other.ratio is not None:
        return one.model_copy(update={"ratio": one.ratio * other.ratio})
    return one.model_copy(update={"amount": (one.amount or 0) + (other.amount or 0)})
