"""What the Dify stand-in asks of a request, and how it refuses one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiRefusal(Exception):
    """A request that Dify would not answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.document = {"code": code, "message": message, "status": status}


def user_of(body: Mapping[str, Any]) -> str:
    """Return who calls; raise `ApiRefusal` where that is not said."""
    user = body.get("user")
    if not user:
        raise ApiRefusal(400, "invalid_param", "Arg user must be provided.")
    return str(user)


def inputs_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of an app; raise `ApiRefusal` for none."""
    inputs = body.get("inputs")
    if not isinstance(inputs, dict):
        raise ApiRefusal(400, "invalid_param", "inputs is required")
    return inputs


def is_streaming(body: Mapping[str, Any]) -> bool:
    """Return whether the answer is to be streamed; raise `ApiRefusal` for an unknown mode."""
    mode = body.get("response_mode")
    if mode not in ("blocking", "streaming", None):
        raise ApiRefusal(400, "invalid_param", f"{mode} is not a valid choice")
    return mode == "streaming"
