"""Matching: werkzeug's rules, and HEAD."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from endpoint_runtime.routes.werkzeug_routes import make_map, match


def find(routes: list[tuple[str, str, str]], target: str, method: str = "GET") -> tuple[Any, Any]:
    """The source and values that a request matches."""
    environ = EnvironBuilder("/", "https://x.test/prod/", method=method).get_environ()
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    rule, values = match(make_map(routes), Request(environ))
    return rule.endpoint, values


A, B = "a.py", "b.py"


@pytest.mark.parametrize(
    "routes",
    [
        [("/x", "GET", A), ("/x", "HEAD", B)],
        [("/x", "HEAD", B), ("/x", "GET", A)],
        [("/<a>", "GET", A), ("/<b>", "HEAD", B)],
        [("/<string(length=1):a>", "GET", A), ("/<string(length=1):b>", "HEAD", B)],
    ],
)
def test_an_explicit_head_wins(routes: list[tuple[str, str, str]]) -> None:
    assert find(routes, "/x", "HEAD")[0] == B
    assert find(routes, "/x", "GET")[0] == A


def test_get_answers_head_otherwise() -> None:
    assert find([("/x", "GET", A), ("/y", "HEAD", B)], "/x", "HEAD") == (A, {})


@pytest.mark.parametrize(
    ("rule", "target", "values"),
    [
        ("/", "/", {}),
        ("/a", "//a", {}),
        ("/a", "///a", {}),
        ("/a/<b>", "/a/%2E", {"b": "."}),
        ("/a/<b>/c", "/a%2Fb/c", {"b": "b"}),
        ("/<path:p>", "/a/b%20c/d.e", {"p": "a/b c/d.e"}),
        ("/<int:n>", "/7", {"n": 7}),
        ("/{id}", "/{id}", {}),
        ("/.well-known/x.json", "/.well-known/x.json", {}),
        ("/<x>", "/caf%C3%A9", {"x": "caf\u00e9"}),
    ],
)
def test_matches(rule: str, target: str, values: dict[str, Any]) -> None:
    assert find([(rule, "GET", A)], target) == (A, values)


@pytest.mark.parametrize(
    ("rule", "target", "location"),
    [
        ("/a/", "/a?q=%20+", "https://x.test/prod/a/?q=%20+"),
        ("/a/b", "/a//b", "https://x.test/prod/a/b"),
    ],
)
def test_redirects_are_public_urls(rule: str, target: str, location: str) -> None:
    with pytest.raises(RequestRedirect) as caught:
        find([(rule, "GET", A)], target)

    assert (caught.value.new_url, caught.value.code) == (location, 308)


def test_method_not_allowed_names_the_others_in_order() -> None:
    routes = [("/a", method, A) for method in ("PUT", "POST", "GET", "DELETE")]

    with pytest.raises(MethodNotAllowed) as caught:
        find(routes, "/a", "OPTIONS")

    assert caught.value.valid_methods == ["DELETE", "GET", "HEAD", "POST", "PUT"]


def test_options_where_declared() -> None:
    assert find([("/a", "OPTIONS", A)], "/a", "OPTIONS") == (A, {})


def test_an_upgrade_header_or_an_odd_host_is_no_reason_to_fail() -> None:
    for headers in (
        {"Connection": "Upgrade", "Upgrade": "websocket"},
        {"Host": "a b"},
        {"Host": "x" * 100},
        {"Host": "\u00fc.test"},
    ):
        request = Request(EnvironBuilder("/a", headers=[*headers.items()]).get_environ())
        try:
            assert match(make_map([("/a", "GET", A)]), request)[0].endpoint == A
        except HTTPException as fault:
            assert fault.code in (400, 404)  # a host that is none
