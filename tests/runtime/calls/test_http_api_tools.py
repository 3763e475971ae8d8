"""Operations of HTTP APIs: every place and form of parameters, bodies, and where keys go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.settings import keys
from tests.runtime.calls.conftest import KEY, Made
from tests.support.model_server import ModelServer, Reply, reply

TOKEN = "tools.a/f.token"
GOOD = reply({"ok": True})


class Api:
    """An operation of a server's, and what came there of its calls."""

    def __init__(self, server: ModelServer, source: tuple[str, str], **given: Any) -> None:
        described = {"method": "POST", "path": "/a", "parameters": (), "body": None, **given}
        tools = {"a/f": ("openapi", {"url": f"{server.url}/v1", **described})}
        self.made = Made(server, TOOLS=tools, KEYS={TOKEN: source})

    def call(self, **parameters: Any) -> None:
        list(self.made.session().tool.invoke_api_tool("a", "f", parameters))


MakeApi = Callable[..., Api]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(GOOD) as running:
        yield running


@pytest.fixture
def api(server: ModelServer) -> Iterator[MakeApi]:
    made: list[Api] = []

    def make(source: tuple[str, str] = ("literal", KEY), **given: Any) -> Api:
        made.append(Api(server, source, **given))
        return made[-1]

    yield make
    for each in made:
        each.made.backends.calls.close()


LIST, OBJECT = ["a b", 1, True], {"x": 1, "y": "a,b"}


@pytest.mark.parametrize(
    ("form", "of_list", "of_object"),
    [
        ("repeat", "p=a%20b&p=1&p=true", "x=1&y=a%2Cb"),
        ("comma", "p=a%20b,1,true", "p=x,1,y,a%2Cb"),
        ("space", "p=a%20b%201%20true", "p=x%201%20y%20a%2Cb"),
        ("pipe", "p=a%20b%7C1%7Ctrue", "p=x%7C1%7Cy%7Ca%2Cb"),
        ("deep", "p=a%20b&p=1&p=true", "p%5Bx%5D=1&p%5By%5D=a%2Cb"),
        (
            "json",
            "p=%5B%22a%20b%22%2C%201%2C%20true%5D",
            "p=%7B%22x%22%3A%201%2C%20%22y%22%3A%20%22a%2Cb%22%7D",
        ),
    ],
)
def test_queries(
    server: ModelServer, api: MakeApi, form: str, of_list: str, of_object: str
) -> None:
    made = api(parameters=(("p", "query", False, form),))

    made.call(p=LIST)
    made.call(p=OBJECT)
    made.call(p="one")
    made.call(p=None)

    queries = [each.path.partition("?")[2] for each in server.seen]
    one = "p=%22one%22" if form == "json" else "p=one"
    assert queries == [of_list, of_object, one, ""]


def test_paths_headers_and_cookies(server: ModelServer, api: MakeApi) -> None:
    made = api(
        path="/a/{p}/{q}",
        parameters=(
            ("p", "path", True, "comma"),
            ("q", "path", True, "pairs"),
            ("X-P", "header", False, "comma"),
            ("c", "cookie", False, "comma"),
            ("d", "cookie", False, "comma"),
        ),
    )

    made.call(p=["a/b", 2], q=OBJECT, c="x; y", d=LIST, **{"X-P": LIST})

    [seen] = server.seen
    assert seen.path == "/v1/a/a%2Fb,2/x=1,y=a%2Cb"
    assert seen.headers["x-p"] == "a b,1,true"
    assert seen.headers["cookie"] == "c=x%3B%20y; d=a%20b,1,true"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (("application/json", ("id", "note")), b'{"id": 1, "note": "n"}'),
        (("application/vnd.api+json", None), b'{"note": "n", "tags": ["x", 1]}'),
        (("application/x-www-form-urlencoded", ("note", "tags")), b"note=n&tags=x&tags=1"),
        (None, b""),
    ],
)
def test_bodies(
    server: ModelServer, api: MakeApi, body: tuple[str, tuple[str, ...] | None] | None, sent: bytes
) -> None:
    """A property may have the name of a parameter; without properties all else is the body."""
    made = api(body=body, parameters=(("id", "query", False, "repeat"),))

    made.call(id=1, note="n", tags=["x", 1])

    [seen] = server.seen
    assert (seen.path, seen.body) == ("/v1/a?id=1", sent)
    assert seen.headers.get("content-type", "") == (body[0] if body else "")


def test_a_body_that_is_a_list(server: ModelServer, api: MakeApi) -> None:
    api(body=("application/json", None)).call(body=[1])

    assert server.seen[0].json == [1]


@pytest.mark.parametrize(
    ("security", "header", "value"),
    [
        (None, "authorization", f"Bearer {KEY}"),
        (("header", "X-Key"), "x-key", KEY),
        (("cookie", "sid"), "cookie", f"sid={KEY}"),
        (("basic", ""), "authorization", f"Basic {KEY}"),
    ],
)
def test_where_a_key_goes(
    server: ModelServer, api: MakeApi, security: tuple[str, str] | None, header: str, value: str
) -> None:
    given = {} if security is None else {"security": security}
    api(key=TOKEN, header=None, **given).call()

    [seen] = server.seen
    assert {name: seen.headers.get(name) for name in (header, "authorization")} == {
        "authorization": None,
        header: value,
    }


def test_a_user_and_a_password(server: ModelServer, api: MakeApi) -> None:
    server.replies = [reply({"error": "not dXNlcjpwYXNzd29yZA=="}, 403)]
    made = api(
        ("literal", "user:password"),
        key=TOKEN,
        header=None,
        security=("basic", ""),
    )

    with pytest.raises(CallError, match=r"^not \*\*\*$"):
        made.call()

    assert server.seen[0].headers["authorization"] == "Basic dXNlcjpwYXNzd29yZA=="


QUERY = {"key": TOKEN, "header": None, "security": ("query", "appid")}


def test_a_key_in_the_query(
    server: ModelServer, api: MakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = [GOOD, reply({"error": f"appid={KEY} is not valid"}, 401)]
    made = api(parameters=(("p", "query", False, "repeat"),), **QUERY)

    made.call(p=1)
    with pytest.raises(CallError) as caught:
        made.call()

    assert str(caught.value) == "appid=*** is not valid"
    assert [each.path for each in server.seen] == [
        f"/v1/a?p=1&appid={KEY}",
        f"/v1/a?appid={KEY}",
    ]
    assert KEY not in caplog.text


@pytest.mark.parametrize("new", ["key-new-4711", "key-old-4711"])
def test_a_rotated_key_in_the_query(
    server: ModelServer, api: MakeApi, monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    """It is read again, and tried once if it is another."""
    values = ["key-old-4711", new]
    monkeypatch.setattr(
        keys, "read_sources", lambda sources, deadline: dict.fromkeys(sources, values.pop(0))
    )
    server.replies = [Reply((b'{"error": "no"}',), 401)]
    made = api(("ssm", "/key"), **QUERY)

    with pytest.raises(CallError, match=r"^no$"):
        made.call()

    tried = dict.fromkeys(["key-old-4711", new])
    assert [each.path for each in server.seen] == [f"/v1/a?appid={each}" for each in tried]
