"""Trigger providers dispatch webhooks in the real SDK as they do in their bundles."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.host.interpreter import Interpreter
from packager.local.request_event import make_event
from tests.support.examples import ROOT, Build

PLUGIN = ROOT / "plugins/github_trigger"
DISPATCH = ROOT / "tests/support/real_sdk/dispatch.py"
SECRET = "a secret of the webhook"
WHERE = {"full_name": "nyan/cats"}
ISSUE = {
    "number": 7,
    "title": "にゃん",
    "body": None,
    "user": {"login": "ann"},
    "html_url": "https://github.com/nyan/cats/issues/7",
    "labels": [{"name": "bug"}],
}
PULL = {**ISSUE, "draft": True, "merged": False, "head": {"ref": "better"}}
PUSH = {
    "ref": "refs/heads/main",
    "pusher": {"name": "ann"},
    "compare": "https://github.com/nyan/cats/compare/a...b",
    "commits": [{"message": "one"}, {"message": "two"}],
    "repository": WHERE,
    "sender": {"login": "ann"},
}
OPENED = {"action": "opened", "issue": ISSUE, "repository": WHERE, "sender": {"login": "ann"}}
PULLED = {"action": "opened", "pull_request": PULL, "repository": WHERE}


def webhook(
    kind: str, document: object, *, secret: str = SECRET, **parameters: Mapping[str, Any]
) -> dict[str, Any]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = (
        ("Host", "hooks.example.com"),
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", kind),
        ("X-Hub-Signature-256", f"sha256={signature}"),
        ("Content-Length", str(len(body))),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return {
        "raw": (f"POST /e/abc HTTP/1.1\r\n{head}\r\n".encode() + body).hex(),
        "event": make_event("POST", "/e/abc", headers, body),
        "parameters": parameters,
    }


WEBHOOKS = [
    webhook("issues", OPENED),
    webhook("issues", OPENED, issue_opened={"labels": "bug, other"}),
    webhook("issues", OPENED, issue_opened={"labels": "other"}),
    webhook("issues", {**OPENED, "action": "closed"}),
    webhook("issues", {**OPENED, "issue": {}}),  # the event fails
    webhook("issues", OPENED, secret="another"),
    webhook("issues", b"no JSON"),
    webhook("pull_request", PULLED),
    webhook("pull_request", PULLED, pull_request={"drafts": True}),
    webhook("pull_request", PULLED, pull_request={"drafts": True, "actions": ["closed"]}),
    webhook("push", PUSH),
    webhook("push", PUSH, pushed={"branch": "release/*"}),
    webhook("push", {**PUSH, "deleted": True}),
    webhook("ping", {"zen": "It's not fully shipped until it's fast."}),
]


def test_a_provider_dispatches_in_the_sdk_as_its_bundle_does(
    build: Build, sdk: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    bundle = build(PLUGIN, interpreter.python) / "GithubTriggerFunction"

    theirs = answers(interpreter, PLUGIN, f"{sdk}", tmp_path)
    ours = answers(interpreter, bundle / "plugin", f"{bundle}", tmp_path)

    assert ours == theirs
    assert [each.get("events", each.get("raised")) for each in theirs] == [
        *[["issue_opened"]] * 3,
        [],
        ["issue_opened"],
        "TriggerValidationError",
        "TriggerDispatchError",
        *[["pull_request"]] * 3,
        *[["pushed"]] * 2,
        *[[]] * 2,
    ]
    assert theirs[0]["issue_opened"]["title"] == "にゃん"
    assert [theirs[at]["issue_opened"] for at in (2, 4)] == [None, {"raised": "KeyError"}]


def answers(interpreter: Interpreter, plugin: Path, path: str, work: Path) -> list[dict[str, Any]]:
    """Return what comes of the webhooks, with the packages of `path`."""
    asked = {
        "provider": "github_trigger",
        "source": "provider/github.py",
        "events": {
            name: f"events/{name}.py" for name in ("issue_opened", "pull_request", "pushed")
        },
        "subscription": {
            "expires_at": -1,
            "endpoint": "https://hooks.example.com/e/abc",
            "parameters": {"repository": "nyan/cats"},
            "properties": {"webhook_secret": SECRET},
        },
        "credentials": {"access_token": "t"},
        "webhooks": WEBHOOKS,
    }
    (work / "webhooks.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [interpreter.path, "-S", "-B", DISPATCH, work / "webhooks.json", work / "answers.json"],
        cwd=plugin,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads((work / "answers.json").read_text())
    return found
