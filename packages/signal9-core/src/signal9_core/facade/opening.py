"""Opening the application, and stocking an empty home with the bundled sample."""

import sys
from pathlib import Path

from ..app import App, build
from ..errors import SettingsError
from ..settings import Settings, load_settings
from .progress import ProgressLine

__all__ = ["open_stocked", "settings_of"]


def settings_of(home: Path | str | None, given: dict[str, object]) -> Settings:
    """Return the settings; `SettingsError` also for a name that is none."""
    unknown = sorted(given.keys() - Settings.model_fields.keys())
    if unknown:
        raise SettingsError(f"no such setting: {', '.join(unknown)}")
    return load_settings(home=home, **given)


def open_stocked(settings: Settings) -> App:
    """Return the application; where nothing was ever ingested on this machine, do so first.

    Only the sample is ingested unasked: it costs no quota, and a laptop's file is nobody else's.
    """
    app = build(settings)
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
