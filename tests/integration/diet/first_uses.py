"""Uses werkzeug as programs do, each use being the first; prints what came of it.

Run in a process of its own: `python first_uses.py FOLDER [loaded]`, FOLDER holding werkzeug. With
`loaded` it prints the modules that a request loads instead.
"""

from __future__ import annotations

import sys

sys.path.insert(0, sys.argv[1])

import io

import werkzeug
from werkzeug.wrappers import Request, Response


def environ(method: str = "GET", body: bytes = b"", **more: str) -> dict[str, object]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/duck/42",
        "QUERY_STRING": "a=1&b=%C3%A4",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        **more,
    }


def cold_request() -> None:
    request = Request(environ(HTTP_ACCEPT="*/*"))
    response = Response((part for part in ("42", " <br>")), content_type="text/html")
    print(request.method, request.path, request.headers["Accept"])
    print(response.status, list(response.iter_encoded()), response.headers)


def racing_threads() -> None:
    import threading

    import werkzeug.http as http

    makers = {
        "classes": lambda: id(http.COOP),
        "patterns": lambda: id(http._etag_re),
        "modules": lambda: id(http.datetime),  # type: ignore[attr-defined]
        "submodules": lambda: id(werkzeug.serving.run_simple),
        "class attributes": lambda: id(Request.form_data_parser_class),
        "properties": lambda: id(type(Response()).__dict__ and Response.cross_origin_opener_policy),
    }
    for name, make in makers.items():
        start = threading.Barrier(16)
        got: list[int] = []

        def use(make=make, start=start, got=got) -> None:  # type: ignore[no-untyped-def]
            start.wait()
            got.append(make())

        threads = [threading.Thread(target=use) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(got), len(set(got))) == (16, 1), (name, got)


def pickling_and_copies() -> None:
    import copy
    import pickle

    from werkzeug.datastructures import Accept, Headers, ImmutableMultiDict, MultiDict
    from werkzeug.http import COEP, COOP

    for value in (
        *(COEP.REQUIRE_CORP, COOP, Headers([("A", "b")]), MultiDict([("a", 1), ("a", 2)])),
        *(ImmutableMultiDict({"a": 1}), Accept([("a", 1.0)]), werkzeug.exceptions.NotFound),
        *(Request, Response, werkzeug.run_simple, werkzeug.http.parse_date),
    ):
        again = pickle.loads(pickle.dumps(value))
        assert again == value and type(again) is type(value), value
        assert copy.deepcopy(value) == value


def sources_and_tracebacks() -> None:
    import inspect
    import linecache
    import traceback

    from werkzeug.http import COOP, parse_age

    assert inspect.getsource(COOP).strip().startswith("class COOP(")
    assert inspect.getsource(parse_age).startswith("def parse_age(")
    assert inspect.getsource(Request.get_json).strip().startswith(("@t.overload", "def get_json("))
    assert inspect.getdoc(Response)
    assert inspect.getmodule(Response) is sys.modules[Response.__module__]
    try:
        werkzeug.http.dump_age("x")  # type: ignore[arg-type]
        raise AssertionError("no error")
    except ValueError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        assert frame.line == linecache.getline(frame.filename, frame.lineno or 0).strip()
        assert frame.name == "dump_age", frame


def bodies() -> None:
    form = Request(environ("POST", b"a=1&b=2", CONTENT_TYPE="application/x-www-form-urlencoded"))
    assert form.form.to_dict() == {"a": "1", "b": "2"}
    data = Request(environ("POST", b'{"a": [1]}', CONTENT_TYPE="application/json"))
    assert data.get_json() == {"a": [1]}
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
    )
    upload = Request(environ("POST", body, CONTENT_TYPE='multipart/form-data; boundary="x"'))
    assert (upload.files["f"].filename, upload.files["f"].read()) == ("a.txt", b"hello")
    upload.close()
    assert Request(environ()).args["b"] == "ä"


