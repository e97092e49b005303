"""An application that has ingested everything."""

import pytest

from signal9_core.bootstrap import App


@pytest.fixture
def full(app: App) -> App:
    app.ingest()
    return app
