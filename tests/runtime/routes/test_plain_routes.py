"""Plain matching says what werkzeug's Map says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from endpoint_runtime.routes.plain_routes import PlainRoutes, is_plain_host
from endpoint_runtime.routes.werkzeug_routes import make_map, match
from tests.support.generated import examples

Routes = list[tuple[str, str, str]]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]


def by_map(routes: Routes, method: str, path: str) -> tuple[str, str, dict[str, object]] | None:
    """What the Map says: the rule, its source and the values, None for anything but a match."""
    environ = EnvironBuilder("/", "https://x.test", method=method).get_environ()
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    try:
        rule, values = match(make_map(routes), Request(environ))
    except HTTPException:
        return None
    return rule.rule, rule.endpoint, values


def by_plain_routes(
    routes: Routes, method: str, path: str
) -> tuple[str, str, dict[str, str]] | None:
    found = PlainRoutes(routes).find(method, "/" + path.lstrip("/"))
    return found and (found[0].rule, found[0].source, found[1])


def refused_by_map(routes: Routes, method: str, path: str) -> set[str] | None:
    """What the Map refuses: the methods of a 405, none for a 404; None for anything else."""
    environ = EnvironBuilder("/", "https://x.test", method=method).get_environ()
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    try:
        match(make_map(routes), Request(environ))
    except NotFound:
        return set()
    except MethodNotAllowed as fault:
        return set(fault.valid_methods or ())
    except HTTPException:
        return None
    return None


def refused_plainly(routes: Routes, method: str, path: str) -> set[str] | None:
    return PlainRoutes(routes).refusal(method, "/" + path.lstrip("/"))


# The cases of werkzeug's own tests of routing (tests/test_routing.py) that strings can say, with
# what this must find itself: (rules, paths found, paths left to the Map).
CASES = [
    (  # test_basic_routing
        ["/", "/foo", "/bar/"],
        ["/", "/foo", "/bar/"],
        ["/bar", "/blub"],
    ),
    (  # test_strict_slashes_redirect
        ["/bar/", "/bar", "/foo/"],
        ["/bar/", "/bar", "/foo/"],
        ["/foo", "/baz"],
    ),
    (  # test_merge_slashes_match
        ["/no/tail", "/yes/tail/", "/with/<path:path>", "/no//merge"],
        ["/no/tail", "/yes/tail/", "/no/merge"],
        ["/no//tail", "/yes//tail/", "/with//path", "/yes/tail", "/with/x"],
    ),
    (  # test_path
        ["/", "/Special", "/<name>", "/<name>:foo", "/<path:name>/edit", "/<path:name>:<path:n2>"],
        ["/", "/Special"],
        ["/thisone", "/thisone:foo", "/a/b/edit", "/blah:bar"],
    ),
    (  # test_complex_routing
        ["/<prefix>/", "/<prefix>/<int:number>", "/<prefix>/<x>/edit"],
        ["/a/"],
        ["/a", "/a/1", "/a/b/edit"],
    ),
    (  # test_http_host, rules with dots and the like
        ["/.well-known/x.json", "/a+b;c=d", "/{id}", "/%20"],
        ["/.well-known/x.json", "/a+b;c=d", "/{id}", "/%20"],
        ["/.well-known/x"],
    ),
    (  # test_greedy
        ["/foo", "/<path:bar>", "/<path:bar>/<path:blub>"],
        ["/foo"],
        ["/blub", "/he/he"],
    ),
    (  # test_rule_weighting: fixed before variable, left to right
        ["/<a>/x", "/b/<c>", "/b/x"],
        ["/b/x", "/b/y", "/c/x"],
        ["/c/y", "/b/x/"],
    ),
    (  # a second way down is the Map's
        ["/a/b", "/<x>/c"],
        ["/a/b", "/d/c"],
        ["/a/c"],
    ),
    (["/<a>/<b>/c", "/<a>/d/<e>", "/f/<b>/<e>"], ["/f/d/c", "/f/g/c", "/h/d/i"], ["/h/i/j"]),
    (["/<string:a>", "/<string(length=2):b>/c"], [], ["/x"]),
    (["/<a>", "/caf\u00e9"], ["/caf\u00e9", "/\u00fc", "/a b", "/a\nb"], ["/", "/a/b"]),
]


@pytest.mark.parametrize(("rules", "found", "left"), CASES)
def test_werkzeugs_own_cases(rules: list[str], found: list[str], left: list[str]) -> None:
    routes = [(rule, "GET", str(index)) for index, rule in enumerate(rules)]

    for path in found:
        match_of_map = by_map(routes, "GET", path)
        assert match_of_map is not None
        assert by_plain_routes(routes, "GET", path) == match_of_map
    assert [by_plain_routes(routes, "GET", path) for path in left] == [None] * len(left)
    for path in [*found, *left]:
        refused = refused_plainly(routes, "GET", path)
        assert refused is None or refused == refused_by_map(routes, "GET", path)


@pytest.mark.parametrize(
    ("method", "path", "refused"),
    [
        ("GET", "/nowhere", {"PUT"}),
        ("PUT", "/nowhere", None),
        ("GET", "/a/x/y", set()),
        ("GET", "/b/", set()),
        ("DELETE", "/a", {"GET", "HEAD", "POST", "PUT"}),  # of `/a` and of `/<x>`
        ("HEAD", "/b", None),
        ("GET", "/c", None),  # redirected to /c/
        ("POST", "/c", {"PUT"}),
        ("GET", "//a", None),
        ("GET", "/a//x", None),
        ("GET", "/d/7", None),
        ("GET", "/d/x", None),  # a converter's to say
        ("GET", "/e", {"DELETE", "PUT"}),
    ],
)
def test_what_is_refused_plainly(method: str, path: str, refused: set[str] | None) -> None:
    routes = [
        ("/a", "GET", "1"),
        ("/a", "POST", "2"),
        ("/<x>", "PUT", "3"),
        ("/b", "GET", "4"),
        ("/c/", "GET", "5"),
        ("/d/<int:n>", "GET", "6"),
        ("/e", "DELETE", "7"),
    ]

    assert refused_plainly(routes, method, path) == refused
    if refused is not None:
        assert refused == refused_by_map(routes, method, path)


def test_a_redirect_goes_before_a_variable() -> None:
    routes = [("/a/", "GET", "slash"), ("/<x>", "GET", "variable"), ("/a", "POST", "post")]

    assert by_plain_routes(routes, "GET", "/a") is None
    assert by_plain_routes(routes, "GET", "/b") == ("/<x>", "variable", {"x": "b"})
    assert by_plain_routes(routes, "POST", "/a") == ("/a", "post", {})


def test_methods() -> None:
    routes = [("/a", "GET", "get"), ("/a", "HEAD", "head"), ("/<x>", "PUT", "put")]

    assert by_plain_routes(routes, "HEAD", "/a") == ("/a", "head", {})
    assert by_plain_routes(routes, "PUT", "/b") == ("/<x>", "put", {"x": "b"})
    assert by_plain_routes(routes, "PUT", "/a") is None  # the Map finds /<x>
    assert by_plain_routes(routes, "OPTIONS", "/a") is None
    assert by_plain_routes([("/a", "GET", "get")], "HEAD", "/a") == ("/a", "get", {})


FIXED = ["a", "b", "", "a.b", "a|b"]
CONVERTED = ["<int:n>", "<path:p>", "v<x>", "<any(a,b):k>", "<string(maxlength=1):m>"]
SEGMENTS = st.sampled_from([*FIXED, "<x>", "<y>", "<string:z>", *CONVERTED])
# Each variable once: the Map refuses a rule that names one twice.
RULES = (
    st.lists(SEGMENTS, min_size=1, max_size=4)
    .map(lambda parts: "/" + "/".join(parts))
    .filter(
        lambda rule: all(
            rule.count(name) <= 1 for name in ("x>", "y>", "z>", "n>", "p>", "k>", "m>")
        )
    )
)
ROUTES = st.lists(st.tuples(RULES, st.sampled_from(METHODS[:3])), min_size=1, max_size=7)
PATHS = st.lists(
    st.sampled_from(["a", "b", "", "a.b", "7", "va", "c d", "a|b", "\u00e9"]),
    min_size=1,
    max_size=5,
).map(lambda parts: "/" + "/".join(parts))


@examples(600)
@given(routes=ROUTES, path=PATHS, method=st.sampled_from(METHODS[:4]))
@example(routes=[("/<x>/<string:z>", "GET"), ("/<x>/<y>", "HEAD")], path="/a/b", method="HEAD")
@example(routes=[("/<x>//a", "GET"), ("/<y>/a", "HEAD")], path="/a/a", method="HEAD")
@example(routes=[("/a/<int:n>", "GET"), ("/<x>/b", "GET")], path="/a/b", method="GET")
def test_agrees_with_the_map(routes: list[tuple[str, str]], path: str, method: str) -> None:
    declared = [(rule, of, str(index)) for index, (rule, of) in enumerate(routes)]

    found = by_plain_routes(declared, method, path)

    assert found is None or found == by_map(declared, method, path)
    refused = refused_plainly(declared, method, path)
    assert refused is None or refused == refused_by_map(declared, method, path)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("abc.execute-api.eu-west-1.amazonaws.com", True),
        ("localhost:8080", True),
        ("x" * 63 + ".test", True),
        ("x" * 64 + ".test", False),
        ("a..b", False),
        ("a.b.", False),
        ("a b", False),
        ("a_b", False),
        ("[::1]", False),
        ("\u00fc.test", False),
        ("a:b", False),
        ("", False),
        (None, False),
    ],
)
def test_plain_hosts(host: str | None, plain: bool) -> None:
    assert is_plain_host(host) is plain