def queries() -> None:
    for query in (
        *("", "a=1&b=2", "a", "&&a=&b", "=x", "a=b=c", "a+b=c+d", "a;b", "a=%2", "a=%C3%A4+%2B"),
        *("a=%FF", "%FF=%C3", "a=%", "\u00c3\u00a4=\u00c3", "a=1&a=2", "a=\u00ff", " = ", "a=\n"),
    ):
        try:
            args = list(Request(environ(QUERY_STRING=query)).args.items(multi=True))
        except Exception as error:
            args = [(type(error).__name__, "")]
        kind = "application/x-www-form-urlencoded"
        try:
            body = query.encode("latin-1")
            form = list(Request(environ("POST", body, CONTENT_TYPE=kind)).form.items(multi=True))
        except Exception as error:
            form = [(type(error).__name__, "")]
        print(query.encode(), args, form)


def error_pages() -> None:
    from werkzeug.exceptions import (
        HTTPException,
        MethodNotAllowed,
        NotFound,
        abort,
        default_exceptions,
    )

    class Odd(HTTPException):
        code = 418
        description = "a <b> & 'c'\nd \u00e4"

    faults: list[HTTPException] = [cls() for cls in default_exceptions.values()]
    faults += [Odd(), HTTPException(), NotFound("plain"), NotFound("a\nb"), NotFound("<i>")]
    faults += [MethodNotAllowed(["GET", "PUT"])]
    faults += [NotFound(7), NotFound(b"x"), NotFound("")]  # type: ignore[arg-type]
    try:
        abort(404, "not <here>")
    except HTTPException as error:
        faults.append(error)
    for fault in faults:
        response = fault.get_response(environ())
        assert isinstance(response, Response)
        print(response.status, response.headers, response.get_data())
    from markupsafe import Markup

    print(NotFound(Markup("<b>")).get_body())


def headers() -> None:
    import datetime
    import inspect

    request = Request(
        environ(
            HTTP_COOKIE="a=b",
            HTTP_ACCEPT="text/html;q=0.5, */*",
            HTTP_AUTHORIZATION="Basic YTpi",
            HTTP_RANGE="bytes=0-1",
            HTTP_IF_NONE_MATCH='"e"',
            HTTP_IF_MODIFIED_SINCE="Thu, 01 Jan 1970 00:00:00 GMT",
            HTTP_CACHE_CONTROL="no-cache",
            HTTP_HOST="example.org:8080",
            HTTP_USER_AGENT="x",
        )
    )
    print(request.cookies, request.authorization, request.if_modified_since, request.url)
    print(request.user_agent, request.cache_control, request.range, request.if_none_match)
    print(request.accept_mimetypes, request.accept_mimetypes.best, request.host, request.is_secure)
    response = Response("x")
    response.set_cookie("a", "b c", expires=0)
    response.cross_origin_opener_policy = werkzeug.http.COOP.SAME_ORIGIN
    response.cache_control.max_age = 3
    response.last_modified = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    response.add_etag()
    print(response.headers.to_wsgi_list(), response.cross_origin_embedder_policy)
    print(type(inspect.getattr_static(Response, "cross_origin_opener_policy")).__name__)


def patches() -> None:
    from unittest import mock

    with mock.patch("werkzeug.http.http_date", lambda x: "patched"):
        assert werkzeug.http.http_date(1) == "patched"
    with mock.patch("werkzeug.http.sha1") as sha1:
        werkzeug.http.generate_etag(b"x")
    assert sha1.called
    with mock.patch.object(Request, "json_module") as module:
        Request(environ("POST", b"1", CONTENT_TYPE="application/json")).get_json()
    assert module.loads.called
    assert Request(environ("POST", b"1", CONTENT_TYPE="application/json")).get_json() == 1


if sys.argv[2:] == ["loaded"]:
    cold_request()
    print(*sorted(sys.modules))
else:
    for check in (
        *(cold_request, queries, error_pages, racing_threads, bodies, headers),
        *(pickling_and_copies,),
        *(sources_and_tracebacks, patches),
    ):
        print(check.__name__)
        check()
