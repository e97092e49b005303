"""The server: HTTP on one side, handlers on the other."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

from signal9_core.errors import SettingsError

from .exchange import Reply, Request
from .gateway import Gateway, failure, refusal
from .hosts import host_of, is_here
from .site import Site

__all__ = ["HOST", "LARGEST_BODY", "LARGEST_HEAD", "LocalServer", "listen"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOST: Final = "127.0.0.1"
"""The server can be reached from this machine only."""

LARGEST_BODY: Final = 1 << 20
"""Bytes that a request's body may have; no request of the API needs more."""

LARGEST_HEAD: Final = 1 << 20
"""Bytes of headers that are read, so that who sends too many is told by a problem document."""


def listen(port: int) -> socket.socket:
    """Take a port, 0 for any free one; `SettingsError` where it is in use or not to be had."""
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
    """An ASGI application: the site, and the API by the handlers that AWS runs."""

    def __init__(self, site: Site, gateway: Gateway | None = None) -> None:
        self._site = site
        self._gateway = gateway or Gateway()
        # One thread, since a Lambda function too has one request at a time.
        self._worker = ThreadPoolExecutor(1, "handler")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = scope["method"] == "HEAD"
        if not is_here(host_of(scope["headers"])):
            detail = f"This server answers as {HOST} and localhost only."
            misdirected = refusal(
                HTTPStatus.MISDIRECTED_REQUEST, detail, Request(scope["method"], "")
            )
            await _send(send, misdirected, head=head)
            return
        body = await _body(receive)
        request = _request(scope, body or b"")
        if body is None:
            detail = f"A body may have {LARGEST_BODY} bytes at most."
            too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            reply = refusal(too_large, detail, request, Connection="close")
        else:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._worker, self._answer, request)
        await _send(send, reply, head=head)

    def _answer(self, request: Request) -> Reply:
        try:
            return self._site(request) if request.path in self._site else self._gateway(request)
        except Exception as error:  # noqa: BLE001  one page that fails must not end the server
            return failure(error, request)


def _request(scope: Message, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=[
            (name.decode("latin-1"), each.decode("latin-1")) for name, each in scope["headers"]
        ],
        body=body,
        client=scope["client"][0],
    )


async def _body(receive: Receive) -> bytes | None:
    """Return the body, or `None` where it is too large to go on reading."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


async def _send(send: Send, reply: Reply, *, head: bool) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
    # HEAD and 304 leave the length of what they stand for untold.
    if reply.status != HTTPStatus.NOT_MODIFIED and (reply.body or not head):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": int(reply.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})
