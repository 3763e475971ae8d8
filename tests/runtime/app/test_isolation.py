"""Nothing of a request is seen by another; what plugins do to what they get works."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import Bundle, endpoint, http_2, url

MakeApplication = Callable[..., Application]


def call(application: Application, path: str, query: str = "") -> Any:
    """Serve a GET as WSGI; the body as JSON."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
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
    statuses: list[str] = []
    body = application(environ, lambda status, headers: statuses.append(status))
    content = b"".join(body)
    body.close()  # type: ignore[attr-defined]
    assert statuses == ["200 OK"], content
    return json.loads(content)


# Writes into all that it gets, waits for the others, and says what is there.
WRITER = """
import json, time
mine = r.args["n"]
settings["token"] += mine
settings["deep"]["list"].append(mine)
settings["new"] = mine
values["extra"] = mine
self.mine = r.mine = self.session.mine = mine
self.session.app_id = mine
BARRIER.wait(20)
return Response(json.dumps([
    settings, values, self.mine, r.mine, self.session.mine, self.session.app_id,
    self.session.session_id, id(self), id(self.session),
]))
"""


def test_requests_at_once_share_nothing(make_application: MakeApplication) -> None:
    threads_at_once = 8
    source = f"import threading\nBARRIER = threading.Barrier({threads_at_once})\n"
    application = make_application(
        {"w.py": source + endpoint(WRITER)},
        ROUTES=(("/<a>", "GET", "w.py"),),
        SETTINGS=({"name": "token", "type": "secret-input"}, {"name": "deep", "type": "any"}),
        SOURCES={"token": ("literal", "t"), "deep": ("literal", {"list": ["d"]})},
    )
    found: dict[str, Any] = {}

    def ask(number: str) -> None:
        found[number] = call(application, f"/{number}", f"n={number}")

    for _ in range(3):  # threads that served before, too
        threads = [threading.Thread(target=ask, args=(str(n),)) for n in range(threads_at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == threads_at_once
        for number, (settings, values, *marks, session_id, _, _) in found.items():
            assert settings == {
                "token": f"t{number}",
                "deep": {"list": ["d", number]},
                "new": number,
            }
            assert values == {"a": number, "extra": number}
            assert marks == [number] * 4
            assert len(session_id) == 32
        for at in (-1, -2, -3):  # sessions, instances and ids are all different
            assert len({json.dumps(each[at]) for each in found.values()}) == threads_at_once
        found.clear()


def test_one_after_the_other(make_application: MakeApplication) -> None:
    left = """
import json
seen = [hasattr(self.session, "mine"), hasattr(r, "mine"), hasattr(self, "mine"), dict(settings)]
self.session.mine = r.mine = self.mine = settings["mine"] = 1
return Response(json.dumps(seen))
"""
    application = make_application({"l.py": endpoint(left)}, ROUTES=(("/", "GET", "l.py"),))

    for _ in range(2):
        assert call(application, "/") == [False, False, False, {}]


def test_a_session_that_is_kept(make_application: MakeApplication) -> None:
    """Registries and threads keep sessions: they stay what they were, and still answer."""
    source = "KEPT = []\n" + endpoint(
        "KEPT.append(self.session)\n"
        "KEPT[0].storage.set('n', str(len(KEPT)).encode())\n"
        "return Response('%s %s' % (KEPT[0] is self.session, self.session.storage.get('n')))"
    )
    application = make_application({"k.py": source}, ROUTES=(("/", "GET", "k.py"),))

    replies = [answer_event(application, url(path="/"), None)["body"] for _ in range(2)]

    assert replies == ["True b'1'", "False b'2'"]


ENDPOINTS = {
    "an overridden __init__": """
class E(Endpoint):
    def __init__(self, session):
        super().__init__(session=session)
        self.greeting = "hi"
    def _invoke(self, r, values, settings):
        return Response(f"{self.greeting} {self.session.endpoint_id} {r.path}")
""",
    "an __init__ of any arguments": """
class E(Endpoint):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.greeting = "hi"
    def _invoke(self, request, values, settings):
        return Response(f"{self.greeting} {self.session.endpoint_id} {request.path}")
""",
    "a mixin": """
class Greets:
    greeting = "hi"
    def answer(self, request):
        return Response(f"{self.greeting} {self.session.endpoint_id} {request.path}")
class E(Greets, Endpoint):
    def _invoke(self, req, path_values, group_settings):
        return self.answer(req)
""",
    "an abstract base of one's own": """
from abc import abstractmethod
import base
class E(base.Base):
    def greet(self):
        return "hi"
""",
    "parameters by position only, and annotations that need imports": """
from __future__ import annotations
from collections.abc import Mapping
class E(Endpoint):
    greeting: str = "hi"
    def _invoke(self, r: Request, values: Mapping, settings: Mapping, /) -> Response:
        return Response(f"{self.greeting} {self.session.endpoint_id} {r.path}")
""",
    "a decorated method": """
import functools
def noted(method):
    @functools.wraps(method)
    def call(self, *args, **kwargs):
        return method(self, *args, **kwargs)
    return call
class E(Endpoint):
    @noted
    def _invoke(self, r, values, settings):
        return Response(f"hi {self.session.endpoint_id} {r.path}")
""",
    "slots, and a class attribute of the session's name": """
class E(Endpoint):
    session = None
    __slots__ = ("greeting",)
    def _invoke(self, r, values, settings):
        self.greeting = "hi"
        return Response(f"{self.greeting} {self.session.endpoint_id} {r.path}")
""",
}
BASE = """
from abc import abstractmethod
import dify_plugin
from werkzeug import Response
class Base(dify_plugin.Endpoint):
    @abstractmethod
    def greet(self): ...
    def _invoke(self, r, values, settings):
        return Response(f"{self.greet()} {self.session.endpoint_id} {r.path}")
"""


@pytest.mark.parametrize("name", ENDPOINTS)
def test_classes_of_every_shape(make_application: MakeApplication, name: str) -> None:
    head, source = "", ENDPOINTS[name]
    if "from __future__" in source:
        head = "from __future__ import annotations\n"
        source = source.replace(head, "")
    text = head + "from dify_plugin import Endpoint\nfrom werkzeug import Request, Response\n"
    files = {"e.py": text + source, "base.py": BASE}
    application = make_application(files, ROUTES=(("/a", "GET", "e.py"),))

    reply = answer_event(application, http_2(path="/a"), None)

    assert (reply["statusCode"], reply["body"]) == (200, "hi TestFunction /a")


# Top-level names that plugins use; each says where it is from.
GENERIC = (
    *("utils", "models", "services", "storage", "const", "helpers", "tools", "config", "common"),
    *("core", "api", "app", "client", "handlers", "settings", "events", "loop", "report"),
    *("routing", "worker", "backends", "sources", "dify", "aws", "errors", "entities"),
    *("invocations", "plugin_", "endpoints"),
)


@pytest.mark.parametrize("kind", ["module", "package", "namespace"])
def test_generic_names_are_the_plugins(bundle: Callable[..., Bundle], kind: str) -> None:
    shape = {"module": "{}.py", "package": "{}/__init__.py", "namespace": "{}/inner.py"}[kind]
    files = {shape.format(name): f"NAME = {name!r}\n" for name in GENERIC}
    inner = ".inner" if kind == "namespace" else ""
    imports = "".join(f"from {name}{inner} import NAME as of_{name}\n" for name in GENERIC)
    uses = f"return Response(','.join([{', '.join(f'of_{name}' for name in GENERIC)}]))"
    made = bundle({**files, "e.py": imports + endpoint(uses)}, ROUTES=(("/", "GET", "e.py"),))

    done = made.run(
        "import sys\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(handler({url(path='/')!r}, None)['body'])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )

    assert done.stdout.splitlines()[0] == ",".join(GENERIC), done.stderr
    modules = done.stdout.splitlines()[1]
    assert {"endpoint_runtime", "dify_plugin"} <= set(modules.split())


def test_a_module_is_one_however_it_is_imported(make_application: MakeApplication) -> None:
    """By endpoints, by siblings, relatively and by name: its state is seen by all of them."""
    files = {
        "endpoints/one.py": "from .state import SEEN\n"
        + endpoint("SEEN.append('one')\nreturn Response(' '.join(SEEN))"),
        "endpoints/two.py": "import endpoints.state as state\nfrom endpoints import one\n"
        + endpoint("state.SEEN.append('two')\nreturn Response(' '.join(one.SEEN))"),
        "endpoints/state.py": "SEEN = []\n",
    }
    routes = (("/one", "GET", "endpoints/one.py"), ("/two", "GET", "endpoints/two.py"))
    application = make_application(files, ROUTES=routes)

    bodies = [
        answer_event(application, url(path=path), None)["body"] for path in ("/one", "/two", "/one")
    ]

    assert bodies == ["one", "one two", "one two one"]
