"""The page as browsers get it: from the distribution, with the stage's API under the same name."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.place import Place, eventually


@pytest.fixture(scope="module")
def site(place: Place) -> Iterator[httpx2.Client]:
    """A client of the distribution."""
    url, headers = place.outputs("Edge")["SiteUrl"], {}
    if place.emulated:
        label = (urlsplit(url).hostname or "").partition(".")[0]
        url = place.variables["AWS_ENDPOINT_URL"]
        headers = {"Host": f"{label}.cloudfront.localhost"}
    with httpx2.Client(base_url=url, headers=headers, timeout=120) as client:
        yield client


def test_the_page_and_all_that_it_loads_are_served(site: httpx2.Client) -> None:
    page = site.get("/")
    index = site.get("/index.html")
    loaded = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
    modules = [path for path in loaded if path.endswith(".js")]
    imported = [
        path.rpartition("/")[0] + name.removeprefix(".")
        for path in modules
        for name in re.findall(r'(?:from|import) "(\./[^"]+)"', site.get(path).text)
    ]
    files = {path: site.get(path) for path in [*loaded, *imported]}

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert index.text == page.text
    assert imported
    assert {path for path, file in files.items() if file.status_code != 200} == set()
    assert {file.headers["cache-control"] for file in files.values()} == {
        "public, max-age=31536000, immutable"
    }
    assert page.headers["cache-control"] == "no-cache"


def test_every_path_without_a_file_name_is_the_page_and_a_missing_file_is_none(
    site: httpx2.Client,
) -> None:
    assert site.get("/companies/AAPL").text == site.get("/").text
    assert site.get("/assets/nothing.js").status_code in {403, 404}


def test_the_page_has_its_security_headers(site: httpx2.Client) -> None:
    headers = site.get("/").headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_configuration_names_an_api_that_answers_under_the_same_name(
    place: Place, site: httpx2.Client
) -> None:
    config = site.get("/config.json").json()

    health = site.get(f"{config['api']}/health")
    refused = site.get(f"{config['api']}/users/me")
    token = {"Authorization": f"Bearer {place.token()}"}

    def signed_in() -> bool:
        return site.get(f"{config['api']}/users/me", headers=token).status_code == 200

    nothing = site.get(f"{config['api']}/nothing", headers=token)

    assert config["issuer"] == place.settings.issuer or place.emulated
    assert health.json()["stage"] == place.settings.stage
    assert eventually(signed_in, within_s=240)
    assert (refused.status_code, nothing.status_code) == (401, 404)
    assert nothing.headers["content-type"].startswith("application/problem+json")
