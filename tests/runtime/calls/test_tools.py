"""Tools: MCP servers, operations of HTTP APIs, Lambda functions, the plugin's own."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dify_plugin.entities.tool import ToolProviderType
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import KEY, Made
from tests.support.builders import write_files
from tests.support.model_server import ModelServer, Reply, events, reply

MakeTools = Callable[..., Made]
INITIALIZED = reply(
    {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-03-26"}}, Mcp_Session_Id="s-1"
)
ACCEPTED = Reply((), 202)
DATA = base64.b64encode(b"\x89PNG").decode()


@pytest.fixture
def tools() -> Iterator[MakeTools]:
    """`tools(reply, ..., TOOLS=...)`: a server; `URL` in a tool stands for its address."""
    made: list[tuple[Made, ModelServer]] = []

    def make(*replies: Reply, **bundle: Any) -> Made:
        server = ModelServer(*replies)
        server.__enter__()
        for _, given in bundle.get("TOOLS", {}).values():
            if "url" in given:
                given["url"] = given["url"].replace("URL", server.url)
        keys = {"KEYS": {"tools.a/*.token": ("literal", KEY)}}
        made.append((Made(server, **{**keys, **bundle}), server))
        return made[-1][0]

    yield make
    for each, server in made:
        if "calls" in each.backends.__dict__:
            each.backends.calls.close()
        server.__exit__()


def ask(made: Made, provider: str, tool: str, parameters: dict[str, Any]) -> list[Any]:
    kind = ToolProviderType.BUILT_IN
    answer = made.session().tool.invoke(kind, provider, tool, parameters)
    return [(each.type.value, each.message.model_dump(), each.meta) for each in answer]


def mcp(**given: Any) -> dict[str, Any]:
    return {"a/*": ("mcp", {"url": "URL/mcp", "tool": None, **given})}


def result(number: int, **held: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": held}


def test_an_mcp_server(tools: MakeTools) -> None:
    parts = [
        {"type": "text", "text": "warm"},
        {"type": "image", "data": DATA, "mimeType": "image/png"},
        {"type": "resource_link", "uri": "https://x/y"},
        {"type": "resource", "resource": {"uri": "file:///a.txt", "text": "inside"}},
        {
            "type": "resource",
            "resource": {"uri": "file:///a.bin", "blob": DATA, "mimeType": "a/b"},
        },
    ]
    answer = events(
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}},
        result(2, content=parts, structuredContent={"t": 20}),
        done=False,
    )
    again = reply(result(3, content=[{"type": "text", "text": "cold"}]))
    given = {"key": "tools.a/*.token", "header": None}
    made = tools(INITIALIZED, ACCEPTED, answer, again, TOOLS=mcp(**given))

    assert ask(made, "author/plugin/a", "weather", {"city": "Rome"}) == [
        ("text", {"text": "warm"}, None),
        ("blob", {"blob": b"\x89PNG"}, {"mime_type": "image/png"}),
        ("link", {"text": "https://x/y"}, None),
        ("text", {"text": "inside"}, None),
        ("blob", {"blob": b"\x89PNG"}, {"mime_type": "a/b", "filename": "a.bin"}),
        ("json", {"json_object": {"t": 20}}, None),
    ]
    assert ask(made, "a", "other", {}) == [("text", {"text": "cold"}, None)]
    first, second, third, fourth = made.server.seen
    assert (first.path, first.json["method"]) == ("/mcp", "initialize")
    assert first.headers["accept"] == "application/json, text/event-stream"
    assert second.json == {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert third.json["params"] == {"name": "weather", "arguments": {"city": "Rome"}}
    assert fourth.json["params"]["name"] == "other"
    for each in (second, third, fourth):
        assert each.headers["mcp-session-id"] == "s-1"
        assert each.headers["mcp-protocol-version"] == "2025-03-26"
        assert each.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("path", ["/mcp/", ""])
def test_the_url_of_an_mcp_server_is_asked_as_it_is_said(tools: MakeTools, path: str) -> None:
    done = b'id: 1\ndata:\n\ndata: {"id": 2, "result": {}}\n\n'  # the first has no message
    answer = Reply((done,), kind="text/event-stream")
    made = tools(INITIALIZED, ACCEPTED, answer, TOOLS=mcp(url=f"URL{path}"))

    assert ask(made, "a", "weather", {}) == []
    assert {each.path for each in made.server.seen} == {path or "/"}


@pytest.mark.parametrize("status", [404, 400])
def test_an_mcp_server_that_lost_the_session(tools: MakeTools, status: int) -> None:
    made = tools(
        INITIALIZED,
        ACCEPTED,
        reply({"error": "no such session"}, status),
        reply(result(3, protocolVersion="2025-06-18"), Mcp_Session_Id="s-2"),
        ACCEPTED,
        reply(result(4, content=[])),
        TOOLS=mcp(tool="renamed", header="X-Key", key="tools.a/*.token"),
    )

    assert ask(made, "a", "weather", {}) == []
    last = made.server.seen[-1]
    assert (last.headers["mcp-session-id"], last.json["params"]["name"]) == ("s-2", "renamed")
    assert last.headers["x-key"] == KEY


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            reply(result(2, isError=True, content=[{"type": "text", "text": "No city."}])),
            "No city.",
        ),
        (reply(result(2, isError=True)), "the tool failed"),
        (reply({"id": 2, "error": {"code": -32602, "message": "Unknown tool"}}), "Unknown tool"),
        (reply({"id": 2}), "the MCP server's answer has no result"),
        (events(done=False), "the MCP server ended its answer in the middle"),
        (reply({"error": "gone"}, 500), "gone"),
    ],
)
def test_what_goes_wrong_with_an_mcp_server(
    tools: MakeTools, answer: Reply, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = tools(INITIALIZED, ACCEPTED, answer, TOOLS=mcp())

    with pytest.raises(CallError) as caught:
        ask(made, "a", "weather", {})

    assert str(caught.value) == message
    assert len(made.server.seen) == 3
    [line] = caplog.messages
    assert line.startswith("tool a/weather: ")


OPERATION = {
    "url": "URL/api",
    "method": "PUT",
    "path": "/cities/{id}/days",
    "parameters": (
        ("id", "path", True, "comma"),
        ("tags", "query", False, "repeat"),
        ("X-Lang", "header", False, "comma"),
    ),
    "body": ("application/json", ("note",)),
}


def test_an_operation_of_an_http_api(tools: MakeTools) -> None:
    made = tools(reply({"ok": True}), TOOLS={"a/put": ("openapi", dict(OPERATION))})
    given = {"id": "a/b c", "tags": ["x", 1], "X-Lang": "de", "note": "n", "unknown": 1}

    assert ask(made, "a", "put", given) == [("json", {"json_object": {"ok": True}}, None)]
    [seen] = made.server.seen
    assert (seen.method, seen.path) == ("PUT", "/api/cities/a%2Fb%20c/days?tags=x&tags=1")
    assert (seen.headers["x-lang"], seen.json) == ("de", {"note": "n"})


@pytest.mark.parametrize(
    ("answer", "messages"),
    [
        (Reply((b"plain",), kind="text/plain"), [("text", {"text": "plain"}, None)]),
        (Reply((b"\x89PNG",), kind="image/png"), [("blob", {"blob": b"\x89PNG"}, "image/png")]),
        (reply("text"), [("text", {"text": "text"}, None)]),
        (reply([1]), [("json", {"json_object": [1]}, None)]),
        (reply(True), [("text", {"text": "true"}, None)]),
        (Reply((b"{not",)), [("text", {"text": "{not"}, None)]),
        (Reply((), 204), [("text", {"text": ""}, None)]),
    ],
)
def test_answers_of_an_http_api(tools: MakeTools, answer: Reply, messages: list[Any]) -> None:
    given = {**OPERATION, "method": "GET", "path": "/x", "parameters": (), "body": None}
    made = tools(answer, TOOLS={"a/get": ("openapi", given)})

    found = ask(made, "a", "get", {})

    assert [(kind, held, meta and meta["mime_type"]) for kind, held, meta in found] == messages


def test_a_parameter_that_is_missing(tools: MakeTools) -> None:
    made = tools(reply({}), TOOLS={"a/put": ("openapi", dict(OPERATION))})

    with pytest.raises(CallError, match=r"^the parameter id is missing$"):
        ask(made, "a", "put", {"note": "n"})
    assert made.server.seen == []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Callable[[Made], None]:
    def use(made: Made) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.server.url)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-4711-0815")
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)

    return use


LAMBDA = {"a/*": ("lambda", {"function": "arn:aws:lambda:eu-west-1:123456789012:function:f"})}


def test_a_lambda_function(tools: MakeTools, aws: Callable[[Made], None]) -> None:
    messages = [
        {"type": "text", "message": {"text": "t"}},
        {"type": "blob", "message": {"blob": DATA}, "meta": {"mime_type": "image/png"}},
        {"type": "variable", "message": {"variable_name": "v", "variable_value": 1}},
    ]
    made = tools(reply(messages), reply({"b": 2}), TOOLS=LAMBDA)
    aws(made)

    assert [kind for kind, _, _ in ask(made, "a", "sql", {"q": 1})] == ["text", "blob", "variable"]
    assert ask(made, "a", "sql", {}) == [("json", {"json_object": {"b": 2}}, None)]
    seen = made.server.seen[0]
    arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af"
    assert seen.path == f"/2015-03-31/functions/{arn}/invocations"
    assert seen.json == {"provider": "a", "tool": "sql", "parameters": {"q": 1}}
    assert "/eu-west-1/lambda/aws4_request" in seen.headers["authorization"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            reply({"errorMessage": "boom", "errorType": "E"}, X_Amz_Function_Error="Unhandled"),
            "boom",
        ),
        (reply({"Message": "Function not found"}, 404), "Function not found"),
        (Reply((b"{",)), "the function's result is not valid JSON"),
    ],
)
def test_what_goes_wrong_with_a_lambda_function(
    tools: MakeTools, aws: Callable[[Made], None], answer: Reply, message: str
) -> None:
    made = tools(answer, TOOLS=LAMBDA)
    aws(made)

    with pytest.raises(CallError) as caught:
        ask(made, "a", "sql", {})

    assert str(caught.value) == message


OWN = """\
from dify_plugin import Tool

