"""What a cold request of a chatbot loads: the client's own modules, and nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from packager.local.fake_dify.server import FakeDify
from tests.support.builders import Bundle, endpoint, url

# The client, as far as every call needs it.
CLIENT = {
    "dify_plugin._invocation",
    "dify_plugin.core._session_parts",
    "dify_plugin.invocations",
    "dify_plugin.invocations.app",
    "dify_plugin.invocations.app.chat",
    "dify_plugin.invocations.app.completion",
    "dify_plugin.invocations.app.workflow",
    "endpoint_runtime.app.backends",
    "endpoint_runtime.dify",
    "endpoint_runtime.dify.apps",
    "endpoint_runtime.dify.errors",
    "endpoint_runtime.dify.keys",
    "endpoint_runtime.dify.service_api",
    "endpoint_runtime.json_codec",
    "endpoint_runtime.http_client",
    "endpoint_runtime.http_client.connection",
    "endpoint_runtime.http_client.pool",
    "endpoint_runtime.http_client.response",
    "endpoint_runtime.http_client.stream",
    "endpoint_runtime.settings.keys",
    "endpoint_runtime.settings.source_kinds",
    "endpoint_runtime.settings.sources",
}
# Of the interpreter, for plain HTTP; for TLS comes `_ssl`.
MACHINE = {"_json", "_socket"}
STREAM = {"endpoint_runtime.http_client.event_stream"}
STORAGE = {
    "dify_plugin._invocation",
    "dify_plugin.core._session_parts",
    "dify_plugin.invocations",
    "dify_plugin.invocations.storage",
    "endpoint_runtime.app.backends",
    "endpoint_runtime.storage",
    "endpoint_runtime.storage.memory",
}


@pytest.fixture
def fake() -> Iterator[FakeDify]:
    with FakeDify() as made:
        yield made


def added(made: Bundle, before: dict[str, Any], event: dict[str, Any]) -> set[str]:
    """The modules that a request to `/b` loads after one to `/a`, in a process of its own."""
    code = (
        "import sys, json\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        f"assert handler({before!r}, None)['statusCode'] == 200\n"
        "before = set(sys.modules)\n"
        f"assert handler({event!r}, None)['statusCode'] == 200\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = made.run(code)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("call", "modules"),
    [
        ("self.session.app.chat.invoke('a', 'q', {}, 'blocking')", CLIENT),
        ("list(self.session.app.chat.invoke('a', 'q', {}))", CLIENT | STREAM),
        ("self.session.storage.set('a', b'1')", STORAGE),
    ],
)
def test_modules(
    bundle: Callable[..., Bundle],
    fake: FakeDify,
    call: str,
    modules: set[str],
) -> None:
    files = {
        "plain.py": endpoint("return Response()"),
        "bot.py": endpoint(f"{call}\nreturn Response()"),
    }
    made = bundle(
        files,
        ROUTES=(("/a", "GET", "plain.py"), ("/b", "GET", "bot.py")),
        APPS={"a": ("literal", "a")},
        DIFY_BASE_URL=fake.url,
    )

    found = added(made, url(path="/a"), url(path="/b"))

    assert found - {"bot"} - MACHINE == modules
