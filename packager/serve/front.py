"""The door that clients come by: HTTP requests into exchanges, answers back as they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from packager.local.request_event import Front, Header
from packager.serve.answers import Head, from_client, own_answer
from packager.serve.bench import Bench
from packager.serve.exchange import Exchange
from packager.serve.pipe import Cut
from packager.serve.request_log import Outgoing

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 10 * 1024 * 1024  # bytes ("Quotas for ... REST APIs", "... HTTP APIs")


class Door:
    """An ASGI application: the functions of a bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})  # no API here has them
            return
        target = scope["raw_path"].decode("latin-1") or "/"
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        addressed = self._bench.resolve(target)
        if addressed is None:
            await _answer(send, *own_answer(404, self._where()))
            return
        if addressed.function.build is None:
            message = f"{addressed.function.id} is not built: see the terminal"
            await _answer(send, *own_answer(503, message))
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, *own_answer(413, "Request Entity Too Large"))
            return
        headers = from_client((_text(name), _text(value)) for name, value in scope["headers"])
        client = scope["client"][0] if scope.get("client") else "127.0.0.1"
        front = Front(scope["scheme"], scope["server"][1], client)
        exchange = self._bench.open(
            addressed, Outgoing(scope["method"], target, headers, body), front
        )
        await self._hand_on(exchange, receive, send)

    def _where(self) -> str:
        bases = ", ".join(self._bench.public_base(each) for each in self._bench.functions)
        return f"nothing is served here; what is: {bases}"

    async def _hand_on(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        """Send the answer as it comes. A client that leaves does not stop the function."""
        gone = asyncio.ensure_future(_until_gone(receive))
        first: tuple[asyncio.Future[Any], ...] = (exchange.head, gone)
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if not exchange.head.done():
                exchange.body.leave()
                return
            await send(_start(exchange.head.result()))
            with suppress(OSError):
                async for piece in exchange.body.read():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except Cut:
            pass  # an answer that is not ended tells the server to hang up
        finally:
            exchange.body.leave()
            gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes | None:
    """Return a request's body; None for one that no gateway takes."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(pieces)
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_BODY:
            return None
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Send, head: Head, body: bytes) -> None:
    await send(_start(head))
    await send({"type": "http.response.body", "body": body})


def _start(head: Head) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": head.status,
        "headers": [_encoded(header) for header in head.headers],
    }


def _encoded(header: Header) -> tuple[bytes, bytes]:
    return header[0].encode("latin-1"), header[1].encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
