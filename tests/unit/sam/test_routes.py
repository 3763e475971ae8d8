"""`routes = "declared"`: what a gateway is told of werkzeug rules, and that nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from packager.sam.route_segments import AnyText, Literal, Rest, gateway_segments
from packager.sam.routes import GatewayRoute, gateway_routes
from tests.support.template_builders import make_endpoint


@pytest.mark.parametrize(
    ("rule", "segments"),
    [
        ("/", ()),
        ("/a", (Literal("a"),)),
        ("/.well-known/x.json", (Literal(".well-known"), Literal("x.json"))),
        ("/duck/<app_id>", (Literal("duck"), AnyText("app_id"))),
        ("/<string:_a>", (AnyText("_a"),)),
        ("/<int:n>/b", (AnyText("n", "<int:n> takes only some texts"), Literal("b"))),
        ("/<any(a, 'b'):n>", (AnyText("n", "<any(a, 'b'):n> takes only some texts"),)),
        ("/<any('a/b', c):n>", (Rest("<any('a/b', c):n> may hold slashes"),)),
        ("/x<a>-<b>.json", (AnyText("a", "'x<a>-<b>.json' is only partly variable"),)),
        ("/files/<path:p>", (Literal("files"), Rest())),
        ("/<path:p>/edit", (Rest("<path:p> may hold slashes midway"),)),
        ("/f-<path:p>", (Rest("<path:p> may hold slashes"),)),
        ("/<own:p>", (Rest("<own:p> may hold slashes"),)),
        ("/a/b/", (Literal("a"), Rest("a trailing slash is not expressible"))),
        ("//a//b", (Literal("a"), Literal("b"))),
        ("//", ()),
        ("/{id}", (AnyText("part", "'{id}' holds characters that a gateway's route can't"),)),
        ("/@me", (AnyText("part", "'@me' holds characters that a gateway's route can't"),)),
    ],
)
def test_segments(rule: str, segments: tuple[object, ...]) -> None:
    assert gateway_segments(rule) == segments


def routes(*lines: str, rest: bool) -> list[str]:
    found = gateway_routes([make_endpoint(line) for line in lines], rest=rest)
    return [f"{route.method} {route.path}" for route in found]


@pytest.mark.parametrize("rest", [False, True])
def test_methods_of_one_path_and_head_for_get(rest: bool) -> None:
    found = routes("POST /a", "GET /", "GET /a", "OPTIONS /<b>/c", rest=rest)

    folded = [f"{method} /{{proxy+}}" for method in ("GET", "HEAD", "POST", "OPTIONS")]
    assert found == ["GET /", "HEAD /", *folded]


def test_http_keeps_literals_beside_variables() -> None:
    found = routes("POST /users/me", "GET /users/<id>", "PUT /users/<user>", rest=False)

    assert found == ["POST /users/me", "GET /users/{id}", "HEAD /users/{id}", "PUT /users/{id}"]


def test_rest_gives_a_literal_the_methods_of_the_variable_beside_it() -> None:
    endpoints = [make_endpoint(line) for line in ("POST /users/me", "DELETE /users/<id>")]

    found = gateway_routes(endpoints, rest=True)

    note = ("DELETE added: a REST API does not look further once a literal path fits",)
    assert found == (
        GatewayRoute("POST", "/users/me", note),
        GatewayRoute("DELETE", "/users/me", note),
        GatewayRoute("DELETE", "/users/{id}"),
    )


def test_what_could_be_mixed_up_is_folded_and_says_so() -> None:
    endpoints = [make_endpoint(line) for line in ("POST /a/<b>/c", "PUT /a/x/y", "PUT /b")]

    found = gateway_routes(endpoints, rest=False)

    note = (
        "widened for PUT /a/x/y, POST /a/<b>/c: "
        "a variable segment stands beside literal ones that go on",
    )
    assert found == (
        GatewayRoute("POST", "/a/{proxy+}", note),
        GatewayRoute("PUT", "/a/{proxy+}", note),
        GatewayRoute("PUT", "/b"),
    )


def test_names_of_variables_differ_within_a_path() -> None:
    found = routes("PUT /<a>/x/<b>", "PUT /<b>/y/<a>", "PUT /<b>/z/<proxy>", rest=False)

    assert found == ["PUT /{a}/x/{b}", "PUT /{a}/y/{a2}", "PUT /{a}/z/{proxy2}"]


@pytest.mark.parametrize("rest", [False, True])
def test_http_refuses_a_trailing_slash_and_both_take_the_variable_above(rest: bool) -> None:
    assert routes("POST /hook/", rest=rest) == ["POST /{proxy+}"]


PARTS = ("a", "b", "a.json", "<x>", "<int:n>", "<path:p>", "f-<y>", "@me", "")
rules = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
lines = st.tuples(st.sampled_from(("GET", "POST", "PUT")), rules)
texts = st.sampled_from(("a", "b", "a.json", "7", "f-1", "@me", ""))
# werkzeug sends `//a` to `/a`; a gateway with declared routes does not (docs/deploy.md).
paths = st.lists(texts, min_size=1, max_size=4).map(
    lambda parts: re.sub("//+", "/", "/" + "/".join(parts))
)


@pytest.mark.parametrize("rest", [False, True])
@given(st.lists(lines, min_size=1, max_size=5), paths, st.sampled_from(("GET", "HEAD", "POST")))
@example([("POST", "/a/b"), ("GET", "/a/<x>")], "/a/b", "GET")
@example([("GET", "/a/b/a"), ("GET", "/<path:p>")], "/a/b/b", "GET")
@example([("GET", "/a/")], "/a", "GET")
@example([("GET", "/a"), ("POST", "/<path:p>")], "/a/a", "POST")
def test_no_request_that_a_rule_takes_is_lost(
    rest: bool, declared: list[tuple[str, str]], path: str, method: str
) -> None:
    kept = [(verb, rule) for verb, rule in declared if len(set(names(rule))) == rule.count("<")]
    routing = Map([Rule(rule, methods=[verb]) for verb, rule in kept])

    found = gateway_routes([make_endpoint(f"{verb} {rule}") for verb, rule in kept], rest=rest)

    try:
        routing.bind("localhost").match(path, method=method)
    except RequestRedirect:  # `/a` for `/a/`
        pass
    except HTTPException:
        return
    assert passes(found, method, path, rest=rest), (found, method, path)


def names(rule: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", rule)


def passes(routes: tuple[GatewayRoute, ...], method: str, path: str, *, rest: bool) -> bool:
    """What the gateways do, at their strictest."""
    if not rest:
        return any(route.method == method and fits(route.path, path) for route in routes)
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for route in routes:
        node = tree
        for part in filter(None, route.path.split("/")):
            variables = [key for key in node if key.startswith("{")]
            assert not part.startswith("{") or variables in ([], [part])  # one variable only
            node = node.setdefault(part, {})
        node.setdefault("", {})[route.method] = {}
    node = tree
    parts = [] if path == "/" else path.split("/")[1:]
    for part in parts:  # literal first, and no way back
        variable = next((key for key in node if key.startswith("{")), None)
        if part and part in node:
            node = node[part]
        elif variable is None or (not part and variable != "{proxy+}"):
            return False
        else:
            node = node[variable]
            if variable == "{proxy+}":
                break
    return method in node.get("", {})


def fits(route: str, path: str) -> bool:
    pattern = "".join(
        ".+" if part == "{proxy+}" else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]*\})", route)
    )
    return re.fullmatch(pattern, path) is not None
