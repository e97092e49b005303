"""`signal9 ingest`: fetch market data and keep it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..failures import fail, told
from ..options import Json
from ..output import print_json
from ..session import opened

if TYPE_CHECKING:
    from ...app import App
    from ...domain import DataSet

__all__ = ["ingest"]

_PROVIDERS: Final = ("sample", "alphavantage", "alpaca")
_REPORTS: Final = {"earnings": "financials"}


def ingest(
    context: typer.Context,
    tickers: Annotated[
        list[str] | None,
        typer.Argument(metavar="TICKER", help="Only these, without the list of companies."),
    ] = None,
    what: Annotated[
        str,
        typer.Option(
            metavar="DATA_SETS",
            help="overview, prices, financials, earnings, news, with commas; or all.",
        ),
    ] = "all",
    provider: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER",
            help="sample, alphavantage or alpaca.",
            show_default="SIGNAL9_PROVIDER, or sample",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Fetch what the provider has and keep it; doing so again changes nothing."""
    with told(), opened(context, provider=_provider(provider)) as app:
        chosen = _companies(app, tickers) if tickers else None
        data_sets = _data_sets(what)
        from ..progress import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.ingest(progress, chosen, data_sets)
        if as_json:
            print_json(answer)
        else:
            from ..views.ingest import print_outcome

            print_outcome(answer)
        if answer.failed:
            raise typer.Exit(1)


def _provider(name: str | None) -> str | None:
    from ...errors import InputError

    if name is not None and name not in _PROVIDERS:
        raise InputError("provider", f"{name!r} is none of {', '.join(_PROVIDERS)}")
    return name


def _data_sets(what: str) -> "tuple[DataSet, ...]":
    from ...domain import DataSet
    from ...errors import InputError

    # Earnings are reports, and come with them.
    names = tuple(_REPORTS.get(name, name) for name in map(str.strip, what.split(",")))
    if names == ("all",):
        return tuple(DataSet)
    for name in names:
        if name not in tuple(DataSet):
            raise InputError("what", f"{name!r} is none of {', '.join(DataSet)}, earnings, all")
    return tuple(data_set for data_set in DataSet if data_set in names)


def _companies(app: "App", tickers: list[str]) -> list[str]:
    companies = [ticker.strip().upper() for ticker in tickers]
    covered = app.provider.covered()
    for company in companies:
        if covered is not None and company not in covered:
            fail(f"{app.provider.name} knows nothing of {company}; it has {', '.join(covered)}")
    return companies
