"""What a company does to its shares."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .model import Currency, Exact, OpenModel, Ticker

__all__ = ["CorporateAction"]


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
