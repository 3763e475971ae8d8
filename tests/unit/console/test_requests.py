"""Requests appear as they come, are shown in full, sent again and saved; forms send new ones."""

from __future__ import annotations

import json
import time
from io import BytesIO
from typing import Any

import pytest
from werkzeug.formparser import parse_form_data

from packager.endpoints import manage
from packager.endpoints.given import Given
from packager.endpoints.manage import Wanted
from packager.errors import Diagnostics
from packager.local.form_data import Part, encode_parts
from packager.serve.front import MAX_BODY
from packager.serve.request_log import Outgoing, RequestRecord
from tests.support.console_events import events
from tests.support.console_server import ConsoleServer, Reply
from tests.support.fake_workbench import FakeWorkbench, managed_of

NEKO = "/functions/NekoFunction"
SLACK = "/functions/SlackBotFunction"


@pytest.fixture(scope="module")
def hook_id(workbench: FakeWorkbench) -> str:
    """An endpoint of neko."""
    neko = managed_of(workbench, "NekoFunction")
    done = manage.create(neko, Wanted("Tried", {"greeting": Given("Miau")}), Diagnostics())
    return done.endpoint.hook_id


def wait_for(workbench: FakeWorkbench, record_id: str) -> RequestRecord:
    for _ in range(200):
        record = workbench.requests.get(record_id)
        if record is not None and record.done:
            return record
        time.sleep(0.02)
    raise AssertionError("the request does not end")


def sent(reply: Reply) -> str:
    """The id of the request that a form has sent."""
    assert reply.status == 303, reply.text
    prefix, record_id = reply.headers["location"].rsplit("/", 1)
    assert prefix == "/_console/requests"
    return record_id


def try_interface(console: ConsoleServer, hook_id: str, **more: str) -> str:
    form = {"endpoint": hook_id, "interface": "0", "var:app_id": "42"} | more
    return sent(console.post(f"{NEKO}/try", **form))


def test_an_interface_is_tried(
    console: ConsoleServer, workbench: FakeWorkbench, hook_id: str
) -> None:
    form = console.get(f"{NEKO}/try?endpoint={hook_id}").text
    assert 'name="var:app_id"' in form
    record_id = try_interface(
        console,
        hook_id,
        **{"var:app_id": "a b/ü?", "query": "?x=1 2&y=ü#z", "headers": "X-One: 1\nAccept: a/b"},
    )
    wait_for(workbench, record_id)
    assert workbench.sent[-1] == Outgoing(
        "GET",
        f"/e/{hook_id}/duck/a%20b/%C3%BC%3F?x=1%202&y=%C3%BC%23z",
        (("X-One", "1"), ("Accept", "a/b")),
    )
    page = console.get(f"/requests/{record_id}").text
    for each in ("Nyan ", "text/plain; charset=utf-8", "[INFO] answered", "Tried", ">200<"):
        assert each in page
    assert "2 chunks as they came" in page


def test_scripts_get_the_address(console: ConsoleServer, hook_id: str) -> None:
    from urllib.parse import urlencode

    form = console.get(f"{NEKO}/try").value("form")
    body = urlencode({"form": form, "endpoint": hook_id, "interface": "1", "var:app_id": "1"})
    headers = console.form_headers() | {"Accept": "application/json"}
    reply = console.ask("POST", f"/_console{NEKO}/try", body, headers)
    told = json.loads(reply.text)
    assert told["url"] == f"/_console/requests/{told['id']}"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"endpoint": "a" * 24}, 404),
        ({"interface": "99"}, 404),
        ({"interface": "-1x"}, 404),
        ({"headers": "no colon"}, 502),
        ({"headers": "Bad Name: 1"}, 502),
    ],
)
def test_what_can_not_be_sent(
    console: ConsoleServer, hook_id: str, form: dict[str, str], status: int
) -> None:
    whole = {"endpoint": hook_id, "interface": "0", "var:app_id": "1"} | form
    assert console.post(f"{NEKO}/try", **whole).status == status


