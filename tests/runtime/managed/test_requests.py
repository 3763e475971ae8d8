"""Requests to managed endpoints: where they go, what the plugin sees, what everybody else gets."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.app.mapped_events import EventFailed
from tests.support.applications import MakeApplication
from tests.support.builders import alb, endpoint, http_1, http_2, rest, url
from tests.support.managed_endpoints import MANAGED, FileEndpoints, make_hook_id

LOOK = """
import json
return Response(json.dumps({
    "url": r.url, "root": r.root_path, "path": r.path, "settings": settings, "values": values,
    "hook_id": r.headers["Dify-Hook-Id"], "hook_url": r.headers["Dify-Hook-Url"],
    "endpoint_id": self.session.endpoint_id,
}))
"""
FAIL = 'print("asked by", r.url, settings["key"])\nraise RuntimeError(r.url + settings["tone"])'
STORE = """
storage = self.session.storage
if r.method == "POST":
    storage.set("duck", r.get_data())
return Response(storage.get("duck") if storage.exist("duck") else b"nothing")
"""
NOTE = (
    "from pathlib import Path\n"
    + LOOK.replace("return Response(", "Path('noted.json').write_text(")
    + "return Response()"
)
FILES = {
    "look.py": endpoint(LOOK),
    "note.py": endpoint(NOTE),
    "fail.py": endpoint(FAIL),
    "store.py": endpoint(STORE),
}
ROUTES = [
    ("/", "GET", "look.py"),
    ("/duck/<name>", "GET", "look.py"),
    ("/slash/", "GET", "look.py"),
    ("/fail", "GET", "fail.py"),
    ("/store", "GET", "store.py"),
    ("/store", "POST", "store.py"),
    ("/many/<path:rest>", "POST", "note.py"),
]
SETTINGS = (
    {"name": "key", "type": "secret-input", "required": True},
    {"name": "tone", "type": "text-input", "required": False, "default": "low"},
)
Make = Callable[..., Application]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "secrets", {})


@pytest.fixture
def endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileEndpoints:
    made = FileEndpoints(tmp_path / "endpoints.sqlite", "test/test")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def make(make_application: MakeApplication) -> Make:
    def made(**literals: Any) -> Application:
        given = {"ROUTES": ROUTES, "SETTINGS": SETTINGS, "ENDPOINTS": MANAGED} | literals
        return make_application(FILES, **given)

    return made


def get(application: Application, event: dict[str, Any]) -> Any:
    reply = answer_event(application, event, None)
    assert reply["statusCode"] == 200, reply
    return json.loads(reply["body"])


API = "https://abc.execute-api.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("event", "base", "script"),
    [
        (http_2, API, ""),
        (http_1, API, ""),
        (rest, f"{API}/prod", "/prod"),
        (url, "https://abc.lambda-url.eu-west-1.on.aws", ""),
        (alb, "http://lb-1.eu-west-1.elb.amazonaws.com", ""),
    ],
)
@pytest.mark.parametrize(
    ("below", "path"), [("", "/"), ("/", "/"), ("/duck/donald", "/duck/donald"), ("/slash/", None)]
)
def test_an_endpoint_has_its_prefix_its_settings_and_its_hook_id(
    endpoints: FileEndpoints,
    make: Make,
    event: Callable[..., dict[str, Any]],
    base: str,
    script: str,
    below: str,
    path: str | None,
) -> None:
    application = make()
    for name in ("acme", "umbrella"):
        hook_id = endpoints.put(name, {"key": f"{name}-secret", "extra": [1]})

        seen = get(application, event(path=f"/e/{hook_id}{below}"))

        assert seen == {
            "url": f"{base}/e/{hook_id}{below or '/'}",
            "root": f"{script}/e/{hook_id}",
            "path": path or below,
            "settings": {"key": f"{name}-secret", "tone": "low", "extra": [1]},
            "values": {"name": "donald"} if "duck" in below else {},
            "hook_id": hook_id,
            "hook_url": f"{base}/e/{hook_id}{below or '/'}",
            "endpoint_id": hook_id,
        }


def test_redirects_stay_below_the_endpoint(endpoints: FileEndpoints, make: Make) -> None:
    hook_id = endpoints.put("acme", {"key": "k"})

    reply = answer_event(make(), rest(path=f"/e/{hook_id}/slash"), None)

    assert reply["statusCode"] == 308
    assert reply["headers"]["Location"] == f"{API}/prod/e/{hook_id}/slash/"


def test_what_the_endpoint_refuses_is_its_own(endpoints: FileEndpoints, make: Make) -> None:
    hook_id = endpoints.put("acme", {"key": "k"})

    reply = answer_event(make(), http_2(method="POST", path=f"/e/{hook_id}/duck/a"), None)

    assert (reply["statusCode"], reply["headers"]["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("errors", ["opaque", "dify"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_unknown_disabled_and_malformed_ids_are_answered_alike(
    endpoints: FileEndpoints, make: Make, method: str, errors: str
) -> None:
    application = make(ERRORS=errors)
    on, off = endpoints.put("on", {"key": "k"}), endpoints.put("off", {"key": "k"}, enabled=False)
    gone, stranger = make_hook_id(), make_hook_id("another key")
    paths = [
        *(f"/e/{off}/duck/a", f"/e/{gone}/duck/a", f"/e/{stranger}/duck/a", f"/e/{off}"),
        *("/e", "/e/", "/e//", "/e/x", "/e/x/duck/a", f"/e/{on}x/duck/a", f"/e/{on[:-1]}/duck/a"),
        *(f"/e/{on.upper()}/duck/a", f"/E/{on}/duck/a", f"//e/{on}/duck/a", f"/e/e/{on}/duck/a"),
        *("/", "/duck/a", "/e/=on/duck/a", "/e/äöü/duck/a", "/e/\0/a", f"/e/{'a' * 5000}"),
    ]

    replies = [answer_event(application, http_2(method=method, path=path), None) for path in paths]

    assert replies[0]["statusCode"] == 404
    assert [reply for reply in replies if reply != replies[0]] == []
    assert get(application, http_2(path=f"/e/{on}/duck/a"))["settings"]["key"] == "k"


def test_one_endpoint_also_answers_at_the_root(endpoints: FileEndpoints, make: Make) -> None:
    application = make()
    endpoints.put("other", {"key": "other"})
    hook_id = endpoints.put("first", {"key": "first"}, root=True)

    at_root = get(application, rest(path="/duck/a"))
    below = get(application, rest(path=f"/e/{hook_id}/duck/a"))

    assert at_root == below | {
        "url": f"{API}/prod/duck/a",
        "root": "/prod",
        "hook_url": f"{API}/prod/duck/a",
    }
    assert answer_event(application, rest(path="/e/x"), None)["statusCode"] == 404


def test_a_base_path_goes_before(endpoints: FileEndpoints, make: Make) -> None:
    hook_id = endpoints.put("acme", {"key": "k"})

    seen = get(
        make(BASE_PATH="/v1"),
        http_2(path=f"/v1/e/{hook_id}/duck/a", domain="hooks.example.com"),
    )

    assert seen["url"] == f"https://hooks.example.com/v1/e/{hook_id}/duck/a"
    assert seen["root"] == f"/v1/e/{hook_id}"


def test_the_log_knows_endpoints_by_name(
    endpoints: FileEndpoints,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from endpoint_runtime.logs.report import LogStream

    application = make(MAX_BODY=10)
    key, tone = "acme-secret-4711", "very high-pitched"
    hook_id = endpoints.put("acme\n& co", {"key": key, "tone": tone})
    off = endpoints.put("off", {"key": "k"}, enabled=False)
    monkeypatch.setattr(sys, "stdout", LogStream(sys.stdout))
    requests = [
        http_2(path=f"/e/{hook_id}/duck/a"),
        http_2(path=f"/e/{hook_id}/nowhere"),
        http_2(path=f"/e/{hook_id}/fail"),
        http_2(path=f"/e/{hook_id}/many/a", method="POST", body="x" * 11),
        http_2(path=f"/e/{hook_id}/a", body="?", is_base64=True),
        http_2(path=f"/e/{off}/duck/a"),
        http_2(path="/nowhere"),
    ]

    for event in requests:
        answer_event(application, event, None)

    printed, lines = capsys.readouterr()
    assert hook_id not in printed + lines
    assert off not in printed + lines
    assert key not in printed + lines
    assert tone not in lines
    assert printed == f"asked by {API}/e/***/fail ***\n"
    times = [line.split("\t")[3].rsplit(" ", 2)[0] for line in lines.splitlines() if " ms" in line]
    assert times == [
        "GET [acme & co] /duck/<name> 200",
        "GET [acme & co] - 404",
        "GET [acme & co] /fail 500",
        "POST /e/ 413",
        "GET /e/ 400",
        "GET - 404",
        "GET - 404",
    ]
    assert "\t[acme & co] fail.py failed\n" in lines
    assert f"RuntimeError: {API}/e/***/fail***" in lines


SQS = {
    "Records": [
        {
            "messageId": "1",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:jobs",
            "body": "{}",
        }
    ]
}
TICK = {"detail-type": "x", "source": "y", "detail": {}}


@pytest.mark.parametrize("public", [None, "https://hooks.example.com/dify"])
def test_mapped_events_go_to_the_endpoint_of_the_name(
    endpoints: FileEndpoints, make: Make, capsys: pytest.CaptureFixture[str], public: str | None
) -> None:
    application = make(
        EVENTS=[
            ("sqs", "/e/=Gr%C3%B6%C3%9Fe%2F1/many/a", None),
            ("eventbridge", "/e/=gone/many/b", None),
        ],
        PUBLIC_URL=public,
        SETTINGS_TTL=0,
    )
    hook_id = endpoints.put("Größe/1", {"key": "k"})
    base = public or "http://localhost"

    assert answer_event(application, SQS, None) == {"batchItemFailures": []}
    own = json.loads(Path("noted.json").read_text())
    assert own["url"] == own["hook_url"] == f"{base}/e/{hook_id}/many/a"
    assert (own["hook_id"], own["settings"]["key"]) == (hook_id, "k")

    with pytest.raises(EventFailed, match=r"POST /e/=gone/many/b answered 404"):
        answer_event(application, TICK, None)
    endpoints.put("Größe/1", {"key": "k"}, enabled=False)
    assert answer_event(application, SQS, None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert hook_id not in capsys.readouterr().err


def test_storage_is_the_plugins_or_the_endpoints(
    endpoints: FileEndpoints, make: Make, tmp_path: Path
) -> None:
    ids = [endpoints.put(name, {"key": "k"}) for name in ("a", "b")]
    kept: dict[str, list[str]] = {}
    for scope in ("plugin", "endpoint"):
        application = make(
            ENDPOINTS={**MANAGED, "storage": scope},
            STORAGE=("file", {"path": str(tmp_path / f"{scope}.sqlite")}),
        )
        for number, hook_id in enumerate(ids):
            event = http_2(method="POST", path=f"/e/{hook_id}/store", body=str(number))
            answer_event(application, event, None)
        replies = [answer_event(application, http_2(path=f"/e/{i}/store"), None) for i in ids]
        kept[scope] = [reply["body"] for reply in replies]
        # A rotated endpoint keeps its values, under whichever name.
        new = endpoints.put("c", {"key": "k"}, hook_id=make_hook_id(), space=ids[0])
        kept[scope].append(answer_event(application, http_2(path=f"/e/{new}/store"), None)["body"])

    assert kept == {"plugin": ["1", "1", "1"], "endpoint": ["0", "1", "0"]}
    stored = (tmp_path / "endpoint.sqlite").read_bytes()
    assert not any(each.encode() in stored for each in ids)


PUBLIC = "https://hooks.example.com:8443/dify"


@pytest.mark.parametrize("passed_on", ["", "/dify"])
@pytest.mark.parametrize("managed", [True, False])
def test_a_public_url(endpoints: FileEndpoints, make: Make, passed_on: str, managed: bool) -> None:
    hook_id = endpoints.put("acme", {"key": "k"})
    below = f"/e/{hook_id}" if managed else ""
    literals: dict[str, Any] = {} if managed else {"ENDPOINTS": None, "SETTINGS": ()}
    application = make(PUBLIC_URL=PUBLIC, **literals)

    seen = get(application, rest(path=f"{passed_on}{below}/duck/a", query={"q": ["1"]}))
    moved = answer_event(application, url(path=f"{passed_on}{below}/slash"), None)

    assert seen["url"] == f"{PUBLIC}{below}/duck/a?q=1"
    assert seen["hook_url"] == f"{PUBLIC}{below}/duck/a"
    assert seen["root"] == f"/dify{below}"
    assert moved["headers"]["Location"] == f"{PUBLIC}{below}/slash/"


def test_wsgi(endpoints: FileEndpoints, make: Make) -> None:
    """Behind a server, and so behind the adapters."""
    application = make()
    hook_id = endpoints.put("acme", {"key": "k"})
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/app",
        "PATH_INFO": f"/e/{hook_id}",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    body = application(environ, lambda status, headers: None)

    seen = json.loads(b"".join(body))
    assert seen["url"] == seen["hook_url"] == f"http://localhost/app/e/{hook_id}/"
    assert (seen["hook_id"], seen["settings"]["key"]) == (hook_id, "k")
