"""The stand-in of Dify's Service API, which notes when it makes its events."""

from __future__ import annotations

import time
from typing import Any

from tests.support.failing_dify import FailingDify


class TimedDify(FailingDify):
    """`moments` are those, on the monotonic clock, at which a wait before an event began."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.moments: list[float] = []

    def wait(self, seconds: float) -> None:
        if seconds:
            self.moments.append(time.monotonic())
        super().wait(seconds)
