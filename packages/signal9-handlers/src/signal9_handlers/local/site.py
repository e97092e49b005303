"""What the server has besides the API: the page, the documentation, the OpenAPI document."""

import re
from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from .exchange import Reply, Request
from .gateway import refusal

__all__ = ["Site"]

_HERE: Final = "signal9_handlers.local"
_SWAGGER: Final = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_STRICT: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SCRIPTS: Final = ("api", "chart", "page", "search", "words")
_FILES: Final = {
    "/favicon.ico": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/icon.svg": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/page.css": (_HERE, "page/page.css", "text/css"),
    **{f"/{name}.js": (_HERE, f"page/{name}.js", "text/javascript") for name in _SCRIPTS},
    "/docs/swagger-ui.css": (_SWAGGER, "swagger-ui.min.css", "text/css"),
    "/docs/swagger-ui.js": (_SWAGGER, "swagger-ui-bundle.min.js", "text/javascript"),
}
"""Folder, file and media type of what is served as it stands."""

_HEAD: Final = (
    '<title>Signal9 API</title><link rel="icon" href="/icon.svg">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
)
"""What the page of documentation lacks: its name, and the width of a phone."""

_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Site:
    """Files and documents by path; `notice` is what people must know who see the data."""

    def __init__(self, notice: str | None) -> None:
        self._notice = notice or ""
        self._pages = {"/": self._page, "/docs": self._docs, "/openapi.json": self._openapi}

    def __contains__(self, path: object) -> bool:
        return path in self._pages or path in _FILES

    def __call__(self, request: Request) -> Reply:
        """Return what stands at the path; it can be read only."""
        if request.method not in {"GET", "HEAD"}:
            detail = f"{request.path} can be read only, not {request.method}."
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, detail, request, Allow="GET, HEAD")
        page = self._pages.get(request.path)
        return _file(*_FILES[request.path]) if page is None else page()

    def _page(self) -> Reply:
        page = (files(_HERE) / "page/index.html").read_text("utf-8")
        return _reply(page.replace("{notice}", escape(self._notice)), "text/html", _STRICT)

    def _openapi(self) -> Reply:
        return _reply(self._document, "application/json")

    @cached_property
    def _document(self) -> str:
        from ..openapi import document

        return document()

    def _docs(self) -> Reply:
        from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html

        page = generate_swagger_html(
            spec=self._document.replace("</", "<\\/"),
            swagger_js="/docs/swagger-ui.js",
            swagger_css="/docs/swagger-ui.css",
            swagger_base_url="/docs",
            oauth2_config=None,
        )
        page = page.replace("<html>", '<html lang="en">', 1)
        page = page.replace("<title>Swagger UI</title>", _HEAD, 1)
        page = page.replace('currentUrl.pathname + "?format=json"', '"/openapi.json"')
        # The page's only inline script is allowed by its hash, so that no other one can run.
        hashes = " ".join(f"'sha256-{_digest(each)}'" for each in _INLINE.findall(page))
        policy = (
            f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        return _reply(page, "text/html", policy)


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _file(package: str, name: str, media_type: str) -> Reply:
    return _reply((files(package) / name).read_text("utf-8"), media_type)


def _reply(text: str, media_type: str, policy: str = "default-src 'none'") -> Reply:
    headers = [
        ("Content-Type", f"{media_type}; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Reply(HTTPStatus.OK, headers, text.encode())
