"""Every path of the API, called as a client calls it."""

import httpx2
import pytest

from signal9_handlers.api.routing import PREFIX
from signal9_handlers.routes import OPERATIONS
from tests.e2e.place import Place

PATHS = sorted({operation.path.removeprefix(PREFIX) for operation in OPERATIONS})
READ = sorted(
    operation.path.removeprefix(PREFIX) for operation in OPERATIONS if operation.method == "GET"
)
QUERIES = {"/prices": {"tickers": "AAPL"}, "/search": {"q": "AAPL"}}


def _called(path: str) -> str:
    return path.replace("{ticker}", "AAPL").replace("{id}", "1")


def _read(api: httpx2.Client, path: str) -> str:
    if path == "/news/{id}":
        return f"/news/{api.get('/news?limit=1').json()['items'][0]['id']}"
    return _called(path)


@pytest.mark.parametrize("path", READ)
def test_every_path_answers(api: httpx2.Client, path: str) -> None:
    answer = api.get(_read(api, path), params=QUERIES.get(path))

    assert answer.status_code == 200, answer.text
    assert answer.json()
    assert answer.headers["ETag"]


@pytest.mark.parametrize("path", READ)
def test_every_path_answers_head_without_a_body(api: httpx2.Client, path: str) -> None:
    answer = api.head(_read(api, path), params=QUERIES.get(path))

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", PATHS)
def test_browsers_of_the_app_may_ask(api: httpx2.Client, place: Place, path: str) -> None:
    origin = place.settings.origins[0]

    answer = api.options(
        _called(path), headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


def test_what_did_not_change_is_not_sent_again(api: httpx2.Client) -> None:
    first = api.get("/assets/AAPL")

    again = api.get("/assets/AAPL", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_numbers_arrive_with_every_digit(api: httpx2.Client) -> None:
    text = api.get("/assets/AAPL/prices", params={"from": "2000-03-01", "limit": 1}).text

    assert '"open":118.56' in text
    assert '"low":118.50' in text


def test_a_list_comes_in_pages_that_follow_one_another(api: httpx2.Client) -> None:
    first = api.get("/assets/AAPL/prices", params={"limit": 2}).json()

    second = api.get(
        "/assets/AAPL/prices", params={"limit": 2, "cursor": first["nextCursor"]}
    ).json()

    dates = [each["date"] for page in (first, second) for each in page["items"]]
    assert dates == ["2000-03-01", "2000-03-02", "2000-03-03", "2000-03-06"]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/search", 422, "q"),
        ("/assets/AAPL/prices?limit=x", 422, "limit"),
        ("/assets/AAPL/prices?cursor=made-up", 422, "cursor"),
        ("/assets/NOSUCH", 404, "NOSUCH"),
        ("/nothing", 404, ""),
    ],
)
def test_what_is_wrong_is_told_in_a_problem_document(
    api: httpx2.Client, path: str, status: int, told: str
) -> None:
    answer = api.get(path)

    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == status
    assert told in answer.text
