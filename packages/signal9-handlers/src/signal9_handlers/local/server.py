"""The local server: an ASGI application for the site and the API's handlers."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

from signal9_core.errors import SettingsError

from ..api.http import Request, Response, add_standard_headers
from ..api.problems import problem, problem_of
from .gateway import Event, Gateway, proxy_event
from .site import Site

__all__ = ["HOST", "LARGEST_BODY", "LARGEST_HEAD", "LocalServer", "listen"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOST: Final = "127.0.0.1"
"""The server is reachable from this machine only."""

LARGEST_HEAD: Final = 1 << 20
"""The most bytes of headers that uvicorn reads, so that long queries get a problem document."""

LARGEST_BODY: Final = 1 << 20
"""The most bytes of a body that are read; a longer body is refused."""

_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def listen(port: int) -> socket.socket:
    """Return a socket on a port, 0 for any free one; `SettingsError` if it cannot be used."""
    # With the protocol spelled out, asyncio sends small answers at once (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno or 0).lower()
        message = f"port {port} cannot be used ({reason}); choose another one with --port"
        raise SettingsError(message) from error
    return listener


class LocalServer:
    """Answers with the site's pages, or with the handlers that run on AWS."""

    def __init__(self, site: Site, gateway: Gateway | None = None) -> None:
        self._site = site
        self._gateway = gateway or Gateway()
        # One thread, since a Lambda function also handles one request at a time.
        self._worker = ThreadPoolExecutor(1, "handler")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"].decode("latin-1")
        body = await _body(receive)
        event = proxy_event(scope["method"], scope["path"], query, headers, body, identity=None)
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._worker, self._respond, event)
        await _send(send, response, head=scope["method"] == "HEAD")

    def _respond(self, event: Event) -> Response:
        request = Request(event)
        try:
            response = self._answer(request, event)
        except Exception as error:  # noqa: BLE001  the server goes on after a failed request
            response = problem_of(error)
        return add_standard_headers(response, request)

    def _answer(self, request: Request, event: Event) -> Response:
        if not _is_local(request.header("host")):
            detail = f"This server answers only as {HOST} or localhost."
            return problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
        if len(request.body) > LARGEST_BODY:
            detail = f"The body must have at most {LARGEST_BODY} bytes."
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        return self._site(request) if request.path in self._site else self._gateway(event)


def _is_local(host: str) -> bool:
    """Return whether the header Host names this machine.

    A foreign page may have its own name resolve to this machine (DNS rebinding), but its requests
    carry that name.
    """
    name, _, port = host.lower().rpartition(":")
    return (name if port.isdigit() else host.lower()).removesuffix(".") in _LOCAL_NAMES


async def _body(receive: Receive) -> bytes:
    """Return the body, or only its beginning if it exceeds the limit."""
    body, more = bytearray(), True
    while more and len(body) <= LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _send(send: Send, response: Response, *, head: bool) -> None:
    headers = dict(response.header_fields)
    # Without their body, HEAD and 304 do not know its length.
    if response.status != HTTPStatus.NOT_MODIFIED and response.body:
        headers["Content-Length"] = str(len(response.body))
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    status = int(response.status)
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
