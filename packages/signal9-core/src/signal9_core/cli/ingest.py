"""`signal9 ingest`, `signal9 run` and `signal9 replay`."""

import re
from datetime import timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from ..errors import InputError
from .command import Json, fail, open_app, print_json, print_remark

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..domain.companies import DataSet
    from ..domain.reports import ReportKind

Provider = Annotated[
    Literal["sample", "alphavantage", "alpaca"] | None,
    typer.Option(
        metavar="PROVIDER",
        help="sample, alphavantage or alpaca.",
        show_default="SIGNAL9_PROVIDER, or sample",
    ),
]

_AGE: Final = re.compile(r"(\d{1,5})([mhd])", re.ASCII)

_TICK_S: Final = 60.0
"""How often `signal9 run --watch` looks for what is due."""

_AFTER_FAILURE_S: Final = 3_600.0
"""How long it waits when something failed, so that repeating it spends few calls."""


def ingest(
    context: typer.Context,
    tickers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TICKER", help="Only these companies, without the list of companies."
        ),
    ] = None,
    what: Annotated[
        str,
        typer.Option(
            metavar="DATA_SETS",
            help="overview, prices, financials, earnings, news, separated by commas; or all.",
        ),
    ] = "all",
    provider: Provider = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch what is fresh, too.", show_default=False)
    ] = False,
    max_age: Annotated[
        str | None,
        typer.Option(
            metavar="AGE",
            help="Fetch what is older, such as 90m, 6h or 7d, and nothing else.",
            show_default="the ages of the settings",
        ),
    ] = None,
    accept_listing: Annotated[
        bool,
        typer.Option(
            "--accept-listing", help="Accept that very many companies have left.", hidden=True
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch data from the provider and store it; what is fresh is not fetched again."""
    with open_app(context, needs_data=False, provider=provider) as app:
        from .render import ProgressBars

        data_sets, reports = _parse_what(what)
        age = None if max_age is None else _parse_age(max_age)
        if force and age is not None:
            raise InputError("max-age", "is useless with --force, which fetches everything")
        companies = _companies(app, tickers, what)
        with ProgressBars(silent=as_json) as progress:
            answer = app.ingest(
                progress,
                companies,
                data_sets,
                reports,
                force=force,
                max_age=age,
                accept_losses=accept_listing,
            )
        if as_json:
            print_json(answer)
        else:
            from .views import print_ingest

            print_ingest(answer)
        if answer.failed:
            raise typer.Exit(1)


def run(
    context: typer.Context,
    provider: Provider = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on whenever something is due.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch what is due, as far as the provider's budget of calls allows."""
    with open_app(context, needs_data=False, provider=provider) as app:
        from .render import ProgressBars

        while True:
            with ProgressBars(silent=as_json) as progress:
                answer = app.run(progress)
            if as_json:
                print_json(answer)
            else:
                from .views import print_run

                print_run(answer)
            _deliver(app, silent=as_json)
            if not watch:
                break
            sleep(_AFTER_FAILURE_S if answer.failed else _TICK_S)
        if answer.failed:
            raise typer.Exit(1)


def _deliver(app: "App", *, silent: bool) -> None:
    """Send the notifications that are due, and say how many unless that is not wanted."""
    delivered = app.send_notifications()
    if delivered.notifications and not silent:
        mails = f", mails: {delivered.mails:,}" if delivered.mails else ""
        print_remark(f"notifications sent: {delivered.notifications:,}{mails}")
    if delivered.refused and not silent:
        print_remark(f"notifications refused: {delivered.refused:,}, {delivered.reason}")


def _parse_what(what: str) -> "tuple[tuple[DataSet, ...], frozenset[ReportKind]]":
    """Return the data sets and the kinds of reports; `earnings` alone is one kind of report."""
    from ..domain.companies import DataSet
    from ..domain.reports import ReportKind

    names = {name.strip() for name in what.split(",")}
    choices = (*DataSet, "earnings", "all")
    if unknown := names - set(choices):
        raise InputError("what", f"{min(unknown)!r} must be one of {', '.join(choices)}")
    if "all" in names:
        names = set(DataSet)
    reports = frozenset(ReportKind)
    if "earnings" in names and DataSet.FINANCIALS not in names:
        names.add(DataSet.FINANCIALS)
        reports = frozenset({ReportKind.EARNINGS})
    return tuple(data_set for data_set in DataSet if data_set in names), reports


def _parse_age(text: str) -> timedelta:
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise InputError("max-age", f"{text!r} must be a number of minutes, hours or days, as 6h")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def _companies(app: "App", tickers: list[str] | None, what: str) -> list[str] | None:
    """Return the companies to ingest, or `None` for all that the provider has."""
    name, covered = app.provider.name, app.provider.covered()
    if not tickers:
        if covered is None and what != "all":
            raise InputError("ticker", f"{name} has too many companies to fetch all; name some")
        return None
    companies = [ticker.strip().upper() for ticker in tickers]
    for company in companies:
        if covered is not None and company not in covered:
            fail(f"{name} has no data for {company}; it has {', '.join(covered)}")
    return companies


def replay(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A folder laid out as provider/FUNCTION/NAME.json; by default the cache.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Rebuild the tables from stored raw responses, without any request to a provider."""
    with open_app(context, needs_data=False) as app:
        from .render import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.replay(folder, progress)
        if as_json:
            print_json(answer)
        else:
            from .views import print_replay

            print_replay(answer)
        if answer.failed:
            raise typer.Exit(1)
