"""`signal9 ingest`: fetch market data and keep it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .output import print_json
from .session import Json, fail, opened, told

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..domain import DataSet, ReportKind
__all__ = ["ingest", "replay"]

_PROVIDERS: Final = ("sample", "alphavantage", "alpaca")


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
        data_sets, reports = _chosen(what)
        chosen = _companies(app, tickers, what)
        from .render import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.ingest(progress, chosen, data_sets, reports)
        if as_json:
            print_json(answer)
        else:
            from .views import print_outcome

            print_outcome(answer)
        if answer.failed:
            raise typer.Exit(1)


def _provider(name: str | None) -> str | None:
    from ..errors import InputError

    if name is not None and name not in _PROVIDERS:
        raise InputError("provider", f"{name!r} is none of {', '.join(_PROVIDERS)}")
    return name


def _chosen(what: str) -> "tuple[tuple[DataSet, ...], frozenset[ReportKind]]":
    """Return the data sets, and which reports: earnings are reports that can be had alone."""
    from ..domain import DataSet, ReportKind
    from ..errors import InputError

    names = frozenset(map(str.strip, what.split(",")))
    known = (*DataSet, "earnings", "all")
    if unknown := names - set(known):
        raise InputError("what", f"{min(unknown)!r} is none of {', '.join(known)}")
    if "all" in names:
        return tuple(DataSet), frozenset(ReportKind)
    alone = "earnings" in names and DataSet.FINANCIALS not in names
    wanted = names | {DataSet.FINANCIALS} if alone else names
    reports = frozenset({ReportKind.EARNINGS}) if alone else frozenset(ReportKind)
    return tuple(each for each in DataSet if each in wanted), reports


def _companies(app: "App", tickers: list[str] | None, what: str) -> list[str] | None:
    """Return whom to ask about; `None` for everybody, where these are not too many."""
    from ..errors import InputError

    name, covered = app.provider.name, app.provider.covered()
    if not tickers:
        if covered is None and what != "all":
            raise InputError("ticker", f"{name} has too many companies to ask about all: name some")
        return None
    companies = [ticker.strip().upper() for ticker in tickers]
    for company in companies:
        if covered is not None and company not in covered:
            fail(f"{name} knows nothing of {company}; it has {', '.join(covered)}")
    return companies


def replay(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", help="A folder as provider/FUNCTION/NAME.json; else the cache."
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Build the tables from raw answers, without asking anybody; what is no data is left out."""
    with opened(context) as app:
        from .render import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.replay(folder, progress)
        if as_json:
            print_json(answer)
        else:
            from .views import print_replay

            print_replay(answer)
