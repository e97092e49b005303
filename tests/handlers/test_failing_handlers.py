"""A handler that cannot be loaded, or fails, is told as such; everything else goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from signal9_handlers.local.gateway import Gateway
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.routes import ROUTES, Route
from tests.handlers.sample import serving
from tests.handlers.test_problems import problem

UNLOADABLE = {
    "absent": "import no_such_package",
    "misspelt": "def handler(event, context) return {}",
    "leaving": "raise SystemExit('secret 42')",
    "nameless": "x = 1",
}


def raising(event: dict[str, Any], context: object) -> dict[str, Any]:
    raise LookupError("secret 42")


def answering_nonsense(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"message": "secret 42"}


@pytest.fixture
def troubled(
    app: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx2.Client]:
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in UNLOADABLE.items():
        (tmp_path / f"unloadable_{name}.py").write_text(text, "utf-8")
    names = {name: f"unloadable_{name}.handler" for name in UNLOADABLE}
    names |= {each: f"{__name__}.{each}" for each in ("raising", "answering_nonsense")}
    routes = [Route(("GET",), f"/{name}", handler) for name, handler in names.items()]
    server = LocalServer(Site(None), Gateway([*routes, *ROUTES]))
    with serving(server) as address, httpx2.Client(base_url=address) as client:
        yield client


@pytest.mark.parametrize("name", [*UNLOADABLE, "raising", "answering_nonsense"])
def test_a_handler_that_fails_is_a_bad_gateway_and_the_server_goes_on(
    troubled: httpx2.Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    troubled.get("/api/v1/health")
    response = troubled.get(f"/{name}")

    assert "secret" not in problem(response, 502).detail
    [line] = caplog.records
    assert line.getMessage() == "function failed"
    assert line.exc_info is not None
    assert str(vars(line)["function"]).endswith(("handler", name))
    assert vars(line)["correlation_id"] == response.headers["x-request-id"]
    assert troubled.get("/api/v1/health").status_code == 200


def test_a_handler_that_was_mended_is_found_without_a_new_start(
    troubled: httpx2.Client, tmp_path: Path
) -> None:
    assert troubled.get("/absent").status_code == 502

    mended = f"from {__name__} import mended as handler  # another length: no stale bytecode"
    (tmp_path / "unloadable_absent.py").write_text(mended, "utf-8")

    assert troubled.get("/absent").status_code == 204


def mended(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"statusCode": 204, "body": "", "isBase64Encoded": False, "multiValueHeaders": {}}


class _TornSite(Site):
    """A site whose pages cannot be read."""

    def __contains__(self, path: object) -> bool:
        return path == "/"

    def __call__(self, request: object) -> Any:
        raise OSError("secret 42")


def test_a_page_that_cannot_be_read_is_a_problem_and_the_server_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        serving(LocalServer(_TornSite(None))) as address,
        httpx2.Client(base_url=address) as client,
    ):
        response = client.get("/")

        assert "secret" not in problem(response, 500).detail
        assert [each.getMessage() for each in caplog.records] == ["request failed"]
        assert client.get("/api/v1/nothing").status_code == 404
