"""The local server's pages: companies at `/`, the API's documentation at `/docs`.

The files of `page` are deployed too, with a `config.json` of the stage.
"""

import json
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from ..api.http import Request, Response
from ..api.problems import problem

__all__ = ["Site"]

_HERE: Final = "signal9_handlers.local"
_SWAGGER: Final = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_PAGE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCS: Final = _PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
"""Content security policies; Swagger UI styles its elements inline."""

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _PAGE,
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What the distribution of a stage sends, too."""

_SCRIPTS: Final = ("api", "chart", "format", "page", "search")
_FILES: Final = {
    "/favicon.ico": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/icon.svg": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/page.css": (_HERE, "page/page.css", "text/css"),
    **{f"/{name}.js": (_HERE, f"page/{name}.js", "text/javascript") for name in _SCRIPTS},
    "/docs.js": (_HERE, "docs/docs.js", "text/javascript"),
    "/docs/swagger-ui.css": (_SWAGGER, "swagger-ui.min.css", "text/css"),
    "/docs/swagger-ui.js": (_SWAGGER, "swagger-ui-bundle.min.js", "text/javascript"),
}
"""Package, file and media type by path."""


class Site:
    """Files and pages by path; the page shows the `notice`, and whose tokens the API accepts."""

    def __init__(self, notice: str | None, issuer: str | None = None) -> None:
        self._config = {"api": "/api/v1", "docs": "/docs", "issuer": issuer, "notice": notice}
        self._pages = {
            "/": self._page,
            "/config.json": self._config_json,
            "/docs": self._docs,
            "/openapi.json": self._openapi,
        }

    def __contains__(self, path: object) -> bool:
        return path in self._pages or path in _FILES

    def __call__(self, request: Request) -> Response:
        """Return the file or page at a path."""
        if request.method not in {"GET", "HEAD"}:
            detail = f"{request.path} has no method {request.method}, only GET and HEAD."
            allow = {"Allow": "GET, HEAD"}
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allow)
        if page := self._pages.get(request.path):
            return page()
        package, name, media_type = _FILES[request.path]
        return _response((files(package) / name).read_text("utf-8"), media_type)

    def _page(self) -> Response:
        return _response((files(_HERE) / "page/index.html").read_text("utf-8"), "text/html")

    def _config_json(self) -> Response:
        return _response(json.dumps(self._config), "application/json")

    def _docs(self) -> Response:
        page = (files(_HERE) / "docs/docs.html").read_text("utf-8")
        return _response(page, "text/html").adding({"Content-Security-Policy": _DOCS})

    def _openapi(self) -> Response:
        from ..openapi import document

        return _response(document(), "application/json")


def _response(text: str, media_type: str) -> Response:
    return Response(HTTPStatus.OK, text.encode(), f"{media_type}; charset=utf-8", _HEADERS)
