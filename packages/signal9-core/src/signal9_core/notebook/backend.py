"""Where the data of a notebook comes from: this machine's tables, or an API."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..bootstrap import App
from ..errors import SettingsError
from ..settings import Settings, load_settings
from .frames import ProgressLine, load_extra

if TYPE_CHECKING:
    from ..remote import RemoteBackend

Backend: TypeAlias = "App | RemoteBackend"


def choose_backend(
    home: Path | str | None, url: str | None, token: str | None, options: Mapping[str, object]
) -> tuple[str, Callable[[], Backend]]:
    """Return the location of the data, for display, and a function that opens it."""
    if url is not None:
        if home is not None or options:
            raise SettingsError("url cannot be combined with home or settings")
        return f"url={url!r}", lambda: _open_remote(url, token)
    if token is not None:
        raise SettingsError("token requires the url of an API")
    if unknown := sorted(options.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"no such setting: {', '.join(unknown)}")
    settings = load_settings(home=home, **options)
    return f"home={str(settings.home)!r}", lambda: _open_local(settings)


def _open_remote(url: str, token: str | None) -> "RemoteBackend":
    load_extra("httpx2", "remote")
    from ..remote import RemoteBackend

    return RemoteBackend(url, token)


def _open_local(settings: Settings) -> App:
    """Open the tables; an empty SQLite file is filled with the bundled sample first.

    Live providers are never called unasked: they cost quota.
    """
    app = App(settings)
    try:
        is_sample = settings.store == "sqlite" and settings.provider == "sample"
        if is_sample and not app.is_ingested():
            _ingest_sample(app)
    except BaseException:
        app.close()
        raise
    return app


def _ingest_sample(app: App) -> None:
    sys.stderr.write(f"First use of {app.settings.home}: ingesting the bundled sample, once.\n")
    answer = app.ingest(ProgressLine(sys.stderr))
    for failure in answer.failed:
        sys.stderr.write(f"Not ingested: {failure.ticker} {failure.data_set}: {failure.reason}\n")
