"""Tools that are Lambda functions.

Source: "Invoke" of the Lambda API. A function gets `{"provider", "tool", "parameters"}`; what it
returns is a text, any JSON, or a list of messages with `type` and `message`.
"""

from __future__ import annotations

from endpoint_runtime.aws.sigv4 import quote
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.signed import aws_server
from endpoint_runtime.calls.tools.messages import messages_of
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session


class Function:
    """One function, by its name or ARN; threads share it."""

    def __init__(self, function: str, provider: str) -> None:
        region = function.split(":")[3] if function.startswith("arn:") else None
        self._path = f"/2015-03-31/functions/{quote(function)}/invocations"
        self._server = aws_server("lambda", "lambda", region)
        self._provider = provider

    def call(
        self, session: Session, tool: str, parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the messages that a function's result stands for; raises CallError."""
        event = {"provider": self._provider, "tool": tool, "parameters": parameters}
        with self._server.send(session, self._path, event) as exchange:
            content = exchange.read()
            failed = exchange.headers.get("x-amz-function-error")
        try:
            found: Any = decode_json(content) if content else None
        except (ValueError, RecursionError):
            raise CallError("the function's result is not valid JSON") from None
        if failed:
            said = found if isinstance(found, dict) else {}
            message = str(said.get("errorMessage") or "the function failed")
            raise CallError(message, code=str(said.get("errorType") or failed))
        yield from messages_of(found)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()
