"""Any event at all: real payloads with parts taken out, mixed, blown up; and what must hold.

Whatever comes, the handler answers with a reply in the form of the event's source, or refuses what
is not an HTTP request by name; it takes at most a second for 100 KB; nothing it logs is a
traceback; and an ordinary request right afterwards is answered as ever.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from dify_plugin import Endpoint
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.app.mapped_events import EventFailed
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.replies import MAX_REPLY
from endpoint_runtime.gateway.unknown_events import source_of
from endpoint_runtime.json_codec import decode_json, encode_json
from tests.support.builders import alb, bundle_module, http_1, http_2, rest, url
from tests.support.timing import slowness

Event = Any
Make = Callable[..., dict[str, Any]]
FILES = Path(__file__).resolve().parents[1] / "events"
POST: dict[str, Any] = {"method": "POST", "body": "YT1iJmM9ZA==", "is_base64": True}
BASES: list[dict[str, Any]] = [
    *(json.loads(path.read_text(encoding="utf-8")) for path in sorted(FILES.glob("*.json"))),
    *(make(**POST) for make in (http_1, http_2, rest, url, alb)),
    rest(method="HEAD") | {"body": "no base64", "isBase64Encoded": True},
    url(cookies=["a=1", "b=2"], headers={"cookie": "a=1; b=2"}),
    alb(multi_value=True, headers={"x-forwarded-for": ["192.0.2.1, 192.0.2.2:80"]}),
    http_2(stage="prod", path="/prod/a", domain="api.example.com", route="GET /{p+}"),
]


def _deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


TEXTS = (
    *("", " ", "/", "//", "/a", "a", "%", "%zz", "/%2f%00", "\r\nX-A: 1", "\0", "\u00e9", "\ud800"),
    *("GET", "HEAD", "get", "POST", "\nGET", "1.0", "2.0", "$default", "prod", "{p+}", "ANY /{p+}"),
    *("chunked", "gzip;q=0.1, *", "text/plain; charset=\u00e9", "multipart/form-data; boundary="),
    *(
        "Basic ====",
        "bytes=0-,-1",
        "a=1; b",
        "\x1b[2J",
        "https",
        "gopher, http",
        "0",
        "999999999999",
    ),
    *(
        "x.test:99999",
        "[::1",
        "[::1]:80",
        "a" * 300,
        "/" * 300,
        "..;/" * 50,
        "aws:sqs",
        "YQ==",
        "Y",
    ),
    *("abc.lambda-url.eu-west-1.on.aws", "a,b" * 100, "192.0.2.1, [::1]:80", "REQUEST", "\u017f"),
)
JUNK: tuple[Any, ...] = (
    *TEXTS,
    *(None, True, False, 0, 1, -1, 10**400, 1e308, [], {}, [None], [[]], {"a": None}, {"": ""}),
    *(["a", "b"], {"a": ["b", 1, None]}, {"a": {"b": {}}}, _deep(300), ["\ud800"], {"\ud800": "a"}),
)
NAMES = (
    *("httpMethod", "path", "rawPath", "version", "requestContext", "headers", "multiValueHeaders"),
    *("body", "isBase64Encoded", "cookies", "rawQueryString", "queryStringParameters", "resource"),
    *("multiValueQueryStringParameters", "pathParameters", "routeKey", "http", "elb", "stage"),
    *("domainName", "identity", "method", "protocol", "sourceIp", "authorizer", "authentication"),
    *("customDomain", "basePathMatched", "resourceId", "connectionId", "type", "methodArn"),
    *(
        "Records",
        "eventSource",
        "EventSource",
        "Sns",
        "detail-type",
        "source",
        "event",
        "messageId",
    ),
    *(
        "host",
        "Host",
        "cookie",
        "Content-Type",
        "content-length",
        "X-Forwarded-For",
        "X_Y",
        "range",
    ),
    *(
        "x-forwarded-proto",
        "X-Forwarded-Port",
        "accept-encoding",
        "Transfer-Encoding",
        "\u017f",
        "",
    ),
    *(
        "if-none-match",
        "Authorization",
        "Dify-Hook-Url",
        "X-Original-Host",
        "expect",
        "\r\nX",
        "date",
    ),
)


def _places(value: object, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    if isinstance(value, dict):
        for key in value:
            found.append((value, key))
            _places(value[key], found)
    elif isinstance(value, list):
        for index in range(len(value)):
            found.append((value, index))
            _places(value[index], found)
    return found


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any document, most of them nearly an event."""
    event: Any = copy.deepcopy(BASES[draw(st.integers(0, len(BASES) - 1))])
    if draw(st.integers(0, 9)) == 0:  # two in one
        other = copy.deepcopy(BASES[draw(st.integers(0, len(BASES) - 1))])
        context = {**_context(event), **_context(other)}
        event |= {key: other[key] for key in other if draw(st.booleans())}
        event["requestContext"] = context
    for _ in range(draw(st.integers(0, 4))):
        places = _places(event, [])
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        what = draw(st.integers(0, 5))
        if what == 0:
            del container[key]
        elif what == 1 and isinstance(container, dict):
            container[draw(st.sampled_from(NAMES))] = container[key]
        elif what == 2:
            container[key] = draw(st.text(max_size=20))
        elif what == 3 and isinstance(container[key], str):
            container[key] = container[key] + draw(st.sampled_from(TEXTS))
        elif what == 4 and isinstance(container, dict):
            container[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        else:
            container[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return draw(st.sampled_from(JUNK)) if draw(st.integers(0, 99)) == 0 else event


def _context(event: dict[str, Any]) -> dict[str, Any]:
    context = event.get("requestContext")
    return context if isinstance(context, dict) else {}


def _makers() -> Iterator[tuple[str, Callable[[int], Event]]]:
    """What makes each part of an event so many times as large."""
    makes: dict[str, Make] = {"rest": rest, "url": url, "http": http_2}
    for name, make in makes.items():
        for part in ("/", "/a", "%2F", "%41", "\u00e9", "a/../", "%"):
            yield f"{name} path {part}", _path(make, part)
    for part in ("&", "a=b&", "%zz", "a=%41&", "\u00e9", ";", "="):
        yield f"query {part}", _query(part)
    yield "parameters", lambda n: rest(query=_many(n))
    yield "a parameter's values", lambda n: rest(query={"a b\u00e9": ["b c"] * n})
    yield "parameters of a load balancer", lambda n: alb(query=_many(n), multi_value=True)
    yield "headers", lambda n: rest(headers=_many(n))
    yield "headers, 2.0", lambda n: url(headers=dict.fromkeys(_many(n), "b"))
    yield "headers beyond ASCII", lambda n: url(headers={"\u00e9" + k: "\u00e9" for k in _many(n)})
    yield "a header's values", lambda n: rest(headers={"X-A": ["b"] * n})
    yield "hosts", lambda n: rest(headers={"Host": ["b"] * n})
    yield "cookies", lambda n: url(cookies=["a=b"] * n)
    for name in ("accept", "cookie", "range", "if-none-match", "authorization", "accept-encoding"):
        for part in (",", "a;q=1,", ";", '"', "a=b; ", "\\", " ", "bytes=0-1,", "W/"):
            yield f"{name} {part}", _header(name, "", part)
    for part in ("a/b;", "; boundary=a", "; charset=", '"', " "):
        yield f"type {part}", _header("content-type", "multipart/form-data", part)
    yield "hops", lambda n: alb(headers={"x-forwarded-for": ["::1," * n]}, multi_value=True)
    yield "forwarded", lambda n: url(headers={"x-forwarded-proto": "http," * n, "host": ":" * n})
    yield "body", lambda n: url(method="POST", body="a=b&" * n)
    yield "base64", lambda n: url(method="POST", body="YWFh" * n, is_base64=True)
    yield "no base64", lambda n: url(method="POST", body="YWFh" * n + "=", is_base64=True)
    route: dict[str, Any] = {"domain": "a.test", "parameters": {"a": "b"}}
    yield "route", lambda n: http_2(route="GET " + "/{a}" * n, **route)
    own: dict[str, Any] = {"domain": "a.test", "whole": "/a"}
    yield "resource", lambda n: rest(resource="/{proxy}" * n, path="/a" * n, **own)
    record = {"eventSource": "aws:sqs", "messageId": "1"}
    yield "records", lambda n: {"Records": [record] * n}
    yield "keys", lambda n: dict.fromkeys(_many(n), 1)


def _path(make: Make, part: str) -> Callable[[int], Event]:
    return lambda n: make(path="/" + part * n)


def _query(part: str) -> Callable[[int], Event]:
    return lambda n: url(query=part * n)


def _header(name: str, start: str, part: str) -> Callable[[int], Event]:
    return lambda n: url(**POST, headers={name: start + part * n})


def _many(count: int) -> dict[str, list[str]]:
    return {f"a{number}": ["b"] for number in range(count)}


LARGE = dict(_makers())


def large(title: str, size: int) -> Event:
    """An event of about `size` bytes as JSON, most of them in what `title` says."""
    make = LARGE[title]
    few, more = (len(encode_json(make(count))) for count in (10, 20))
    return make(max((size - few) * 10 // max(more - few, 1), 1))


class Reader(Endpoint):
    """Reads all that a request has, and sends some of it back."""

    def _invoke(self, r: Request, values: Any, settings: Any) -> Response:
        seen = [r.method, r.path, r.url, r.base_url, r.root_url, r.host, r.remote_addr, r.mimetype]
        maps = [*r.args.items(multi=True), *r.headers.items(), *r.cookies.items(multi=True)]
        parsed: list[Any] = [
            r.accept_mimetypes,
            r.accept_languages,
            r.authorization,
            r.cache_control,
            r.range,
        ]
        parsed += [r.if_none_match, r.if_range, r.content_length, r.access_route, r.date]
        body = r.get_data()
        response = Response(body, content_type=r.headers.get("X-Type", "text/plain"))
        response.headers["X-Read"] = str(len(repr([seen, maps, parsed, *r.form.items()])))
        return response


def applications() -> list[Application]:
    """The same endpoint with the options that change how an event is answered."""
    rules = ("/", "/<path:p>", "/orders/<int:n>", "/a")
    routes = [(rule, method, "e") for rule in rules for method in ("GET", "POST")]
    mapped = [("sqs", "/a", None), ("sns", "/a", None), ("eventbridge", "/a", None)]
    many: list[dict[str, Any]] = [
        {},
        {"GZIP": True, "TEXT_TYPES": ("image/*",), "BASE_PATH": "/v1", "MAX_BODY": 100},
        {"ERRORS": "dify", "BINARY_TYPES": ("text/*",)},
        {"EVENTS": mapped},
    ]
    made = [Application(bundle_module(ROUTES=routes, **each), "/") for each in many]
    for each in made:
        each._classes["e"] = Reader
    return made


class Failure(AssertionError):
    """What must hold does not."""


def check_reply(source: str, event: dict[str, Any], reply: dict[str, Any]) -> None:
    """Raise `Failure` unless `reply` is one that the event's source takes."""
    status, body, is_base64 = reply["statusCode"], reply["body"], reply["isBase64Encoded"]
    expected = {200, 206, 304, 308, 400, 404, 405, 413, 415}
    sent = event.get("body")
    if isinstance(sent, str) and len(sent) * 4 / 3 > MAX_REPLY:  # too large as base64
        expected.add(500)
    if type(status) is not int or status not in expected:
        raise Failure(f"status {status!r}")
    many = reply.get("multiValueHeaders", {})
    one = reply.get("headers", {})
    keys = {"statusCode", "body", "isBase64Encoded"}
    if source == "alb":
        keys |= {
            "statusDescription",
            "multiValueHeaders" if event.get("multiValueHeaders") else "headers",
        }
    elif source in ("url", "http-2.0"):
        keys |= {"headers"} | ({"cookies"} & reply.keys())
    else:
        keys |= {"headers"} | ({"multiValueHeaders"} & reply.keys())
    if reply.keys() != keys:
        raise Failure(f"keys {sorted(reply)}")
    values = [*one.values(), *(value for every in many.values() for value in every)]
    for text in [*one, *many, *values, *reply.get("cookies", ())]:
        if not isinstance(text, str) or "\r" in text or "\n" in text:
            raise Failure(f"header {text!r}")
    if not isinstance(body, str) or type(is_base64) is not bool:
        raise Failure("body")
    if is_base64:
        base64.b64decode(body, validate=True)
    encode_json(reply).decode("utf-8")


def check_nothing_is_guessed(event: dict[str, Any], reply: dict[str, Any]) -> None:
    """Raise `Failure` if an endpoint was run for an event that lacks what a request has."""
    http = _context(event).get("http")
    http = http if isinstance(http, dict) else {}
    methods = [each for each in (event.get("httpMethod"), http.get("method")) if each]
    paths = [event.get("path"), event.get("rawPath"), http.get("path")]
    if "type" in event and ("methodArn" in event or "routeArn" in event):
        raise Failure("an authorizer's question is answered")
    if reply["statusCode"] != 400 and not any(isinstance(each, str) for each in methods):
        raise Failure("a method was guessed")
    if reply["statusCode"] != 400 and not any(isinstance(each, str) for each in paths):
        raise Failure("a path was guessed")
    if methods == ["HEAD"] and reply["body"]:
        raise Failure("a HEAD is answered with a body")


WITNESS = url(path="/orders/1", query="a=b", headers={"x-type": "text/html"}, **POST)


class Fuzz:
    """Hands events to applications, and the witness after each."""

    def __init__(self) -> None:
        self.applications = applications()
        self.log = io.StringIO()
        self.count = 0
        self.replies: dict[int | str, int] = {}
        with self.quiet():
            self.expected = [answer_event(each, WITNESS, None) for each in self.applications]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        with redirect_stderr(self.log):
            yield

    def check(self, event: Event) -> None:
        """Raise `Failure` for an event after which something does not hold."""
        data = json.dumps(event).encode()
        event = decode_json(data)  # as the loop has it
        number = self.count % len(self.applications)
        self.count += 1
        application = self.applications[number]
        self.log.seek(0)
        self.log.truncate()
        started = time.thread_time()
        with self.quiet():
            kind = self._answer(application, event)
            seconds = time.thread_time() - started
            witness = answer_event(application, WITNESS, None)
        self.replies[kind] = self.replies.get(kind, 0) + 1
        allowed = max(1.0, len(data) / 100_000)
        if seconds > allowed * slowness(seconds > allowed):
            raise Failure(f"{seconds:.1f} s for {len(data)} bytes")
        if witness != self.expected[number]:
            raise Failure(f"the witness is answered {witness}")
        if "Traceback" in self.log.getvalue():
            raise Failure(self.log.getvalue())

    def _answer(self, application: Application, event: Event) -> int | str:
        try:
            source = source_of(event)
        except NotAnHttpEvent:
            source = ""
        try:
            reply = answer_event(application, event, None)
        except (NotAnHttpEvent, EventFailed) as refusal:
            if source:
                raise Failure(f"an event of {source} is refused: {refusal}") from None
            return type(refusal).__name__
        if not source:
            if reply.keys() - {"batchItemFailures"}:
                raise Failure(f"the reply to what is not a request: {reply}")
            return "event"
        check_reply(source, event, reply)
        status: int = reply["statusCode"]
        check_nothing_is_guessed(event, reply)
        return status
