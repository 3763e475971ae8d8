"""Dify's stand-in with what goes wrong: answers that stall, are cut, or are none."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.local.fake_dify.events import Event
from packager.local.fake_dify.refusals import ApiRefusal
from packager.local.fake_dify.server import DifyHandler, FakeDify


@dataclass(frozen=True, slots=True)
class InjectedFailure:
    """What goes wrong with one request. Times are in seconds.

    `status` answers with an error instead (`code`, `message`, `headers` go with it). In an answer
    `after` events (or bytes of a blocking one) are sent right; then the server stalls for `stall`,
    sends `garbage` as it is, and cuts the connection if `cut`. `pause` is waited before each event.
    `path` limits the failure to requests whose path ends so.
    """

    status: int = 0
    code: str = ""
    message: str = "Injected."
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: int = 0
    stall: float = 0.0
    garbage: bytes = b""
    cut: bool = False
    pause: float = 0.0
    path: str = ""


class _FailingHandler(DifyHandler):
    """One connection; `failure` is of the request at hand."""

    dify: FailingDify
    failure: InjectedFailure | None = None

    def answer(self, path: str, content: bytes) -> None:
        self.failure = self.dify.failure_for(path)
        super().answer(path, content)

    def route(
        self, app_id: str, path: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | Iterator[Event]]:
        if self.failure and self.failure.status:
            raise ApiRefusal(self.failure.status, self.failure.code, self.failure.message)
        return super().route(app_id, path, body)

    def send_refusal(self, refused: ApiRefusal) -> None:
        if self.failure is None:
            super().send_refusal(refused)
            return
        content, kind = json.dumps(refused.document).encode() + b"\n", "application/json"
        if self.failure.body is not None:
            content, kind = self.failure.body, "text/html"
        self.send_head(refused.status, kind, len(content), self.failure.headers)
        self.wfile.write(content)

    def send_json(self, status: int, answer: dict[str, Any]) -> None:
        failure = self.failure
        if failure is None:
            super().send_json(status, answer)
            return
        content = json.dumps(answer).encode()
        self.dify.wait(failure.pause)
        after = failure.after
        if failure.garbage:
            content = content[:after] + failure.garbage
        elif not (failure.cut or failure.stall):
            after = len(content)
        self.send_head(status, "application/json", len(content) + bool(failure.cut))
        self.wfile.write(content[:after])
        self.dify.wait(failure.stall)
        if failure.cut:
            self.close_connection = True
        else:
            self.wfile.write(content[after:])

    def send_events(self, events: Iterator[Event]) -> None:
        with contextlib.suppress(_Cut):
            super().send_events(events if self.failure is None else self._failing(events))

    def _failing(self, events: Iterator[Event]) -> Iterator[Event]:
        failure = self.failure
        assert failure is not None
        for number, event in enumerate(events):
            if number == failure.after and (failure.stall or failure.garbage or failure.cut):
                self.dify.wait(failure.stall)
                if failure.garbage:
                    self.send_chunk(failure.garbage)
                if failure.cut:
                    self.close_connection = True
                    raise _Cut
            if failure.pause:
                self.dify.wait(failure.pause)
            yield event


class _Cut(Exception):
    """The connection ends here."""


class FailingDify(FakeDify):
    """The stand-in; each of its `failures` is for one request."""

    handler = _FailingHandler

    def __init__(self, modes: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(modes, **options)
        self.failures: list[InjectedFailure] = []
        self._stopping = threading.Event()

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        super().__exit__(*exception)

    def failure_for(self, path: str) -> InjectedFailure | None:
        """Take the next failure that is for a request of `path`."""
        for failure in self.failures:
            if path.endswith(failure.path):
                self.failures.remove(failure)
                return failure
        return None

    def wait(self, seconds: float) -> None:
        """Wait, or until the server stops."""
        self._stopping.wait(seconds)
