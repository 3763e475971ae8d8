"""The bell of `trigger_plugin` as the runtime sees it: literals, a subscription, its webhooks."""

from __future__ import annotations

import hmac
import json
from typing import Any

from tests.support.builders import http_2
from tests.support.managed_endpoints import MANAGED
from tests.support.trigger_plugin import SOUND

SECRET = "whsec_0123456789"
WORKFLOWS = [
    {
        "event": "rung",
        "app": "workflow-1",
        "parameters": {"least": 2},
        "inputs": {"which": "door", "n": "times", "none": "door.colour"},
    },
    {"event": "opened", "app": "workflow-2", "parameters": {}, "inputs": {}},
]
SUBSCRIPTION: dict[str, Any] = {
    "properties": {"place": "hall"},
    "secret_properties": {"secret": SECRET},
    "credentials": {"token": "tok_0123456789"},
    "credential_type": "api-key",
    "parameters": {"door": "front"},
    "workflows": WORKFLOWS,
}
LITERALS: dict[str, Any] = {
    "ROUTES": (),
    "ENDPOINTS": {**MANAGED, "provider": "bell"},
    "TRIGGER": {
        "source": "provider/bell.py",
        "events": {"rung": "events/rung.py", "opened": "events/opened.py"},
    },
}
SOURCES = {name: text for name, text in SOUND.items() if text and name.endswith(".py")}


def webhook(
    hook_id: str, document: Any, *, secret: str = SECRET, below: str = "", **more: Any
) -> dict[str, Any]:
    """The event of a webhook of the bell, signed with `secret`."""
    body = json.dumps(document)
    signature = hmac.new(secret.encode(), body.encode(), "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-signature": signature}
    path = f"/e/{hook_id}{below}"
    return http_2(method="POST", path=path, headers=headers, body=body, **more)


def ring(**more: Any) -> dict[str, Any]:
    """A webhook's document."""
    return {"kind": "rung", "door": "front", "times": 3, "id": "d1", **more}
