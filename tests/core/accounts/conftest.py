import pytest

from signal9_core.bootstrap import App, Own
from tests.fakes import AttentivePublisher


@pytest.fixture
def own(app: App, publisher: AttentivePublisher) -> Own:
    app.assets.sync(app.provider.assets())  # type: ignore[arg-type]
    return app.own
