"""plugins/mcp_server behind AWS's emulator, with the official MCP client before it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.plugins.conftest import Build, dify_at
from tests.plugins.gateway import Gateway, gateway
from tests.support.aws.moto_server import MotoServer
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.model_server import ModelServer, Reply, reply

CLIENT = Path(__file__).with_name("mcp_client.py")
TOKEN = "an example's token"
APP = "assistant"
WEATHER = """
[groups.mcp_server.tools]
"weather/*" = {{ mcp = "{}/mcp" }}
[[groups.mcp_server.settings.tools]]
type = "mcp"
provider_name = "author/plugin/weather"
tool_name = "forecast"
tool_description = "Tells the weather."
settings = {{ unit = {{ value = "c" }} }}
schemas = [
    {{ name = "city", type = "string", form = "llm", llm_description = "Where", required = true }},
    {{ name = "unit", type = "select", form = "form" }},
]
[[groups.mcp_server.settings.tools]]
provider_name = "weather"
tool_name = "off"
enabled = false
"""
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"


@pytest.fixture(scope="module")
def dify() -> Iterator[FailingDify]:
    with FailingDify({APP: "agent-chat"}, keys={APP: "app-key"}) as running:
        yield running


@pytest.fixture(scope="module")
def weather() -> Iterator[ModelServer]:
    """An MCP server whose tool one of the settings names."""
    held = {"content": [{"type": "text", "text": "warm"}], "structuredContent": {"t": 20}}
    answers = [reply({"id": number, "result": held}) for number in (2, 3)]
    with ModelServer(reply({"id": 1, "result": {}}), Reply((), 202), *answers) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    example: Build,
    dify: FailingDify,
    weather: ModelServer,
    moto: MotoServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    for name, value in (("token", TOKEN), ("app_key", "app-key")):
        moto.boto("ssm").put_parameter(
            Name=f"/mcp_server/{name}", Value=value, Type="SecureString", Overwrite=True
        )
    log = tmp_path_factory.mktemp("mcp") / "log"
    where = dify_at(dify.url) + WEATHER.format(weather.url)
    with gateway(example("mcp_server", where), log, moto.environment) as running:
        yield running


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_official_client_calls_the_app_and_tools(
    server: Gateway, weather: ModelServer, mode: str, version: str
) -> None:
    done = subprocess.run(
        [sys.executable, CLIENT, f"{server.url}/mcp", TOKEN, mode],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    conversation = seen["results"][0]["said"]["conversation_id"]
    assert conversation
    assert seen == {
        "version": version,
        "tools": [
            [
                "ask",
                "Asks the assistant a question, and gives its answer.",
                {
                    "type": "object",
                    "properties": {
                        "query": {"type": "string", "description": "What to ask"},
                        "conversation_id": {
                            "type": "string",
                            "description": "The conversation_id of an earlier answer, to go on "
                            "with that conversation",
                        },
                    },
                    "required": ["query"],
                },
            ],
            [
                "forecast",
                "Tells the weather.",
                {
                    "type": "object",
                    "properties": {"city": {"type": "string", "description": "Where"}},
                    "required": ["city"],
                },
            ],
        ],
        "results": [
            {
                "text": "[1] Hello, 世界",
                "said": {"answer": "[1] Hello, 世界", "conversation_id": conversation},
                "failed": False,
            },
            {
                "text": "[2] And again",
                "said": {"answer": "[2] And again", "conversation_id": conversation},
                "failed": False,
            },
            {"text": "warm", "said": {"t": 20}, "failed": False},
        ],
    }
    asked = {"name": "forecast", "arguments": {"unit": "c", "city": "Rome"}}
    assert weather.seen[-1].json["params"] == asked


def post(
    server: Gateway, body: object, token: str = TOKEN, **headers: str
) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("POST", "/mcp", sent, named)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    is_json = response.headers.get_content_type() == "application/json"
    return response.status, dict(response.headers), json.loads(content) if is_json else content


def asked(method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def failed(code: int, message: str, number: int | None = 7, **more: object) -> dict[str, object]:
    error = {"code": code, "message": message, **more}
    return {"jsonrpc": "2.0", "id": number, "error": error}


def test_without_the_token_nobody_gets_in(server: Gateway) -> None:
    status, headers, content = post(server, asked("ping"), token="a guess")

    assert (status, headers["WWW-Authenticate"], content) == (401, "Bearer", b"a token is needed")


@pytest.mark.parametrize(
    ("body", "status", "content"),
    [
        (b"{", 400, failed(-32700, "the body must be JSON", None)),
        (5, 400, failed(-32600, "expected a JSON-RPC 2.0 message", None)),
        ([], 400, failed(-32600, "expected a JSON-RPC 2.0 message", None)),
        (asked("ping"), 200, {"jsonrpc": "2.0", "id": 7, "result": {}}),
        (asked("prompts/list"), 200, failed(-32601, "there is no method 'prompts/list' here")),
        (
            asked("tools/call", name="other"),
            200,
            failed(-32602, "there is no tool 'other' here"),
        ),
        (
            asked("tools/call", name="ask", arguments=[]),
            200,
            failed(-32602, "arguments must be an object"),
        ),
        ({**asked("ping"), "params": [1]}, 200, failed(-32602, "params must be an object")),
        (
            {**asked("ping"), "id": None},
            400,
            failed(-32600, "an id is a string or an integer", None),
        ),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, 202, b""),
        ([{"jsonrpc": "2.0", "method": "notifications/initialized"}], 202, b""),
        (
            [asked("ping"), {"jsonrpc": "2.0", "method": "notifications/initialized"}],
            200,
            [{"jsonrpc": "2.0", "id": 7, "result": {}}],
        ),
    ],
)
def test_what_a_client_may_send(
    server: Gateway, body: object, status: int, content: object
) -> None:
    answered, _, said = post(server, body)

    assert (answered, said) == (status, content)


def test_an_old_client_gets_a_version_that_both_know(server: Gateway) -> None:
    def initialized(version: str) -> object:
        return post(server, asked("initialize", protocolVersion=version))[2]["result"]

    known = {
        "protocolVersion": "2025-03-26",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "dify-app", "version": "0.1.0"},
    }
    assert initialized("2025-03-26") == known
    assert initialized("1999-01-01") == {**known, "protocolVersion": "2025-11-25"}


def test_a_header_with_an_unknown_version_is_refused(server: Gateway) -> None:
    status, _, content = post(server, asked("ping"), MCP_Protocol_Version="1900-01-01")

    data = {
        "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
        "requested": "1900-01-01",
    }
    assert (status, content) == (400, failed(-32022, "unsupported protocol version", data=data))


def test_headers_of_a_stateless_request_must_say_what_its_body_says(server: Gateway) -> None:
    meta = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}}
    body = asked("tools/list", _meta=meta)
    right = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/list"}

    assert post(server, body, **right)[0] == 200
    status, _, content = post(server, body, **{**right, "Mcp_Method": "tools/call"})
    assert (status, content) == (
        400,
        failed(-32020, "the header Mcp-Method differs from the body"),
    )
    unknown = asked("prompts/list", _meta=meta)
    status, _, content = post(server, unknown, **{**right, "Mcp_Method": "prompts/list"})
    assert (status, content) == (404, failed(-32601, "there is no method 'prompts/list' here"))


def test_pages_of_other_origins_may_not_call(server: Gateway) -> None:
    status, _, content = post(server, asked("ping"), Origin="https://evil.example")

    assert (status, content) == (403, b"this origin may not call")


BROKEN = InjectedFailure(status=500, code="internal_server_error", message="It broke.")
# As a stream brings it: an event like the others.
FAILED = InjectedFailure(garbage=b'data: {"event": "error", "message": "It broke."}\n\n')


@pytest.mark.parametrize("fault", [BROKEN, FAILED])
def test_an_app_that_fails_is_a_result_that_says_so_and_the_log_says_why(
    server: Gateway, dify: FailingDify, fault: InjectedFailure
) -> None:
    dify.failures.append(fault)

    status, _, content = post(server, asked("tools/call", name="ask", arguments={"query": "Hi"}))

    assert (status, content["result"]) == (
        200,
        {"content": [{"type": "text", "text": "The app did not answer."}], "isError": True},
    )
    log = server.emulator.log
    assert "the app did not answer" in log
    assert "It broke." in log
    assert "app-key" not in log
    assert TOKEN not in log