def test_the_list_and_what_becomes_of_it(
    console: ConsoleServer, workbench: FakeWorkbench, hook_id: str
) -> None:
    first = try_interface(console, hook_id)
    wait_for(workbench, first)
    page = console.get("/requests").text
    assert f'id="request-{first}"' in page
    with events(console, "/requests/changes?function=&endpoint=") as told:
        everything = next(told)
        assert first in [each["id"] for each in everything["all"]]
        second = try_interface(console, hook_id)
        rows: list[dict[str, Any]] = []
        while not (rows and ">200<" in rows[-1]["html"] and "3.4 ms" in rows[-1]["html"]):
            rows += [each for each in next(told).get("rows", ()) if each["id"] == second]
    others = console.get("/requests?function=SlackBotFunction").text
    assert first not in others
    assert first in console.get("/requests?function=NekoFunction&endpoint=Tried").text
    assert first not in console.get("/requests?endpoint=Other").text


def test_an_answer_as_it_comes(
    console: ConsoleServer, workbench: FakeWorkbench, hook_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "pause", 0.15)
    # A character of which half comes in one chunk.
    monkeypatch.setattr(
        workbench, "answer", lambda outgoing: (b"one \xc3", b"\xbc two", b"<three>")
    )
    record_id = try_interface(console, hook_id)
    texts, times = [], []
    with events(console, f"/requests/{record_id}/changes") as told:
        for each in told:
            times.append(time.monotonic())
            texts += [chunk["text"] for chunk in each.get("chunks", ())]
            if each.get("last"):
                assert "one ü two&lt;three&gt;" in each["html"]
                break
    assert "".join(texts) in ("one ü two<three>", "one ü two")
    assert times[-1] - times[0] > 0.2
    again = console.get(f"/requests/{record_id}")
    assert "data-progress" not in again.text


def test_send_again(console: ConsoleServer, workbench: FakeWorkbench, hook_id: str) -> None:
    first = try_interface(console, hook_id, interface="3", body='{"a": 1}', headers="X-One: 1")
    wait_for(workbench, first)
    second = sent(console.post(f"/requests/{first}/again", page=f"/requests/{first}"))
    wait_for(workbench, second)
    assert second != first
    assert workbench.sent[-1] == workbench.sent[-2]
    assert workbench.sent[-1].body == b'{"a": 1}'

    form = console.get(f"/requests/{first}/edit").text
    assert "X-One: 1" in form
    edited = console.post(
        f"{NEKO}/send",
        page=f"/requests/{first}/edit",
        again=first,
        method="PUT",
        target=f"/e/{hook_id}/mood/calm",
        headers="X-Two: 2",
        body="",
    )
    wait_for(workbench, sent(edited))
    assert workbench.sent[-1] == Outgoing("PUT", f"/e/{hook_id}/mood/calm", (("X-Two", "2"),), b"")
    for target in ("no-slash", ""):
        wrong = console.post(
            f"{NEKO}/send", page=f"/requests/{first}/edit", method="GET", target=target
        )
        assert wrong.status == 502


def test_what_is_masked_is_sent_as_it_came(
    console: ConsoleServer,
    workbench: FakeWorkbench,
    hook_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbench.requests, "mask", lambda data: data.replace(b"s3cr3t", b"***"))
    first = try_interface(console, hook_id, headers="X-Key: s3cr3t\nX-One: 1")
    wait_for(workbench, first)
    page = console.get(f"/requests/{first}").text
    assert "s3cr3t" not in page
    form = console.get(f"/requests/{first}/edit").text
    assert "X-Key: ***" in form
    edited = console.post(
        f"{NEKO}/send",
        page=f"/requests/{first}/edit",
        again=first,
        method="GET",
        target=f"/e/{hook_id}/duck/7",
        headers="X-Key: ***\nX-One: 2",
        body="",
    )
    wait_for(workbench, sent(edited))
    assert workbench.sent[-1].headers == (("X-Key", "s3cr3t"), ("X-One", "2"))


def test_files(console: ConsoleServer, workbench: FakeWorkbench, hook_id: str) -> None:
    record_id = try_interface(console, hook_id, headers="X-One: 1")
    record = wait_for(workbench, record_id)
    event = console.get(f"/requests/{record_id}/event.json")
    assert json.loads(event.text) == record.event
    assert event.headers["content-disposition"].startswith('attachment; filename="event-')
    body = console.get(f"/requests/{record_id}/body")
    assert body.text == f"Nyan /e/{hook_id}/duck/42"
    assert body.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in body.headers["content-security-policy"]
    assert body.headers["content-disposition"].endswith('.txt"')


