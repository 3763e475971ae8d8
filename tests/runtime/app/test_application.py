"""Errors, in both manners, instances, closing, and what the log holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.logs import report
from tests.support.builders import endpoint, url

MakeApplication = Callable[..., Application]
Answer = Callable[..., dict[str, Any]]
Log = pytest.CaptureFixture[str]

OPAQUE_500 = {
    "statusCode": 500,
    "headers": {"Content-Type": "text/html; charset=utf-8", "Content-Length": "265"},
    "body": (
        "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n"
        "<h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was "
        "unable to complete your request. Either the server is overloaded or there is an error "
        "in the application.</p>\n"
    ),
    "isBase64Encoded": False,
}


def lines(log: Log) -> list[str]:
    """The log's lines, times made equal."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", log.readouterr().err)
    return re.sub(r"\d+\.\d ms", "N ms", text).splitlines()


def test_an_exception_is_an_opaque_500(answer: Answer, capsys: Log) -> None:
    reply = answer("raise KeyError('the secret')")

    assert reply == OPAQUE_500
    log = lines(capsys)
    assert log[:2] == ["[ERROR]\tTIME\t\te1.py failed", "Traceback (most recent call last):"]
    assert log[-2:] == ["KeyError: 'the secret'", "[INFO]\tTIME\t\tGET /<path:p> 500 N ms"]


@pytest.mark.parametrize(
    ("invoke", "status"),
    [
        ("from werkzeug.exceptions import abort; abort(403)", 403),
        ("return Response(r.get_json())", 415),
        ("return Response(r.form['missing'])", 400),
        ("from werkzeug.exceptions import abort; abort(Response('no', status=402))", 402),
        ("raise SystemExit(1)", 500),
        ("raise __import__('asyncio').CancelledError", 500),
    ],
)
def test_what_invoke_raises(answer: Answer, invoke: str, status: int) -> None:
    assert answer(invoke)["statusCode"] == status


@pytest.mark.parametrize(
    ("invoke", "status", "body"),
    [
        ("raise ValueError('bad thing')", 404, "bad thing"),
        ("raise KeyError('bad')", 500, "Internal Server Error: 'bad'"),
        (
            "return Response(r.get_json())",
            500,
            "Internal Server Error: 415 Unsupported Media Type: Did not attempt to load JSON data "
            "because the request Content-Type was not 'application/json'.",
        ),
    ],
)
def test_errors_as_dify_replies(answer: Answer, invoke: str, status: int, body: str) -> None:
    assert answer(invoke, ERRORS="dify") == {
        "statusCode": status,
        "headers": {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
        },
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        (
            "/none/x",
            "GET",
            "404 Not Found: The requested URL was not found on the server. If you entered the URL "
            "manually please check your spelling and try again.",
        ),
        (
            "/echo/1",
            "PUT",
            "405 Method Not Allowed: The method is not allowed for the requested URL.",
        ),
        (
            "/echo//1",
            "GET",
            "308 Permanent Redirect: https://abc.lambda-url.eu-west-1.on.aws/echo/1",
        ),
    ],
)
def test_no_match_as_dify_replies(
    make_application: MakeApplication, path: str, method: str, body: str
) -> None:
    application = make_application(ERRORS="dify")

    reply = answer_event(application, url(path=path, method=method), None)

    assert (reply["statusCode"], reply["body"]) == (
        404,
        f"Failed to dispatch endpoint request: {body}",
    )


@pytest.mark.parametrize(
    ("value", "name"),
    [("None", "NoneType"), ("'text'", "str"), ("{'a': 1}", "dict"), ("(r, 200)", "tuple")],
)
def test_no_response(answer: Answer, capsys: Log, value: str, name: str) -> None:
    assert answer(f"return {value}") == OPAQUE_500
    assert lines(capsys)[0] == (
        f"[ERROR]\tTIME\t\te1.E._invoke returned {name}, expected a werkzeug Response, such as "
        'Response("text", status=200, content_type="text/plain")'
    )


def test_async_invoke_is_a_500_without_a_warning(make_application: MakeApplication) -> None:
    source = endpoint("return Response('x')").replace("def _invoke", "async def _invoke")
    application = make_application({"e.py": source}, ROUTES=(("/", "GET", "e.py"),))

    assert answer_event(application, url(path="/"), None) == OPAQUE_500


def test_a_generator_that_fails_is_a_500(answer: Answer, capsys: Log) -> None:
    invoke = """
def parts():
    yield "a"
    raise RuntimeError("midway")
return Response(parts())
"""

    assert answer(invoke) == OPAQUE_500
    log = lines(capsys)
    assert log[0] == "[ERROR]\tTIME\t\tthe response can't be sent"
    assert "RuntimeError: midway" in log


@pytest.mark.parametrize("body", ["'x'", "(1 / 0 for _ in 'x')"])
def test_call_on_close_runs(answer: Answer, capsys: Log, body: str) -> None:
    answer(f"""
response = Response({body})
response.call_on_close(lambda: print("closed"))
return response
""")

    assert capsys.readouterr().out == "closed\n"


