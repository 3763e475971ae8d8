"""Deferred routes of managed endpoints: each is verified, and worked off, with its own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.deferred import messages
from endpoint_runtime.deferred.attach import attach
from packager.bundle.deferred_literal import deferred_literal
from packager.contract import DEAD_QUEUE_VARIABLE, QUEUE_VARIABLE
from packager.model.deferred import DeferredRoute, RequestValue
from packager.model.options import Options
from tests.support.applications import MakeApplication
from tests.support.aws.deferred_queues import Context
from tests.support.builders import endpoint, http_2
from tests.support.managed_endpoints import MANAGED, FileEndpoints

FILES = {
    "hook.py": endpoint(
        "import seen\nseen.all.append((settings['key'], r.headers['Dify-Hook-Id']))\n"
        "return Response()"
    ),
    "checks.py": "def check(r, settings):\n    return r.headers.get('X-Key') == settings['key']\n",
    "seen.py": "all = []\n",
}


def test_each_endpoint_defers_with_its_own_settings(
    make_application: MakeApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "secrets", {})
    endpoints = FileEndpoints(tmp_path / "endpoints.sqlite", "test/test")
    for name, value in endpoints.environment.items():
        monkeypatch.setenv(name, value)
    route = DeferredRoute(path="/hook", verify="checks:check", dedupe=RequestValue(pointer="/id"))
    literal = deferred_literal(Options(deferred=(route,)))
    assert literal is not None
    given: dict[str, Any] = {
        "ROUTES": [("/hook", "POST", "hook.py")],
        "SETTINGS": ({"name": "key", "type": "secret-input", "required": True},),
        "ENDPOINTS": MANAGED,
        "DEFERRED": literal,
    }
    monkeypatch.setenv(QUEUE_VARIABLE, "http://127.0.0.1:9/queue")
    front = make_application(FILES, **given)
    attach(front, literal)
    monkeypatch.setenv(DEAD_QUEUE_VARIABLE, "http://127.0.0.1:9/dead")
    worker = make_application(FILES, **given)
    attach(worker, literal)

    sent: list[str] = []

    def call(service: str, operation: str, payload: dict[str, Any], end: Any) -> dict[str, Any]:
        if operation == "SendMessage":
            sent.append(payload["MessageBody"])
        return {}

    monkeypatch.setattr(messages, "call", call)
    monkeypatch.setattr("endpoint_runtime.deferred.claims.call", call)
    ids = [endpoints.put(name, {"key": f"{name}-secret"}) for name in ("acme", "umbrella")]
    for hook_id in ids:
        event = http_2(
            method="POST",
            path=f"/e/{hook_id}/hook",
            headers={"x-key": "acme-secret", "content-type": "application/json"},
            body='{"id": 1}',
        )
        reply = answer_event(front, event, None)
        assert reply["statusCode"] == (200 if hook_id == ids[0] else 403)
    [body] = sent
    record = {
        "messageId": "1",
        "receiptHandle": "h",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:a",
        "attributes": {"ApproximateReceiveCount": "1"},
        "body": body,
    }
    assert answer_event(worker, {"Records": [record]}, Context()) == {"batchItemFailures": []}
    import seen  # type: ignore[import-not-found, unused-ignore]

    assert seen.all == [("acme-secret", ids[0])]
