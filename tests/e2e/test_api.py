"""Every path of the API, called as a client calls it."""

import httpx2
import pytest

from signal9_handlers.routes import PREFIX, ROUTES
from tests.e2e.place import Place

PATHS = sorted({route.path.removeprefix(PREFIX) for route in ROUTES})
READ = sorted(route.path.removeprefix(PREFIX) for route in ROUTES if "GET" in route.methods)
QUERIES = {"/prices": {"tickers": "AAPL"}, "/search": {"q": "AAPL"}}


def _called(path: str) -> str:
    return path.replace("{ticker}", "AAPL").replace("{id}", "1")


@pytest.mark.parametrize("path", READ)
def test_every_path_answers(api: httpx2.Client, path: str) -> None:
    answer = api.get(_called(path), params=QUERIES.get(path))

    assert answer.status_code == 200, answer.text
    assert answer.json()
    assert answer.headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
def test_browsers_of_the_app_may_ask(api: httpx2.Client, place: Place, path: str) -> None:
    origin = place.settings.origins[0]

    answer = api.options(
        _called(path), headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


def test_numbers_arrive_with_every_digit(api: httpx2.Client) -> None:
    text = api.get("/assets/AAPL/prices", params={"from": "2000-03-01", "limit": 1}).text

    assert '"open":118.56' in text
    assert '"low":118.50' in text
