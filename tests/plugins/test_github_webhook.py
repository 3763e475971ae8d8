"""plugins/github_webhook, built and driven in a process of its own, with GitHub's deliveries.

The payloads have the shapes that GitHub documents (Webhook events and payloads), without the fields
that nothing here reads.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from packager.bundle.build import BuildOptions, build_bundle
from packager.errors import Diagnostics
from packager.host.interpreter import need_interpreter
from packager.plugin.functions import plan_functions
from packager.plugin.load import load_plugin

PLUGIN = Path(__file__).parents[2] / "plugins/github_webhook"
DRIVER = Path(__file__).with_name("drive.py")
SECRET = "It's a Secret to Everybody"
JSON = "application/json"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

SENDER = {"login": "Codertocat", "id": 21031067, "type": "User"}
REPOSITORY = {
    "id": 186853002,
    "name": "Hello-World",
    "full_name": "Codertocat/Hello-World",
    "private": False,
    "owner": {"name": "Codertocat", "login": "Codertocat"},
    "html_url": "https://github.com/Codertocat/Hello-World",
    "default_branch": "main",
}
PING = {
    "zen": "Anything added dilutes everything else.",
    "hook_id": 109948940,
    "hook": {"type": "Repository", "id": 109948940, "name": "web", "events": ["*"]},
    "repository": REPOSITORY,
    "sender": SENDER,
}
PUSH = {
    "ref": "refs/heads/main",
    "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "after": "95790bf891e76fee5e1747ab589903a6a1f80f22",
    "created": False,
    "deleted": False,
    "forced": False,
    "base_ref": None,
    "compare": "https://github.com/Codertocat/Hello-World/compare/6113728f27ae...95790bf891e7",
    "commits": [
        {
            "id": "95790bf891e76fee5e1747ab589903a6a1f80f22",
            "message": "Grüße, 世界 🐙\n\nThe body of the message",
            "timestamp": "2019-05-15T15:20:41Z",
            "author": {"name": "Zoë", "email": "zoe@example.com", "username": "zoe"},
            "added": ["a.txt"],
            "removed": [],
            "modified": [],
        },
        {
            "id": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
            "message": "Second",
            "author": {"name": "Codertocat", "email": "c@example.com"},
        },
    ],
    "head_commit": {"id": "95790bf891e76fee5e1747ab589903a6a1f80f22"},
    "repository": REPOSITORY,
    "pusher": {"name": "Codertocat", "email": "c@example.com"},
    "sender": SENDER,
}
ISSUE = {
    "action": "opened",
    "issue": {
        "number": 1,
        "title": "Spelling error in the <README> & more",
        "html_url": "https://github.com/Codertocat/Hello-World/issues/1",
        "user": SENDER,
        "state": "open",
        "body": None,
    },
    "repository": REPOSITORY,
    "sender": SENDER,
}
PULL = {
    "action": "closed",
    "number": 2,
    "pull_request": {
        "number": 2,
        "title": "Update the README",
        "html_url": "https://github.com/Codertocat/Hello-World/pull/2",
        "state": "closed",
        "body": "This is a pretty simple change.",
        "merged": True,
    },
    "repository": REPOSITORY,
    "sender": SENDER,
}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Request:
    method: str = "GET"
    path: str = "/"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def delivery(
    event: str | None,
    payload: object,
    *,
    guid: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    secret: str = SECRET,
    signature: str | None = None,
    content_type: str = JSON,
) -> Request:
    """One of GitHub's requests; `payload` as bytes is the body as it is."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if signature is None:
        signature = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = [
        ("Content-Type", content_type),
        ("User-Agent", "GitHub-Hookshot/044aadd"),
        ("X-GitHub-Delivery", guid),
        ("X-GitHub-Event", event or ""),
        ("X-GitHub-Hook-ID", "292430182"),
        ("X-Hub-Signature-256", signature),
    ]
    named = [(name, value) for name, value in headers if value]
    return Request("POST", "/webhook", named, body)