def test_a_failing_call_on_close_changes_nothing(answer: Answer, capsys: Log) -> None:
    reply = answer("""
response = Response("x")
response.call_on_close(lambda: 1 / 0)
return response
""")

    assert (reply["statusCode"], reply["body"]) == (200, "x")
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_head_runs_the_endpoint_and_closes_its_generator(answer: Answer, capsys: Log) -> None:
    reply = answer(
        "print('ran')\nreturn Response((print('streamed') or 'x' for _ in 'ab'))",
        url(method="HEAD"),
    )

    assert (reply["statusCode"], reply["body"]) == (200, "")
    assert capsys.readouterr().out == "ran\n"


def test_every_request_has_an_instance_and_settings_of_its_own(
    make_application: MakeApplication,
) -> None:
    source = endpoint("""
settings["list"].append(1)
settings["new"] = 1
self.count = getattr(self, "count", 0) + 1
return Response(f"{self.count} {settings} {self.session.session_id}")
""")
    application = make_application(
        {"e.py": source},
        ROUTES=(("/", "GET", "e.py"),),
        SOURCES={"list": ("literal", [])},
    )

    first = answer_event(application, url(path="/"), None)["body"]
    second = answer_event(application, url(path="/"), None)["body"]

    assert first.startswith("1 {'list': [1], 'new': 1} ") and len(first.split()[-1]) == 32
    assert second.split()[:-1] == first.split()[:-1] and second != first


def test_overridden_init_and_other_parameter_names(make_application: MakeApplication) -> None:
    source = """
from dify_plugin import Endpoint
from werkzeug import Response
class E(Endpoint):
    def __init__(self, session):
        super().__init__(session=session)
        self.extra = "extra"
    def _invoke(self, request, params, config):
        return Response(self.extra)
"""
    application = make_application({"e.py": source}, ROUTES=(("/", "GET", "e.py"),))

    assert answer_event(application, url(path="/"), None)["body"] == "extra"


def test_settings_that_are_wrong(make_application: MakeApplication, capsys: Log) -> None:
    application = make_application(
        SETTINGS=({"name": "api_key", "type": "secret-input", "required": True},),
        SOURCES={"api_key": ("env", "NOT_SET_ANYWHERE")},
    )

    assert answer_event(application, url(path="/echo/1"), None) == OPAQUE_500
    assert lines(capsys)[0] == (
        "[ERROR]\tTIME\t\tthe settings can't be used: setting api_key "
        "(environment variable NOT_SET_ANYWHERE) is required and not set"
    )


@pytest.mark.parametrize(
    "raised",
    [
        "'key ' + settings['key']",
        "settings['key'].encode()",
        "settings",
        "__import__('json').dumps(settings)",
        "__import__('urllib.parse').parse.quote(settings['key'], safe='')",
        "__import__('urllib.parse').parse.urlencode(settings)",
        "settings['key'].splitlines()[1]",
        "settings['text'] + settings['app']['app_id'] + settings['tools'][0]",
    ],
)
def test_settings_are_masked_in_tracebacks(
    answer: Answer, capsys: Log, monkeypatch: pytest.MonkeyPatch, raised: str
) -> None:
    monkeypatch.setenv("KEY", "sk-1/'2\"3\u00e9\n hush hush\n")

    answer(
        f"raise RuntimeError({raised})",
        SETTINGS=(
            {"name": "key", "type": "secret-input", "required": True},
            {"name": "mode", "type": "select", "options": ("fast",), "default": "fast"},
            {"name": "app", "type": "app-selector", "default": {"app_id": "some-app"}},
        ),
        SOURCES={
            "key": ("env", "KEY"),
            "text": ("literal", "some-text"),
            "tools": ("literal", ["some-tool"]),
        },
    )

    log = capsys.readouterr().err
    assert "RuntimeError: " in log and "***" in log
    for hidden in ("sk-1", "hush", "some-text", "some-app", "some-tool"):
        assert hidden not in log


def test_the_log_of_a_request_holds_nothing_a_client_sent(
    make_application: MakeApplication, capsys: Log
) -> None:
    class Context:
        aws_request_id = "the-id"

    event = url(path="/echo/hush", query="q=hush", headers={"x": "hush"}, body="hush")

    answer_event(make_application(), event, Context())
    answer_event(make_application(), url(method="HU\nSH", path="/hush"), Context())

    assert lines(capsys) == [
        "[INFO]\tTIME\tthe-id\tGET /echo/<name> 200 N ms",
        "[INFO]\tTIME\tthe-id\t- - 404 N ms",
    ]


def test_log_level_and_json_lines(
    make_application: MakeApplication, capsys: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    application = make_application()
    monkeypatch.setattr(report, "_least", 20)  # put back what the test changes
    monkeypatch.setattr(report, "is_json", False)
    report.configure({"AWS_LAMBDA_LOG_LEVEL": "error"})
    answer_event(application, url(path="/echo/1"), None)
    assert capsys.readouterr().err == ""
    report.configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"})

    answer_event(application, url(path="/echo/1"), None)

    line = json.loads(capsys.readouterr().err)
    assert re.fullmatch(r"GET /echo/<name> 200 \d+\.\d ms", line["message"])
    assert (line["level"], line["requestId"]) == ("INFO", "")
