"""Lambda's context, whose time runs out."""

from __future__ import annotations

import time


class Context:
    """Lambda's context with so many seconds left."""

    aws_request_id = "id"

    def __init__(self, seconds: float) -> None:
        self.deadline = time.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))
