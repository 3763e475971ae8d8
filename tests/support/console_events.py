"""The events that a page of the console listens to."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.console_server import ConsoleServer


@contextmanager
def events(console: ConsoleServer, path: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The data of a page's events, as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=10)
    connection.request("GET", "/_console" + path, headers={"Host": f"localhost:{console.port}"})
    answer = connection.getresponse()
    assert answer.getheader("content-type", "").startswith("text/event-stream")

    def read() -> Iterator[dict[str, Any]]:
        while line := answer.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    try:
        yield read()
    finally:
        connection.close()
