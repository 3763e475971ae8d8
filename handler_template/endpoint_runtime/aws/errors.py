"""What a call to AWS can fail with."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class AwsError(Exception):
    """A call to AWS that did not succeed.

    `code` is AWS's name of the error (`ParameterNotFound`), or one of our own where no answer came:
    `NoRegion`, `NoCredentials`, `ConnectionFailed`, `TimedOut`, `MalformedAnswer`. `status` is the
    HTTP status, 0 without an answer; `retryable` whether the same call may succeed later;
    `request_id` AWS's id of the request, or "". `details` is the error's document, which may quote
    what was sent: it is never part of the message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 0,
        *,
        retryable: bool = False,
        request_id: str = "",
        operation: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.retryable = retryable
        self.request_id = request_id
        self.operation = operation
        self.details = details or {}

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        request = f" (request id {self.request_id})" if self.request_id else ""
        return f"{where}{self.code}: {self.message}{request}"