def test_bytes_that_are_no_text(
    console: ConsoleServer, workbench: FakeWorkbench, hook_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "answer", lambda outgoing: (b"\x89PNG\r\n\x00\xff",))
    record_id = try_interface(console, hook_id)
    wait_for(workbench, record_id)
    assert "8 B of text/plain, no text." in console.get(f"/requests/{record_id}").text


def test_events_are_sent_by_hand(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    form = console.get(f"{SLACK}/events").text
    assert "Queue" in form
    assert "rate(1 hour)" in form
    queued = console.post(f"{SLACK}/events", index="0", payload="hello")
    record = wait_for(workbench, sent(queued))
    assert (record.source, record.status) == ("sqs", None)
    assert workbench.events[-1] == (workbench.functions[1].events[0], "hello")
    assert "An event of sqs" in console.get(f"/requests/{record.id}").text
    again = console.post(f"/requests/{record.id}/again", page=f"/requests/{record.id}")
    wait_for(workbench, sent(again))
    assert workbench.events[-1] == {"detail": "hello"}
    assert "An event as it is" in console.get(f"/requests/{record.id}/edit").text

    sent(console.post(f"{SLACK}/events", index="1", payload='{"a": 1}'))
    assert workbench.events[-1] == (workbench.functions[1].events[1], {"a": 1})
    sent(console.post(f"{SLACK}/events", index="2", payload='{"any": true}'))
    assert workbench.events[-1] == (workbench.functions[1].events[2], {"any": True})
    sent(console.post(f"{SLACK}/events", index="raw", payload='{"Records": []}'))
    assert workbench.events[-1] == {"Records": []}


@pytest.mark.parametrize(("index", "payload"), [("1", "[1]"), ("1", "{"), ("raw", "{")])
def test_events_that_can_not_be(console: ConsoleServer, index: str, payload: str) -> None:
    reply = console.post(f"{SLACK}/events", index=index, payload=payload)
    assert (reply.status, 'class="error" id="wrong">Expected ' in reply.text) == (422, True)


def test_requests_that_are_gone(console: ConsoleServer) -> None:
    for path in ("/requests/x", "/requests/x/changes", "/requests/x/edit", "/requests/x/body"):
        assert console.get(path).status == 404


def test_a_form_with_files_is_sent_as_one(
    console: ConsoleServer, workbench: FakeWorkbench, hook_id: str
) -> None:
    """A browser sends the form as multipart/form-data, and a function gets such a form."""
    posted = next(
        index
        for index, each in enumerate(workbench.functions[0].plan.group.endpoints)
        if each.method == "POST"
    )
    page = f"{NEKO}/try?interface={posted}"
    content = bytes(range(256)) + b"\r\n"
    token = console.get(page).value("form")
    filled = {
        **{"form": token, "endpoint": hook_id, "interface": str(posted)},
        **{"headers": "X-A: 1\nContent-Type: application/json", "body": "{}"},
        **{"fields": "size=large\nnote=a=b", "file-field": "picture"},
    }
    fields = [Part(name, value.encode()) for name, value in filled.items()]
    kind, body = encode_parts([*fields, Part("upload", content, 'ü"x.png', "image/png")])

    def send(body: bytes) -> Reply:
        headers = {**console.form_headers(), "Content-Type": kind}
        return console.ask("POST", f"/_console{NEKO}/try", body, headers)

    wait_for(workbench, sent(send(body)))
    outgoing = workbench.sent[-1]
    names = [name for name, _ in outgoing.headers]
    assert names == ["X-A", "Content-Type"]
    environ = {
        **{"wsgi.input": BytesIO(outgoing.body), "REQUEST_METHOD": "POST"},
        **{"CONTENT_TYPE": outgoing.headers[1][1], "CONTENT_LENGTH": str(len(outgoing.body))},
    }
    _, form, files = parse_form_data(environ)
    assert form.to_dict() == {"size": "large", "note": "a=b"}
    file = files["picture"]
    assert (file.filename, file.mimetype, file.read()) == ('ü"x.png', "image/png", content)
    file.close()

    # Without a file the body is what the field says; what can't be read is refused.
    plain = encode_parts(fields[:5])[1]
    boundary = kind.partition("boundary=")[2].encode()
    wait_for(workbench, sent(send(plain.replace(plain[2:34], boundary))))
    assert workbench.sent[-1].body == b"{}"
    assert send(body.replace(b"size=large", b"no field")).status == 502
    assert send(body[:200]).status == 400
    assert "a body of more than 10 MB" in send(body.replace(content, bytes(MAX_BODY))).text
