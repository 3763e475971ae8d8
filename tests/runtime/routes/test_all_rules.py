"""All rules say what werkzeug's Map says: matches, refusals, redirects, to the byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from endpoint_runtime.routes.all_rules import AllRules
from endpoint_runtime.routes.werkzeug_routes import make_map, match
from tests.support.generated import examples

Routes = list[tuple[str, str, str]]
METHODS = ["GET", "HEAD", "POST", "PUT"]


def outcome(found: Any) -> object:
    """What a matcher says: rule, source and values, or the answer of what it raises."""
    try:
        rule, source, values = found()
    except HTTPException as fault:
        response = fault.get_response()
        assert response.__class__.__name__ == "Response"
        return str(fault), response.status, [*response.headers], response.get_data()
    return rule, source, [(name, type(value), value) for name, value in values.items()]


def compare(
    routes: Routes, method: str, path: str, query: str = "", host: str = "x.test", root: str = ""
) -> AllRules:
    environ = EnvironBuilder("/", f"https://{host}/", method=method).get_environ()
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    environ["SCRIPT_NAME"] = root.encode().decode("latin-1")
    environ["QUERY_STRING"] = query
    environ["HTTP_HOST"] = host
    rules = AllRules(routes)

    def by_map() -> object:
        rule, values = match(make_map(routes), Request(environ))
        return rule.rule, rule.endpoint, values

    if rules.known:
        assert outcome(lambda: rules.match(Request(environ), True)) == outcome(by_map)
    return rules


SEGMENTS = st.sampled_from(
    [
        *("a", "b", "", "a.b", "<x>", "<string:z>", "<default:d>", "<int:n>", "<float:f>"),
        *("<path:p>", "<uuid:u>", "<any(a,b):k>", "<any(b, a.b):l>", "<any(a, c):m>"),
    ]
)
UUID = "6BA7B810-9dad-11d1-80b4-00c04fd430c8"
RULES = st.lists(SEGMENTS, min_size=1, max_size=4, unique_by=lambda text: text or object()).map(
    lambda parts: "/" + "/".join(parts)
)
ROUTES = st.lists(st.tuples(RULES, st.sampled_from(METHODS[:3])), min_size=1, max_size=7)
PATHS = st.lists(
    st.sampled_from(
        [
            *("a", "b", "", "a.b", "7", "7.5", "c d", "\u00e9", "\u0667", UUID, "c", "a\nb", "\n"),
            *("-7", "a&b", "<'\">", "%41", "1.", ".5", "\u0667.\u0667", "9" * 5000),
        ]
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: "/" + "/".join(parts))


@examples(200)
@given(
    routes=ROUTES,
    path=PATHS,
    method=st.sampled_from(METHODS),
    query=st.sampled_from(["", "a=b", "a=%20&b=<'\">", "\u00e9=1"]),
    host=st.sampled_from(["x.test", "X.Test:443", "x.test:80", "x.test:8443"]),
    root=st.sampled_from(["", "/stage", "/a/b/", "/\u00e9"]),
)
@example([("/a/", "GET")], "/a", "GET", "", "x.test", "")
@example([("/<x>/b", "GET"), ("/a/", "POST")], "/a//b", "GET", "q", "x.test", "/s")
@example([("/<path:p>", "GET"), ("/a/<int:n>", "POST")], "/a/7", "GET", "", "x.test", "")
@example([("/<int:n>", "GET"), ("/<path:p>", "HEAD")], "/7", "HEAD", "", "x.test", "")
def test_agrees_with_the_map(
    routes: list[tuple[str, str]], path: str, method: str, query: str, host: str, root: str
) -> None:
    declared = [(rule, of, str(index)) for index, (rule, of) in enumerate(routes)]

    compare(declared, method, path, query.encode().decode("latin-1"), host, root)


@pytest.mark.parametrize(
    "rule",
    [
        *("/<string(length=2):x>", "/<int(min=1):x>", "/<int(signed=True):x>", "/v<x>", "/<x>.txt"),
        *("/<path:x>/edit", "/<path:x>/", "/<any('a', b):x>", "/<any(True):x>", "/<any(a,inf):x>"),
        *("/<x>/<x>", "/a|b", "/<other:x>", "/<any:x>", "/<1x>", "a", "/<any():x>", "/<int():x>"),
    ],
)
def test_what_only_the_map_knows(rule: str) -> None:
    assert not AllRules([("/a", "GET", "1"), (rule, "GET", "2")]).known


@pytest.mark.parametrize(
    "rule",
    ["/<int:x>", "/<float:x>", "/<uuid:x>", "/<any(a, b):x>", "/<path:x>", "/a//<default:x>", "/"],
)
def test_what_is_known(rule: str) -> None:
    rules = compare([("/a/", "GET", "1"), (rule, "GET", "2")], "GET", "/a")
    assert rules.known
