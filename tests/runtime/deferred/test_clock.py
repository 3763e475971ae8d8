"""A late retry passes checks of a request's age in the modules that are named, and in no other."""

from __future__ import annotations

import hashlib
import hmac
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.deferred.attach import attach
from endpoint_runtime.deferred.clock import ReceivedClock
from endpoint_runtime.deferred.messages import Message
from packager.bundle.deferred_literal import deferred_literal
from packager.contract import DEAD_QUEUE_VARIABLE
from packager.model.deferred import DeferredRoute, WorkerOptions
from packager.model.options import Options
from tests.support.applications import MakeApplication
from tests.support.aws.deferred_queues import Context
from tests.support.builders import endpoint, http_2

HOUR = 3600.0
SECRET = "signing-secret"
# How each sender's signature is checked, as its own documentation has it ("Verifying requests from
# Slack", "Verify webhook signatures manually" of Stripe, "Validating webhook deliveries" of
# GitHub, "Validating payloads" of WhatsApp): the first two sign a time.
CHECKS = """
import hashlib, hmac, time
from datetime import datetime, timezone

def _same(text, signature):
    return hmac.compare_digest(hmac.new(SECRET, text, hashlib.sha256).hexdigest(), signature)

SECRET = b"signing-secret"

def slack(request):
    stamp = request.headers["X-Slack-Request-Timestamp"]
    if abs(time.time() - int(stamp)) > 60 * 5:
        return False
    text = b"v0:" + stamp.encode() + b":" + request.get_data()
    return _same(text, request.headers["X-Slack-Signature"].removeprefix("v0="))

def stripe(request):
    parts = dict(each.split("=", 1) for each in request.headers["Stripe-Signature"].split(","))
    if int(parts["t"]) < datetime.now(timezone.utc).timestamp() - 300:
        return False
    return _same(parts["t"].encode() + b"." + request.get_data(), parts["v1"])

def body(request):
    return _same(request.get_data(), request.headers["X-Hub-Signature-256"].removeprefix("sha256="))
"""
HOOK = endpoint("""
import time, checks, other
other.seen.append(time.time())
return Response(status=200 if getattr(checks, r.path[1:])(r) else 403)
""")
FILES = {"hook.py": HOOK, "checks.py": CHECKS, "other.py": "seen = []\n"}
SENDERS = ("slack", "stripe", "body")


def signed(sender: str, at: float) -> dict[str, Any]:
    """A request as it was sent at a time."""
    data, stamp = '{"a": 1}', str(int(at))

    def digest(text: str) -> str:
        return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()

    headers = {
        "slack": {
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={digest(f'v0:{stamp}:{data}')}",
        },
        "stripe": {"stripe-signature": f"t={stamp},v1={digest(f'{stamp}.{data}')}"},
        "body": {"x-hub-signature-256": f"sha256={digest(data)}"},
    }[sender]
    return http_2(method="POST", path=f"/{sender}", headers=headers, body=data)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("sender", SENDERS)
def test_a_late_retry_of_each_sender(
    make_application: MakeApplication, monkeypatch: pytest.MonkeyPatch, sender: str, named: bool
) -> None:
    monkeypatch.setenv(DEAD_QUEUE_VARIABLE, "http://127.0.0.1:9/dead")
    letters: list[str] = []
    monkeypatch.setattr(
        "endpoint_runtime.deferred.worker.call",
        lambda service, operation, payload, end: letters.append(operation),
    )
    options = Options(
        deferred=tuple(DeferredRoute(path=f"/{each}") for each in SENDERS),
        worker=WorkerOptions(received_clock=("checks",) if named else ()),
    )
    literal = deferred_literal(options)
    assert literal is not None
    routes = [(f"/{each}", "POST", "hook.py") for each in SENDERS]
    worker = make_application(FILES, ROUTES=routes, DEFERRED=literal)
    attach(worker, literal)
    came = time.time() - HOUR
    record = {
        "messageId": "1",
        "receiptHandle": "h",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:a",
        "attributes": {"ApproximateReceiveCount": "6"},
        "body": Message(f"/{sender}", came, signed(sender, came - 2)).encoded(),
    }
    reply = answer_event(worker, {"Records": [record]}, Context())
    assert reply == {"batchItemFailures": []}
    expires = sender != "body"
    assert letters == ([] if named or not expires else ["SendMessage"])
    assert sys.modules["other"].seen[-1] > came + HOUR - 60  # whatever is not named knows the time


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "of_the_clock.py").write_text("""
import datetime
import time
import time as clock
from datetime import date, datetime as moment
from time import gmtime, time as now, time_ns
""")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda: sys.modules["of_the_clock"]
    sys.modules.pop("of_the_clock", None)


def test_whatever_the_time_is_called(module: Any) -> None:
    clock = ReceivedClock(["of_the_clock"])
    came = time.time() - 86400 * 3
    clock.set(came)
    own = module()
    stamps = [
        own.time.time(),
        own.clock.time(),
        own.now(),
        own.time_ns() / 1e9,
        own.moment.now().timestamp(),
        own.datetime.datetime.now(own.datetime.UTC).timestamp(),
        own.moment.utcnow().replace(tzinfo=own.datetime.UTC).timestamp(),
        own.moment.today().timestamp(),
    ]
    assert all(came - 1 < each < came + 60 for each in stamps), stamps
    assert own.date.today() == own.moment.fromtimestamp(came).date()
    assert own.gmtime()[:3] == time.gmtime(came)[:3]
    import datetime as real

    assert isinstance(real.datetime.now(), own.moment)
    assert own.moment.now() - real.datetime.now() < real.timedelta(days=-2)
    assert own.time.monotonic() > 0
    clock.set(None)
    assert own.now() > came + 86400
    assert time.time is not own.now
