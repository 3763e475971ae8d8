"""SAM CLI's local gateway without its server. Importing it takes a second: only its tests do."""

from __future__ import annotations

from typing import Any

import flask
from samcli.local.apigw.event_constructor import (  # type: ignore[import-untyped]
    construct_v1_event,
    construct_v2_event_http,
)
from samcli.local.apigw.local_apigw_service import (  # type: ignore[import-untyped]
    LocalApigwService,
)
from samcli.local.apigw.route import Route  # type: ignore[import-untyped]

BINARY_TYPES = ["*/*"]


def event_of(request: flask.Request, payload: str, port: int) -> Any:
    """Return the event that it makes of a request; `payload` is as `reply_of` takes it."""
    if payload == "2.0":
        return construct_v2_event_http(request, port, BINARY_TYPES, "$default", {}, "$default")
    return construct_v1_event(request, port, BINARY_TYPES, "prod", {}, None, _kind(payload))


def reply_of(answer: str, request: flask.Request, payload: str) -> Any:
    """Return status, headers and body that it sends for a function's answer."""
    service = LocalApigwService
    if payload == "2.0":
        return service._parse_v2_payload_format_lambda_output(answer, BINARY_TYPES, request)
    kind = _kind(payload)
    return service._parse_v1_payload_format_lambda_output(answer, BINARY_TYPES, request, kind)


def _kind(payload: str) -> str:
    kind: str = Route.API if "REST" in payload else Route.HTTP
    return kind
