"""What Dify's stand-in answers where a file says it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.errors import Diagnostics
from packager.local.fake_dify.script import Turn, read_script
from packager.local.fake_dify.server import FakeDify

SCRIPT = """\
apps:
  support:
    mode: chat
    when:
      - {asks: weather, answer: It rains.}
      - asks: BILL
        error: {status: 402, code: quota, message: No credit.}
    answers:
      - What is your name?
      - "Hello, {query}! ({turn})"
  invoices:
    mode: workflow
    answers:
      - outputs: {total: 42, lines: [1, 2]}
      - error: {message: The node failed.}
  "*":
    answers: [Yes.]
"""


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDify]:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT)
    diagnostics = Diagnostics()
    script = read_script(path, diagnostics)
    assert diagnostics.all == []
    with FakeDify(script=script) as made:
        yield made


def call(fake: FakeDify, app: str, route: str, **body: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{fake.url}/{route}",
        json.dumps({"inputs": {}, "user": "me", "response_mode": "blocking", **body}).encode(),
        {"Authorization": f"Bearer {app}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_conversation(fake: FakeDify) -> None:
    _, first = call(fake, "support", "chat-messages", query="Hi")
    same = {"conversation_id": first["conversation_id"]}
    _, second = call(fake, "support", "chat-messages", query="Neko", **same)
    _, third = call(fake, "support", "chat-messages", query="Inu", **same)
    _, asked = call(fake, "support", "chat-messages", query="How is the Weather?", **same)
    status, refused = call(fake, "support", "chat-messages", query="my bill", **same)
    _, other = call(fake, "support", "chat-messages", query="Hi")
    assert [each["answer"] for each in (first, second, third, asked, other)] == [
        "What is your name?",
        "Hello, Neko! (2)",
        "Hello, Inu! (3)",
        "It rains.",
        "What is your name?",
    ]
    assert (status, refused) == (402, {"code": "quota", "message": "No credit.", "status": 402})


def test_other_kinds(fake: FakeDify) -> None:
    _, first = call(fake, "invoices", "workflows/run", inputs={"a": 1})
    _, second = call(fake, "invoices", "workflows/run")
    assert (first["data"]["status"], first["data"]["outputs"]) == (
        "succeeded",
        {"total": 42, "lines": [1, 2]},
    )
    assert (second["data"]["status"], second["data"]["error"]) == ("failed", "The node failed.")
    assert call(fake, "invoices", "chat-messages", query="x")[0] == 400
    assert call(fake, "any", "completion-messages")[1]["answer"] == "Yes."


def test_what_is_wrong_with_a_script_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(
        "app: {}\napps:\n  a: {mode: talk}\n  b: {answers: [{error: {status: 200}}]}\n"
        "  c: {when: [{answer: x}]}\n  d: {answers: [{}]}\n"
    )
    diagnostics = Diagnostics()
    read_script(path, diagnostics)
    assert [f"{each.place.line if each.place else 0} {each.code}" for each in diagnostics.all] == [
        "1 unknown-key",
        "3 invalid-value",
        "4 invalid-value",
        "5 missing-key",
        "6 missing-key",
    ]


def test_a_turn() -> None:
    assert Turn("{query} {turn} {other}").text("a", 3) == "a 3 {other}"
