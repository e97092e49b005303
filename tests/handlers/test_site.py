"""The page and the documentation: whole, without a network, and safe."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx2
import pytest

from signal9_handlers.local.exchange import Request
from signal9_handlers.local.site import Site

SCRIPTS = ["/api.js", "/chart.js", "/page.js", "/search.js", "/words.js"]
FILES = ["/page.css", "/icon.svg", *SCRIPTS]


def policy(response: httpx2.Response) -> str:
    return str(response.headers["content-security-policy"])


def test_the_page_shows_the_notice_as_text(client: httpx2.Client) -> None:
    response = client.get("/")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Made up &amp; small." in response.text


def test_a_page_without_a_notice_shows_none() -> None:
    page = Site(None)(Request("GET", "/")).body.decode()

    assert '<p class="notice" role="note"></p>' in page


def test_everything_that_the_page_asks_for_is_served_here(client: httpx2.Client) -> None:
    sources = "".join(client.get(path).text for path in ["/", *SCRIPTS])
    wanted = re.findall(r'(?:src|href)="(/[^"]*)"|(?:from|import) "(/[^"]+)"', sources)

    paths = {path for pair in wanted for path in pair if path}

    assert {*FILES, "/docs"} <= paths
    assert {client.get(path).status_code for path in paths} == {200}


@pytest.mark.parametrize("path", ["/", *FILES])
def test_nothing_comes_from_elsewhere(client: httpx2.Client, path: str) -> None:
    text = client.get(path).text

    addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_page_runs_and_styles_only_what_is_served_with_it(client: httpx2.Client) -> None:
    response = client.get("/")

    assert "default-src 'none'" in policy(response)
    assert "unsafe" not in policy(response)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", response.text)


def test_the_documentation_runs_its_own_script_and_no_other(client: httpx2.Client) -> None:
    response = client.get("/docs")
    assert "<title>Signal9 API</title>" in response.text
    assert 'name="viewport"' in response.text

    scripts = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    digest = b64encode(sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    assert f"script-src 'self' 'sha256-{digest}';" in policy(response)
    for path in re.findall(r"(?:src|href)='([^']+)'", response.text):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", *FILES])
def test_head_tells_the_length_of_a_file(client: httpx2.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)

    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["x-content-type-options"] == "nosniff"
