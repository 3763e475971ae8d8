"""Paths of endpoints as werkzeug rules."""

from __future__ import annotations

import keyword
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs import url_rules
from packager.inputs.recording_rule import RecordingRule
from packager.inputs.url_rules import check_rules, is_plain
from packager.model.plugin import Endpoint, EndpointGroup

FORM = "a variable is <name> or <converter:name>; a name is letters, digits and _"
DOCS = "see URL Routing in werkzeug's documentation"


def faults_of(*routes: str) -> list[Diagnostic]:
    """Check routes such as `GET /x`; the path of the n-th stands in line n."""
    endpoints = []
    for line, route in enumerate(routes, 1):
        method, _, path = route.partition(" ")
        place = Place("g.yaml", line, 1)
        endpoints.append(Endpoint(path, method, "e.py", False, place, place, place))
    diagnostics = Diagnostics()
    check_rules(EndpointGroup("g", "g.yaml", (), tuple(endpoints), Place("m", 1, 1)), diagnostics)
    return diagnostics.all


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/x/",
        "//x",
        "/a.b/.well-known/x-y",
        "/<x>",
        "/<path:x>/<int(min=1):y>",
        "/<any(a, 'b c'):kind>",
        "/<string(length=3):x>.json",
        "/é/猫",
        "/a b",
        "/x>",
    ],
)
def test_what_werkzeug_takes(path: str) -> None:
    assert faults_of(f"GET {path}") == []


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("x", "'x' does not start with /; expected a URL path such as /x", None),
        ("/<x", "'/<x' is not a werkzeug rule; expected < and > around each variable", FORM),
        ("/<a-b>", "'/<a-b>' is not a werkzeug rule; expected < and > around each variable", FORM),
        (
            "/<integer:x>",
            "there is no converter 'integer'; expected one of any, float, int, path, string, uuid",
            "did you mean int?",
        ),
        (
            "/<x>/<int:x>",
            "the variable 'x' occurs twice in /<x>/<int:x>; expected different names",
            None,
        ),
        (
            "/<int(mini=3):x>",
            "'/<int(mini=3):x>' is not a werkzeug rule: NumberConverter.__init__() got an "
            "unexpected keyword argument 'mini'",
            DOCS,
        ),
        (
            "/<string(minlength=5, maxlength=2):x>",
            "'/<string(minlength=5, maxlength=2):x>' is not a werkzeug rule: "
            "min repeat greater than max repeat",
            DOCS,
        ),
    ],
)
def test_what_is_no_rule(path: str, message: str, hint: str | None) -> None:
    expected = Diagnostic("invalid-path", message, Place("g.yaml", 1, 1), "path", hint)
    assert faults_of(f"GET {path}") == [expected]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/x", "/x"),
        ("/x", "//x"),
        ("/<x>", "/<y>"),
        ("/<x>", "/<string:y>"),
        ("/<default:x>/a", "/<string(minlength=1):y>/a"),
        ("/<int(min=1):x>", "/<int( min = 1 ):y>"),
    ],
)
def test_equal_routes(first: str, second: str) -> None:
    as_first = f" as {first}" if first != second else ""
    assert faults_of(f"GET {first}", f"GET {second}") == [
        Diagnostic(
            "duplicate",
            f"the route GET {second} is declared twice; first at g.yaml:1:1{as_first}",
            Place("g.yaml", 2, 1),
            "path",
            "only the first could ever be reached; remove one or change its path",
        )
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GET /x", "POST /x"),
        ("GET /x", "HEAD /x"),
        ("GET /x", "GET /x/"),
        ("GET /<x>", "GET /<int:x>"),
        ("GET /<int(min=1):x>", "GET /<int(min=2):x>"),
        ("GET /<any(a,b):x>", "GET /<any(b,a):x>"),
        ("GET /<x>", "GET /<path:x>"),
    ],
)
def test_routes_that_differ(first: str, second: str) -> None:
    assert faults_of(first, second) == []


@given(st.text(alphabet=st.sampled_from("/<>:()ab=,1'_int. -"), max_size=30))
def test_any_path_is_a_rule_or_a_fault(path: str) -> None:
    assert len(faults_of(f"GET {path}")) <= 1


@pytest.mark.parametrize(
    ("path", "written", "meant"),
    [
        ("/u/:id", ":id", "<id>"),
        ("/u/{id}", "{id}", "<id>"),
        ("/<x>/{proxy+}/y", "{proxy+}", "<proxy>"),
    ],
)
def test_variables_of_others_are_taken_as_they_are(path: str, written: str, meant: str) -> None:
    [said] = faults_of(f"GET {path}")
    assert (said.code, said.level, said.hint) == (
        "literal-variable",
        "warning",
        f"a variable is written {meant}",
    )
    assert said.message.startswith(f"{written} is not a variable")


@pytest.mark.parametrize("path", ["/a:b", "/v1/models:generate", "/<re('a{2}'):x>", "/:", "/{}"])
def test_other_colons_and_braces_are_none(path: str) -> None:
    assert [each for each in faults_of(f"GET {path}") if each.code == "literal-variable"] == []


PLAIN = st.lists(
    st.from_regex(r"[A-Za-z0-9._~-]{1,4}", fullmatch=True)
    | st.sampled_from(["a", "b", "<a>", "<b>", "<x_1>", *(f"<{each}>" for each in keyword.kwlist)]),
    max_size=4,
).flatmap(lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "/".join([*parts, ""])]))


@given(PLAIN, PLAIN)
def test_what_is_plain_werkzeug_takes_and_tells_apart_likewise(first: str, second: str) -> None:
    for path in filter(is_plain, (first, second)):
        RecordingRule(path, "GET").bind_alone()
    if is_plain(first) and is_plain(second):
        said = faults_of(f"GET {first}", f"GET {second}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(url_rules, "is_plain", lambda path: False)
            assert faults_of(f"GET {first}", f"GET {second}") == said


@pytest.mark.parametrize("path", ["/", "/a/b.c", "/a/", "/<name>/x", "/~a/<b_1>/<c>"])
def test_most_paths_are_plain(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(
    "path",
    ["", "a", "//", "/a//b", "/<a>/<a>", "/<A>", "/<None>", "/a b", "/:a", "/a\n", "/<int:a>"],
)
def test_others_werkzeug_is_asked_for(path: str) -> None:
    assert not is_plain(path)


def test_building_a_plain_plugin_imports_no_library_that_it_does_not_need() -> None:
    script = "import sys, packager.cli.build, packager.cli.plans; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"werkzeug", "http.client", "urllib.request", "email.parser", "csv", "boto3", "rich"}
    assert heavy.intersection(done.stdout.split()) == set()
