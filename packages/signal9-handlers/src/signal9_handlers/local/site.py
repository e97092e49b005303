"""The local server's pages: companies at `/`, the API's documentation at `/docs`."""

from html import escape
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
_DOCS: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policies; Swagger UI styles its elements inline."""

_SCRIPTS: Final = ("api", "chart", "docs", "format", "page", "search")
_FILES: Final = {
    "/favicon.ico": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/icon.svg": (_HERE, "page/icon.svg", "image/svg+xml"),
    "/page.css": (_HERE, "page/page.css", "text/css"),
    **{f"/{name}.js": (_HERE, f"page/{name}.js", "text/javascript") for name in _SCRIPTS},
    "/docs/swagger-ui.css": (_SWAGGER, "swagger-ui.min.css", "text/css"),
    "/docs/swagger-ui.js": (_SWAGGER, "swagger-ui-bundle.min.js", "text/javascript"),
}
"""Package, file and media type by path."""


class Site:
    """Files and pages by path; the `notice` is shown with the data."""

    def __init__(self, notice: str | None) -> None:
        self._notice = notice or ""
        self._pages = {"/": self._page, "/docs": self._docs, "/openapi.json": self._openapi}

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
        page = (files(_HERE) / "page/index.html").read_text("utf-8")
        return _response(page.replace("{notice}", escape(self._notice)), "text/html", _PAGE)

    def _docs(self) -> Response:
        page = (files(_HERE) / "page/docs.html").read_text("utf-8")
        return _response(page, "text/html", _DOCS)

    def _openapi(self) -> Response:
        from ..openapi import document

        return _response(document(), "application/json")


def _response(text: str, media_type: str, policy: str = "default-src 'none'") -> Response:
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(HTTPStatus.OK, text.encode(), f"{media_type}; charset=utf-8", headers)
