"""The requests that every artefact must answer the same way, by function."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass

BYTES = bytes(range(256)) * 40  # no UTF-8, with NULs, and not the same backwards
SECRET = "a webhook's secret"
VARIABLES = {
    "GithubWebhookFunction": {"GITHUB_WEBHOOK_SECRET": SECRET},
    "NekoFunction": {"NEKO_API_KEY": "a cat's key"},
    "ProbeFunction": {"PROBE_TOKEN": "a probe's token"},
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request and the status that answers it."""

    status: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.target} {self.status}"


JSON = ("Content-Type", "application/json")
OCTETS = ("Content-Type", "application/octet-stream")
KEY = ("Authorization", "Bearer a cat's key")


def delivery(event: str, body: bytes, guid: str) -> Request:
    """One of GitHub's deliveries, signed with SECRET."""
    signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": signature,
    }
    return Request(200, "POST", "/webhook", (JSON, *headers.items()), body)


PUSH = json.dumps(
    {
        "ref": "refs/heads/main",
        "compare": "https://github.com/octocat/Hello-World/compare/1...2",
        "commits": [{"id": "95790bf8", "message": "世界 🐙", "author": {"name": "Zoë"}}],
        "repository": {"full_name": "octocat/Hello-World"},
        "pusher": {"name": "octocat"},
    },
    ensure_ascii=False,
).encode()

REQUESTS: dict[str, tuple[Request, ...]] = {
    "ProbeFunction": (
        Request(200, "GET", "/?a=1&a=2&b=%20x&c", (("Cookie", "one=1; two=2"),)),
        Request(200, "GET", "/seen/%C3%A9/a+b%20c/d.json"),
        Request(200, "HEAD", "/seen/x"),
        Request(201, "POST", "/bytes", (OCTETS,), BYTES),
        Request(308, "GET", "/slash?x=1"),
        Request(404, "GET", "/nowhere"),
        Request(405, "GET", "/bytes"),
        Request(405, "POST", "/", (OCTETS,), BYTES),
    ),
    "NekoFunction": (
        Request(200, "GET", "/duck/42"),
        Request(200, "HEAD", "/duck/42"),
        Request(200, "GET", "/neko", (("Cookie", "mood=<happy>"),)),
        Request(200, "GET", "/qr?text=nyan&format=png"),
        Request(200, "POST", "/echo", (JSON, KEY), '{"meow": "にゃ"}'.encode()),
        Request(400, "POST", "/echo", (OCTETS, KEY), BYTES),
        Request(401, "POST", "/echo", (JSON,), b"{}"),
        Request(204, "PUT", "/mood/happy"),
        Request(204, "OPTIONS", "/echo"),
        Request(404, "GET", "/"),
        Request(308, "GET", "/duck//42"),
        Request(405, "POST", "/neko"),
    ),
    "GithubWebhookFunction": (
        delivery("push", PUSH, "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        Request(401, "POST", "/webhook", (OCTETS,), BYTES),
        Request(403, "GET", "/events"),
        Request(405, "GET", "/webhook"),
    ),
}