class Add(Tool):
    def _invoke(self, tool_parameters):
        if "fail" in tool_parameters:
            raise ValueError("no such city")
        key = self.runtime.credentials.get("api_key")
        yield self.create_text_message(f"{tool_parameters['a']} with {key}")
        yield self.create_blob_message(b"x", meta={"mime_type": "a/b"})
        yield self.create_variable_message("v", {"a": [1]})
"""


@pytest.fixture
def own_tools(
    tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Made]:
    write_files(tmp_path, {"own_sums/add.py": OWN})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_sums", raising=False)

    def make(**bundle: Any) -> Made:
        return tools(reply({}), OWN_TOOLS={"sums/add": ("own_sums/add.py", {})}, **bundle)

    return make


def test_a_tool_of_the_plugins_own(own_tools: Callable[..., Made]) -> None:
    made = own_tools()

    assert ask(made, "author/plugin/sums", "add", {"a": 1}) == [
        ("text", {"text": "1 with None"}, None),
        ("blob", {"blob": b"x"}, {"mime_type": "a/b"}),
        ("variable", {"variable_name": "v", "variable_value": {"a": [1]}, "stream": False}, None),
    ]
    with pytest.raises(CallError, match=r"^no such city$"):
        ask(made, "sums", "add", {"fail": 1})


def test_credentials_that_nothing_says_are_the_declared_defaults(
    own_tools: Callable[..., Made],
) -> None:
    made = own_tools(OWN_DEFAULTS={"sums": {"api_key": "d"}, "others": {"api_key": "no"}})

    assert ask(made, "a/b/sums", "add", {"a": 2})[0] == ("text", {"text": "2 with d"}, None)


def test_its_credentials(own_tools: Callable[..., Made]) -> None:
    made = own_tools(
        TOOLS={"sums/*": ("plugin", {"credentials": {"api_key": "tools.sums/*.api_key"}})},
        OWN_DEFAULTS={"sums": {"api_key": "a default"}},
        KEYS={"tools.sums/*.api_key": ("literal", KEY)},
    )

    assert ask(made, "sums", "add", {"a": 2})[0] == ("text", {"text": f"2 with {KEY}"}, None)


def test_a_tool_that_is_not_configured(
    own_tools: Callable[..., Made], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CallError, match=r"^there is no tool a/b$"):
        ask(own_tools(), "a", "b", {})

    assert caplog.messages == ["tool a/b: there is no tool a/b; configured are: sums/add"]
