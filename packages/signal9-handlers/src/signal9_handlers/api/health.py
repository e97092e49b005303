"""Whether the API works."""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from signal9_core.domain.companies import DataSet
from signal9_core.domain.model import Instant
from signal9_core.schemas.base import Answer

from .. import __version__
from ..runtime import application
from .http import NEVER, Response, ok
from .routing import Resource

__all__ = ["HealthAnswer", "app", "handler"]

app = Resource("Health", f"{__name__}.handler")
handler = app.handler


class DataHealth(Answer):
    """How many companies have a data set as fresh as promised."""

    fresh: int
    late: int
    failing: int
    missing: int
    late_since: Instant | None


class HealthAnswer(Answer):
    """Status, version and stage of the API, its problems if any, and how fresh its data is."""

    status: Literal["ok", "degraded"]
    version: str
    stage: str
    problems: Sequence[str] = Field(
        (),
        description="Only if `degraded`: a sentence for each problem.",
        exclude_if=lambda problems: not problems,
    )
    data: dict[DataSet, DataHealth] = Field(
        default_factory=dict,
        description="By data set, as of the latest plan; left out before the first.",
        exclude_if=lambda data: not data,
    )


_COUNTS: Final = set(DataHealth.model_fields)


@app.route("GET", "/health", HealthAnswer, "Check the API's health", scope=None)
def get_health() -> Response:
    """Needs no token. It is 200 even if data cannot be read or refreshed; `problems` says so."""
    problems, summary = application().problems(), application().freshness
    answer = HealthAnswer(
        status="degraded" if problems else "ok",
        version=__version__,
        stage=application().settings.stage,
        problems=problems,
        data={
            data_set: DataHealth.model_validate(state.model_dump(include=_COUNTS, by_alias=False))
            for data_set, state in ({} if summary is None else summary.data_sets).items()
        },
    )
    return ok(answer, NEVER)
