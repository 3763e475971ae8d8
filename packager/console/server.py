"""Runs a console until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

GRACE = 1  # seconds for answers under way: streams of events would never end by themselves


def run(app: ASGIApp, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serve `app` until Ctrl-C; `started` is called once it answers."""
    config = uvicorn.Config(
        app,
        access_log=False,  # addresses have tokens in them
        log_level="warning",
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, started)
    server.run([listening])


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._say_started()
