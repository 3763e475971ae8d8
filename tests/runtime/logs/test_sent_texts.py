"""What an exception says leaves the process as its traceback stands in the log: without secrets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.app.application import Application
from packager.contract import ENTRIES
from tests.support import fast_bundle
from tests.support.applications import MakeApplication
from tests.support.builders import endpoint, rest
from tests.support.fast_bundle import request
from tests.support.hostile_api import RuntimeServer
from tests.support.peers import ADAPTERS, Handler, native
from tests.support.runtime.served_calls import serve

KEY = "sk-live/7'\"<\u00e9>&+ 0123456789abcdef"
PARTS = ("sk-live", "abcdef", "hush-hush")
SETTINGS: dict[str, Any] = {
    "SETTINGS": ({"name": "key", "type": "secret-input", "required": True},),
    "SOURCES": {"key": ("env", "KEY"), "text": ("literal", "hush-hush")},
}


def over_wsgi(application: Application) -> Handler:
    from werkzeug.test import Client

    def answer(event: Any, context: object) -> dict[str, Any]:
        response = Client(application).get("/x")
        return {"statusCode": response.status_code, "body": response.get_data(as_text=True)}

    return answer


SERVERS = {"native": native, "WSGI": over_wsgi, **ADAPTERS}


def sent(reply: dict[str, Any]) -> str:
    body: str = reply["body"]
    return base64.b64decode(body).decode() if reply.get("isBase64Encoded") else body


@pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize(
    ("errors", "raised", "status", "body"),
    [
        ("dify", "ValueError(settings['key'], settings['text'])", 404, "('***', '***')"),
        ("dify", "KeyError(settings['key'])", 500, "Internal Server Error: '***'"),
        ("dify", "SystemExit(settings['key'] * 2)", 500, "Internal Server Error: ***"),
        (
            "dify",
            "__import__('werkzeug.exceptions').exceptions.BadGateway(settings['key'])",
            500,
            "Internal Server Error: 502 Bad Gateway: ***",
        ),
        (
            "opaque",
            "__import__('werkzeug.exceptions').exceptions.BadRequest('no: ' + settings['key'])",
            400,
            "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n"
            "<h1>Bad Request</h1>\n<p>no: ***</p>\n",
        ),
    ],
)
def test_in_the_reply_to_a_request(
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
    make: Any,
    errors: str,
    raised: str,
    status: int,
    body: str,
) -> None:
    monkeypatch.setattr(process, "secrets", {})
    monkeypatch.setenv("KEY", KEY)
    routes = [("/<path:p>", "GET", "e.py")]
    application = make_application(
        {"e.py": endpoint(f"raise {raised}")}, ROUTES=routes, ERRORS=errors, **SETTINGS
    )

    reply = make(application)(rest(path="/x"), None)

    assert (int(reply["statusCode"]), sent(reply)) == (status, body)


FAILS_MIDWAY = """
def midway(settings):
    yield "so far"
    raise KeyError(settings["key"], settings["text"])
---
return Response(midway(settings))
"""


def test_in_the_trailers_of_a_stream(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"midway": FAILS_MIDWAY}, ERRORS="dify", **SETTINGS)
    with RuntimeServer([request("midway")]) as server:
        log = fast_bundle.run(bundle, server, KEY=KEY)

    assert server.streamed("midway").error == (
        "KeyError",
        {
            "errorMessage": "('***', '***')",
            "errorType": "KeyError",
            "requestId": "midway",
            "stackTrace": [],
        },
    )
    assert not [part for part in PARTS if part in log]


TOKEN = "wJalrXUtnFEMI/K7MDENG'\"bPxRfiCY"
# In the message, in the source line of the traceback, and in the name of the type.
PRELOADED = {
    "a message": "import os; raise ValueError(os.environ['AWS_SECRET_ACCESS_KEY'])",
    "a line of a message": "import os; raise ValueError('a\\n' + os.environ['AWS_SESSION_TOKEN'])",
    "a literal": f"raise ValueError({TOKEN!r})",
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("source", PRELOADED.values(), ids=PRELOADED)
def test_in_the_report_of_a_start_that_failed(tmp_path: Path, entry: str, source: str) -> None:
    bundle = fast_bundle.write(tmp_path, {"one": "return Response()"}, PRELOAD=("shop",))
    (bundle / "plugin" / "shop.py").write_text(source + "\n")

    calls, log, code = serve(
        bundle, [], entry, AWS_SECRET_ACCESS_KEY=TOKEN, AWS_SESSION_TOKEN=TOKEN
    )

    assert code == 1
    assert calls[0].startswith("POST init/error: preload names shop, which can't be imported")
    assert "***" in calls[0]
    for part in ("wJalrX", "fiCY"):
        assert part not in calls[0] and part not in "\n".join(log)


HANDLER = f"""
import os
def handler(event, context):
    raise ValueError(os.environ["AWS_SECRET_ACCESS_KEY"] + " and " + {TOKEN!r})
"""


def test_in_the_report_of_an_invocation_that_failed(tmp_path: Path) -> None:
    """A handler of the plugin's own, on the fast entry: message, stack trace and X-Ray's cause."""
    bundle = fast_bundle.write(tmp_path, {"one": "return Response()"})
    (bundle / "own.py").write_text(HANDLER)
    with RuntimeServer([request("one")]) as server:
        log = fast_bundle.run(bundle, server, AWS_SECRET_ACCESS_KEY=TOKEN, _HANDLER="own.handler")

    (failed,) = [each for each in server.requests if each.call.endswith("/error")]
    said = json.loads(failed.body)
    cause = failed.headers["lambda-runtime-function-xray-error-cause"]
    assert said["errorMessage"] == "*** and ***"
    assert '" and " + \'***' in said["stackTrace"][0] or '" and " + ***' in said["stackTrace"][0]
    for text in (failed.body.decode(), cause, log):
        assert "***" in text and "wJalrX" not in text and "fiCY" not in text
