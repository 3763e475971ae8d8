"""Calls the queue of this machine, which `packager serve` has, as AWS's services are called."""

from __future__ import annotations

from time import time

from endpoint_runtime.aws.endpoints import Request, split_url
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.aws.transport import exchange
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TIME = 10.0  # s


def call_local(
    url: str, operation: str, payload: dict[str, Any], deadline: float | None
) -> dict[str, Any]:
    """Call an operation at `url` and return its output. Raises AwsError."""
    origin, path = split_url(url)
    headers = {"Content-Type": "application/json", "X-Operation": operation}
    request = Request(origin, "POST", path or "/", headers, encode_json(payload))
    limit = time() + _TIME
    answer = exchange(request, headers, limit if deadline is None else deadline, proxies=False)
    output: Any = decode_json(answer.body) if answer.body else {}
    if answer.status != 200:
        code = output.get("code") if isinstance(output, dict) else None
        raise AwsError(
            str(code or "LocalQueue"), "the queue of this machine refused", answer.status
        )
    found: dict[str, Any] = output
    return found