Ask = Callable[..., list[Reply]]


@dataclass(frozen=True)
class Built:
    """The plugin, built for the Python of the tests."""

    python: Path
    bundle: Path
    folder: Path


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """A function that builds the plugin with more settings."""

    def build(settings: str) -> Built:
        folder = tmp_path_factory.mktemp("github-webhook")
        source = folder / "github_webhook"
        shutil.copytree(PLUGIN, source)
        with (source / "packager.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        diagnostics = Diagnostics()
        plugin = load_plugin(source, diagnostics, overrides={"runtime": f"python{PYTHON}"})
        assert (plugin is not None, diagnostics.errors) == (True, [])
        assert plugin is not None
        (plan,) = plan_functions([plugin], diagnostics, host=True)
        bundle = build_bundle(plan, folder / "out", BuildOptions(make_zip=False))
        python = need_interpreter(PYTHON, why="to run the bundle").path
        return Built(python, bundle.folder, folder)

    return build


@pytest.fixture(scope="module")
def built(build: Callable[[str], Built]) -> Built:
    return build("")


@pytest.fixture(scope="module")
def ask(built: Built) -> Ask:
    return asker(built)


@pytest.fixture(scope="module")
def ask_open(build: Callable[[str], Built]) -> Ask:
    """The plugin with everything shown, and the pushes of two branches."""
    settings = """
        title = "<Team> & co"
        branches = "main, release/*"
        detail = "full"
        show_events = true
        app = { app_id = "5f6b7a8c" }
    """
    return asker(build(textwrap.dedent(settings)))


def asker(built: Built) -> Ask:
    """What sends requests to the bundle, in a process of their own."""
    folder = built.folder

    def ask(*requests: Request, secret: str = SECRET) -> list[Reply]:
        sent = [{**vars(each), "body": base64.b64encode(each.body).decode()} for each in requests]
        (folder / "requests.json").write_text(json.dumps(sent), encoding="utf-8")
        subprocess.run(
            [
                *(built.python, "-I", DRIVER, built.bundle),
                *(folder / "requests.json", folder / "replies.json"),
            ],
            env={"PATH": os.environ["PATH"], "GITHUB_WEBHOOK_SECRET": secret},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        replies = json.loads((folder / "replies.json").read_text(encoding="utf-8"))
        return [
            Reply(each["status"], dict(each["headers"]), base64.b64decode(each["body"]))
            for each in replies
        ]

    return ask


def accepted(guid: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958", **notification: str) -> object:
    common = {"action": "", "repository": "Codertocat/Hello-World", "sender": "Codertocat"}
    return {"outcome": "accepted", "delivery": guid, "notification": {**common, **notification}}


def refused(error: str) -> object:
    return {"outcome": "refused", "error": error}


PUSH_TITLE = "Codertocat pushed 2 commits to main"
ISSUE_TITLE = "Codertocat opened issue #1: Spelling error in the <README> & more"
TAG_DELETED = {**PUSH, "ref": "refs/tags/v1", "deleted": True, "commits": [], "head_commit": None}
BRANCH_CREATED = {**PUSH, "ref": "refs/heads/topic/a", "created": True, "commits": []}
FORCED = {**PUSH, "forced": True, "commits": PUSH["commits"][:1]}  # type: ignore[index]
COMPARE = str(PUSH["compare"])


@pytest.mark.parametrize(
    ("event", "payload", "notification"),
    [
        (
            "ping",
            PING,
            {"title": "Codertocat/Hello-World sends its webhooks here", "url": ""},
        ),
        ("push", PUSH, {"title": PUSH_TITLE, "url": COMPARE}),
        ("push", TAG_DELETED, {"title": "Codertocat deleted tag v1", "url": COMPARE}),
        ("push", BRANCH_CREATED, {"title": "Codertocat created branch topic/a", "url": COMPARE}),
        ("push", FORCED, {"title": "Codertocat force-pushed 1 commit to main", "url": COMPARE}),
        (
            "issues",
            ISSUE,
            {
                "action": "opened",
                "title": ISSUE_TITLE,
                "url": "https://github.com/Codertocat/Hello-World/issues/1",
            },
        ),
        (
            "pull_request",
            PULL,
            {
                "action": "closed",
                "title": "Codertocat merged pull request #2: Update the README",
                "url": "https://github.com/Codertocat/Hello-World/pull/2",
            },
        ),
    ],
)
def test_a_delivery_becomes_a_notification(
    ask: Ask, event: str, payload: object, notification: Mapping[str, str]
) -> None:
    (reply,) = ask(delivery(event, payload))

    assert (reply.status, reply.headers["Content-Type"], reply.content) == (
        200,
        JSON,
        accepted(event=event, **notification),
    )


def test_a_full_notification_has_the_commits_and_survives_an_app_that_fails(ask_open: Ask) -> None:
    (reply,) = ask_open(delivery("push", PUSH))

    text = "95790bf Grüße, 世界 🐙 (Zoë)\n6113728 Second (Codertocat)"
    assert (reply.status, reply.content) == (
        200,
        accepted(event="push", title=PUSH_TITLE, url=COMPARE, text=text),
    )


def test_a_form_encoded_delivery_is_read_and_its_raw_body_is_what_is_signed(ask: Ask) -> None:
    body = urlencode({"payload": json.dumps(PUSH)}).encode()
    form = "application/x-www-form-urlencoded"

    (reply,) = ask(delivery("push", body, content_type=form))

    assert (reply.status, reply.content) == (
        200,
        accepted(event="push", title=PUSH_TITLE, url=COMPARE),
    )


def test_githubs_documented_signature_is_right_over_bytes_that_are_no_json(ask: Ask) -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    (reply,) = ask(delivery("push", b"Hello, World!", signature=signature))

    assert (reply.status, reply.content) == (400, refused("the payload must be JSON"))


@pytest.mark.parametrize(
    "request_",
    [
        delivery("push", PUSH, secret="another"),
        delivery("push", PUSH, signature=""),
        delivery("push", PUSH, signature="sha256="),
        delivery("push", PUSH, signature="sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"),
        delivery("push", PUSH, signature="sha256=" + "é" * 64),
        delivery("push", bytes(range(256)) * 50, secret="another"),
        delivery("push", b"", signature="sha256=" + "0" * 64),
    ],
    ids=["other secret", "none", "empty", "sha1", "no ASCII", "binary", "empty body"],
)
def test_a_wrong_or_missing_signature_is_refused(ask: Ask, request_: Request) -> None:
    (reply,) = ask(request_)

    assert (reply.status, reply.content) == (
        401,
        refused("wrong or missing X-Hub-Signature-256"),
    )


def test_a_changed_body_is_refused(ask: Ask) -> None:
    sent = delivery("push", PUSH)

    (reply,) = ask(Request(sent.method, sent.path, sent.headers, sent.body + b" "))

    assert reply.status == 401


def test_an_empty_secret_lets_nobody_in(ask: Ask) -> None:
    (reply,) = ask(delivery("push", PUSH, secret=""), secret="")

    assert (reply.status, reply.content) == (
        503,
        refused("the setting webhook_secret is empty"),
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (bytes(range(256)) * 50, "the payload must be JSON"),
        (b"", "the payload must be JSON"),
        (b'{"a": "\xff"}', "the payload must be JSON"),
        (b"[" * 100_000, "the payload must be JSON"),
        (b"[1]", "the payload must be a JSON object"),
        (b'"text"', "the payload must be a JSON object"),
    ],
    ids=["binary", "empty", "no UTF-8", "deep", "list", "text"],
)
def test_a_signed_body_that_is_no_payload_is_a_400(ask: Ask, body: bytes, error: str) -> None:
    (reply,) = ask(delivery("push", body))

    assert (reply.status, reply.content) == (400, refused(error))


@pytest.mark.parametrize(
    "request_",
    [
        delivery(None, PUSH),
        delivery("push", PUSH, guid=""),
        delivery("push", PUSH, guid="x" * 101),
    ],
    ids=["no event", "no delivery", "long delivery"],
)
def test_a_delivery_without_its_headers_is_a_400(ask: Ask, request_: Request) -> None:
    (reply,) = ask(request_)

    assert (reply.status, reply.content) == (
        400,
        refused("X-GitHub-Event and X-GitHub-Delivery are needed"),
    )


def test_a_payload_of_another_shape_is_taken_with_what_it_has(ask: Ask) -> None:
    odd = {"ref": 5, "commits": [None, "x"], "repository": [], "sender": None, "deleted": "yes"}

    (reply,) = ask(delivery("push", odd))

    assert (reply.status, reply.content) == (
        200,
        accepted(event="push", repository="", sender="", title=" pushed 2 commits to 5", url=""),
    )


def test_an_event_that_nobody_routes_is_ignored(ask: Ask) -> None:
    (reply,) = ask(delivery("star", {"action": "created", "sender": SENDER}, guid="s1"))

    assert (reply.status, reply.content) == (
        202,
        {"outcome": "ignored", "delivery": "s1", "reason": "event star is not routed"},
    )


def test_pushes_to_branches_without_a_pattern_are_ignored(ask_open: Ask) -> None:
    refs = ["refs/heads/main", "refs/heads/release/1.0", "refs/heads/topic", "refs/tags/main2"]
    requests = [delivery("push", {**PUSH, "ref": ref}, guid=ref) for ref in refs]

    replies = ask_open(*requests)

    assert [reply.status for reply in replies] == [200, 200, 202, 202]


def test_a_delivery_seen_twice_is_acted_on_once(ask_open: Ask) -> None:
    one, two = delivery("issues", ISSUE, guid="one"), delivery("issues", ISSUE, guid="two")

    *replies, events = ask_open(one, one, two, one, Request(path="/events"))

    outcomes = [json.loads(reply.body)["outcome"] for reply in replies]
    listed = [each["delivery"] for each in json.loads(events.body)["events"]]
    assert [reply.status for reply in replies] == [200, 200, 200, 200]
    assert (outcomes, listed) == (
        ["accepted", "duplicate", "accepted", "duplicate"],
        ["two", "one"],
    )


def test_a_refused_request_does_not_use_up_its_delivery_id(ask: Ask) -> None:
    replies = ask(
        delivery("push", PUSH, secret="another"),
        delivery("push", b"no json"),
        delivery("push", PUSH),
    )

    assert [reply.status for reply in replies] == [401, 400, 200]


def test_what_is_remembered_is_bounded(ask_open: Ask) -> None:
    requests = [delivery("issues", ISSUE, guid=f"id-{number}") for number in range(1001)]

    replies = ask_open(*requests, requests[0], requests[1000], Request(path="/events"))

    outcomes = [json.loads(reply.body)["outcome"] for reply in replies[1001:1003]]
    listed = [each["delivery"] for each in json.loads(replies[-1].body)["events"]]
    assert (outcomes, len(listed), listed[:2]) == (
        ["accepted", "duplicate"],
        50,
        ["id-0", "id-1000"],
    )


def test_events_are_listed_by_kind(ask_open: Ask) -> None:
    requests = [delivery("issues", ISSUE, guid="i"), delivery("push", PUSH, guid="p")]

    *_, reply = ask_open(*requests, Request(path="/events?event=push"))

    (listed,) = json.loads(reply.body)["events"]
    assert (reply.status, reply.headers["Cache-Control"], listed["delivery"]) == (
        200,
        "no-store",
        "p",
    )


def test_events_are_shown_to_nobody_unless_the_setting_says_so(ask: Ask) -> None:
    _, events, page = ask(delivery("issues", ISSUE), Request(path="/events"), Request())

    assert (events.status, events.content) == (403, {"error": "the setting show_events is off"})
    assert (page.status, b"1 accepted" in page.body, b"Spelling" in page.body) == (200, True, False)


def test_the_status_page_escapes_what_others_wrote(ask_open: Ask) -> None:
    script = {**ISSUE, "issue": {**ISSUE["issue"], "html_url": "javascript:alert(1)"}}  # type: ignore[dict-item]

    *_, reply = ask_open(
        delivery("issues", ISSUE, guid="1"),
        delivery("issues", script, guid="2"),
        delivery("issues", ISSUE, guid="1"),
        delivery("star", {}, guid="3"),
        Request(headers=[("Host", "hooks.example.com")]),
    )

    page = reply.body.decode()
    title = "Codertocat opened issue #1: Spelling error in the &lt;README&gt; &amp; more"
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>&lt;Team&gt; &amp; co</h1>" in page
    assert "<code>http://hooks.example.com/webhook</code>" in page
    counts = "<li>2 accepted</li><li>1 ignored</li><li>1 duplicate</li><li>0 refused</li>"
    assert f"<ul>{counts}</ul>" in page
    assert f'<a href="https://github.com/Codertocat/Hello-World/issues/1">{title}</a>' in page
    assert f"<td>{title}</td>" in page
    assert "javascript" not in page


def test_other_methods_are_answered_with_405(ask: Ask) -> None:
    get, post, head = ask(
        Request(path="/webhook"), Request("POST", "/events"), Request("HEAD", "/")
    )

    assert (get.status, get.headers["Allow"]) == (405, "POST")
    assert (post.status, set(post.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert (head.status, head.body) == (200, b"")


ASSIST = """
import json, sys
from types import SimpleNamespace as Has
bundle, settings, notification = sys.argv[1:]
sys.path[:0] = [bundle + "/plugin", bundle]
from webhooks.assist import assist

def asked_model(model_config, prompt_messages, stream):
    asked.append([model_config["model"], prompt_messages[-1].content[:4], stream])
    return Has(message=Has(content="A summary"))

def asked_app(app_id, query, inputs, response_mode):
    asked.append([app_id, query, inputs, response_mode])
    return {"answer": "A comment"}

def asked_tool(provider, tool, parameters):
    if provider == "broken":
        raise OSError("no such host")
    yield asked.append([provider, tool, parameters])

asked, notification = [], json.loads(notification)
session = Has(
    model=Has(llm=Has(invoke=asked_model)),
    app=Has(chat=Has(invoke=asked_app)),
    tool=Has(invoke_builtin_tool=asked_tool),
)
assist(session, json.loads(settings), notification)
print(json.dumps([asked, notification]))
"""


def test_a_model_an_app_and_tools_add_to_a_notification(built: Built) -> None:
    settings = {
        "model": {"provider": "p", "model": "m", "model_type": "llm"},
        "app": {"app_id": "5f6b7a8c"},
        "tools": [
            {"provider_name": "broken", "tool_name": "t", "parameters": {}},
            {"provider_name": "chat", "tool_name": "post", "parameters": {"a": "> {text}", "b": 1}},
        ],
    }
    notification = {"title": "Title", "url": "https://example.com", "text": "Long" * 200}

    done = subprocess.run(
        [
            *(built.python, "-I", "-c", ASSIST, built.bundle),
            *(json.dumps(settings), json.dumps(notification)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    said = "Title\nA summary\nhttps://example.com"
    assert json.loads(done.stdout) == [
        [
            ["m", "Long", False],
            ["5f6b7a8c", said, {}, "blocking"],
            ["chat", "post", {"a": f"> {said}", "b": 1}],
        ],
        {**notification, "summary": "A summary", "comment": "A comment"},
    ]
    assert "the tool of the settings did not answer" in done.stderr
