"""What goes into the treated package: names made once, by whichever thread comes first."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import types
import typing
from collections.abc import Iterator
from http import HTTPStatus
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.sansio.response import Response as SansResponse
from werkzeug.wrappers import Request, Response

from packager.dependencies.diet import deferred


@pytest.fixture
def module() -> Iterator[Any]:
    """A module with deferred names."""
    made = ModuleType("treated")
    made.made = []  # type: ignore[attr-defined]
    lazy = deferred.Lazy(made.__dict__, "sub")
    lazy["dumps"] = ("json", "dumps")
    lazy["path"] = ("os.path", "")
    lazy["os"] = ("os.path",)
    lazy["word"] = lambda: made.made.append(1) or object()
    made.lazy = lazy  # type: ignore[attr-defined]
    made.__dict__["__builtins__"] = deferred.Builtins(made.__dict__)
    sys.modules["treated"] = made
    yield made
    del sys.modules["treated"]


def test_names_come_when_used(module: Any) -> None:
    import json
    import os

    assert "dumps" not in vars(module)
    assert module.dumps is json.dumps
    assert vars(module)["dumps"] is json.dumps
    assert (module.lazy.path, module.lazy.os) == (os.path, os)
    assert module.word is module.lazy.word is module.word
    assert module.made == [1]


def test_dir_says_what_it_said_before(module: Any) -> None:
    dunder = [name for name in dir(ModuleType("plain")) if name != "__builtins__"]
    names = ["dumps", "lazy", "made", "os", "path", "sub", "word", "__builtins__"]
    assert dir(module) == sorted([*dunder, *names])


def test_star_import_gives_deferred_names(module: Any) -> None:
    del module.__dict__["_lazy_names"]["sub"]
    namespace: dict[str, object] = {}
    exec("from treated import *", namespace)
    assert {"dumps", "os", "path", "word"} <= set(namespace)


def test_patches_reach_the_code_and_go_again(module: Any) -> None:
    import json

    with mock.patch("treated.dumps", "patched"):
        assert module.lazy.dumps == "patched"
    assert module.lazy.dumps is module.dumps is json.dumps


def test_threads_get_the_same_object(module: Any) -> None:
    barrier = threading.Barrier(8)
    got = []

    def make() -> object:
        made = object()
        barrier_wait.wait(0.01)
        return made

    barrier_wait = threading.Event()
    module.lazy["slow"] = make

    def use() -> None:
        barrier.wait()
        got.append(module.slow)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1
    assert len(got) == 8


def test_annotations_find_deferred_names(module: Any) -> None:
    module.lazy["t"] = ("typing",)
    exec("def f(x: 't.Any', y: 'int') -> 'missing': ...", module.__dict__)
    with pytest.raises(NameError, match="'missing'"):
        typing.get_type_hints(module.f)
    module.missing = str
    assert typing.get_type_hints(module.f) == {"x": Any, "y": int, "return": str}


def test_a_class_attribute_becomes_the_plain_one() -> None:
    class A:
        plain = deferred.attribute(lambda: len(made.append(1) or made) + 6)  # type: ignore[func-returns-value]

    made: list[int] = []

    class B(A):
        pass

    a, own = B(), B()
    own.__dict__["plain"] = 8
    assert (own.plain, made) == (8, [])
    assert (a.plain, B.plain, super(B, a).plain, A.__dict__["plain"]) == (7, 7, 7, 7)
    assert made == [1]


def test_a_set_class_attribute_stays_set() -> None:
    class A:
        plain: Any = deferred.attribute(lambda: 7)

    placeholder = A.__dict__["plain"]
    A.plain = 9
    assert placeholder.__get__(None, A) == 9


@pytest.mark.parametrize("first", ["get", "set", "delete", "class"])
def test_a_property_becomes_the_plain_one(first: str) -> None:
    class A:
        value = deferred.data_attribute(
            lambda: property(
                lambda self: self.log,
                lambda self, x: self.log.append(x),
                lambda self: self.log.clear(),
            )
        )

        def __init__(self) -> None:
            self.log = [1]

    a = A()
    if first == "get":
        assert a.value == [1]
    elif first == "set":
        a.value = 2
        assert a.log == [1, 2]
    elif first == "delete":
        del a.value
        assert a.log == []
    else:
        assert isinstance(A.value, property)
    assert type(A.__dict__["value"]) is property


def test_a_subscript_is_what_builtin_classes_give() -> None:
    class A(deferred.Subscriptable):
        pass

    alias: Any = A.__class_getitem__(int)
    B: Any = types.new_class("B", (alias,))
    assert (alias.__origin__, alias.__args__, type(alias)) == (A, (int,), types.GenericAlias)
    assert B.__bases__ == (A,)


def test_update_wrapper_is_that_of_functools() -> None:
    def wrapped(x: int) -> int:
        """Say something."""
        return x

    wrapped.extra = 1  # type: ignore[attr-defined]

    def wrapper() -> None: ...

    def other() -> None: ...

    deferred.update_wrapper(wrapper, wrapped)
    functools.update_wrapper(other, wrapped)
    names = (*functools.WRAPPER_ASSIGNMENTS, "__dict__", "__wrapped__", "__annotations__")
    have = [name for name in names if hasattr(other, name)]
    assert [getattr(wrapper, n) for n in have] == [getattr(other, n) for n in have]


@given(st.text(alphabet=st.sampled_from("ab \t\n\r")))
def test_cleandoc_is_that_of_inspect(text: str) -> None:
    plain = text.replace("\r", "a")  # inspect's strip differs between versions on other blanks
    assert deferred.cleandoc(plain) == inspect.cleandoc(plain)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"REQUEST_METHOD": "get", "SERVER_NAME": "h", "SERVER_PORT": "443", "PATH_INFO": "//a/"},
        {"SERVER_NAME": "/run/socket", "SERVER_PORT": "", "SCRIPT_NAME": "/a/", "PATH_INFO": ""},
        {
            "SERVER_NAME": "h",
            "SCRIPT_NAME": "/\xc3\xa9",
            "PATH_INFO": "/\xff",
            "QUERY_STRING": "\xe9",
        },
        {"wsgi.url_scheme": "https", "REMOTE_ADDR": "203.0.113.9", "SCRIPT_NAME": None},
    ],
)
def test_a_request_begins_as_werkzeugs(environ: dict[str, Any]) -> None:
    expected = vars(Request(environ, populate_request=False))
    request = Request.__new__(Request)

    deferred.begin_request(request, environ, headers := EnvironHeaders(environ))

    found = {**vars(request), "environ": environ, "shallow": False}
    assert found == expected
    assert [*found] == [*expected]
    assert request.headers is headers


@pytest.mark.parametrize("status", [None, 200, 404, 299, "200 OK", True, HTTPStatus.CREATED])
@pytest.mark.parametrize("mimetype", [None, "text/html", "application/json", "image/svg+xml", "x"])
@pytest.mark.parametrize("content_type", [None, "text/css", "a\nb", 7])
def test_a_response_begins_as_werkzeugs_or_not_at_all(
    status: Any, mimetype: str | None, content_type: Any
) -> None:
    given = {"status": status, "mimetype": mimetype, "content_type": content_type}
    for _ in range(2):  # what is not known is learned
        response = Response.__new__(Response)
        begun = deferred.begin_response(response, status, mimetype, content_type)
        if not begun:
            assert vars(response) == {}
            continue
        expected = Response.__new__(Response)
        SansResponse.__init__(expected, **given)
        assert vars(response) == vars(expected)
        assert type(response.headers) is Headers

    usual = type(status) is int and status in HTTP_STATUS_CODES
    assert begun == ((status is None or usual) and content_type in (None, "text/css"))


@pytest.mark.parametrize(
    "headers",
    [
        Headers(),
        Headers([("Content-Type", "text/html")]),
        Headers([("Content-Length", "1")]),
        Headers([("content-length", "1"), ("A", "b"), ("Content-Length", "2")]),
    ],
)
def test_a_length_is_set_as_by_the_headers(headers: Headers) -> None:
    expected = headers.copy()
    expected["Content-Length"] = "3"

    deferred.set_length(headers, "3")

    assert [*headers] == [*expected]
