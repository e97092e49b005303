"""Where a notebook's data is: on this machine, or behind an API."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .frames import load_extra

if TYPE_CHECKING:
    from ..remote import RemoteBackend

from ..bootstrap import App
from ..settings import Settings, load_settings
from .results import ProgressLine

__all__ = ["Elsewhere", "Here", "open_stocked", "place_of", "settings_of"]


@dataclass(frozen=True)
class Here:
    """Data of this machine, or of the tables that the settings name."""

    settings: Settings

    def __str__(self) -> str:
        return f"home={str(self.settings.home)!r}"

    def open(self) -> App:
        """Return the application, stocked if it is this machine's."""
        return open_stocked(self.settings)


@dataclass(frozen=True)
class Elsewhere:
    """Data of an API."""

    url: str
    token: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"url={self.url!r}"

    def open(self) -> "RemoteBackend":
        """Return what asks the API."""
        load_extra("httpx2", "remote")
        from ..remote import RemoteBackend

        return RemoteBackend(self.url, self.token)


def place_of(
    home: Path | str | None, url: str | None, token: str | None, settings: Mapping[str, object]
) -> Here | Elsewhere:
    """Return where the data is; `SettingsError` where what is given does not go together."""
    if url is None:
        if token is not None:
            raise SettingsError("token goes with the url of an API")
        return Here(settings_of(home, settings))
    if home is not None or settings:
        raise SettingsError("url is for the data of an API; home and settings are for one's own")
    return Elsewhere(url, token)


def settings_of(home: Path | str | None, given: Mapping[str, object]) -> Settings:
    """Return the settings; `SettingsError` also for a name that is none."""
    unknown = sorted(given.keys() - Settings.model_fields.keys())
    if unknown:
        raise SettingsError(f"no such setting: {', '.join(unknown)}")
    return load_settings(home=home, **given)


def open_stocked(settings: Settings) -> App:
    """Return the application; where nothing was ever ingested on this machine, do so first.

    Only the sample is ingested unasked: it costs no quota, and a laptop's file is nobody else's.
    """
    app = App(settings)
    try:
        offline = settings.store == "sqlite" and settings.provider == "sample"
        if offline and not app.is_ingested():
            _stock(app)
    except BaseException:
        app.close()
        raise
    return app


def _stock(app: App) -> None:
    sys.stderr.write(f"First use of {app.settings.home}: ingesting the bundled sample, once.\n")
    answer = app.ingest(ProgressLine(sys.stderr))
    for failure in answer.failed:
        sys.stderr.write(f"Not ingested: {failure.ticker} {failure.data_set}: {failure.reason}\n")
