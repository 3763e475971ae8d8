"""The half of a debugger that its user has: the Debug Adapter Protocol, as far as a test needs."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 60.0


class DebugClient:
    """A debugger that comes to `port`; a context manager."""

    def __init__(self, port: int) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.05)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._seen: list[dict[str, Any]] = []

    def __enter__(self) -> DebugClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()
        self._socket.close()

    def attach(self, file: Path, line: int) -> None:
        """Attach, with a breakpoint in a file as its user has it."""
        self.ask("initialize", {"adapterID": "test", "pathFormat": "path"})
        attached = self._send("attach", {"justMyCode": False})
        self.event("initialized")
        self.ask("setBreakpoints", {"source": {"path": str(file)}, "breakpoints": [{"line": line}]})
        self.ask("configurationDone", {})
        self._wait(lambda each: each.get("request_seq") == attached)

    def ask(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Send a request; return the body of its answer."""
        number = self._send(command, arguments)
        answer = self._wait(lambda each: each.get("request_seq") == number)
        assert answer["success"], answer
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event; return its body."""
        body: dict[str, Any] = self._wait(lambda each: each.get("event") == name).get("body") or {}
        return body

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        number = next(self._numbers)
        request = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        content = json.dumps(request).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        return number

    def _wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            for message in self._seen:
                if wanted(message):
                    self._seen.remove(message)
                    return message
            length = 0
            while (line := self._stream.readline().strip()) != b"":
                length = int(line.rpartition(b" ")[2])
            assert length, "the other half hung up"
            self._seen.append(json.loads(self._stream.read(length)))
