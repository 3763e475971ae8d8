from __future__ import annotations

from pathlib import Path

import pytest

from packager.profile.facts import ImportedModule, Part
from packager.profile.parts import Attribution, parts_of
from packager.profile.trace import Node, Trace, read_trace

MS = 1_000_000
ROOT = Path("/b")


def record(number: int, parent: int, start: float, end: float, name: str, file: str = "") -> str:
    fields = ("import", number, parent, int(start * MS), int(end * MS), name, file)
    return "\0".join(map(str, fields)) + "\n"


TEXT = (
    f"start\0{10 * MS}\nloaded\0sys\0builtins\n"
    + record(2, 1, 12, 13, "os")
    + "open\0/b/endpoint_runtime/loop.py\n"
    + record(1, 0, 11, 14, "endpoint_runtime.loop", "/b/endpoint_runtime/loop.py")
    + record(5, 4, 16, 18, "json")
    + record(4, 3, 15, 19, "werkzeug.http", "/b/werkzeug/http.py")
    + record(
        3, 0, 14, 20, "endpoint_runtime.app.application", "/b/endpoint_runtime/app/application.py"
    )
    + "list\0/b\n"
    + record(7, 6, 23, 26, "six", "/b/six.py")
    + record(6, 0, 22, 27, "endpoints.duck", "/b/plugin/endpoints/duck.py")
    + record(8, 0, 31, 32, "after.the.answer")
    + "import\0half"
)


@pytest.fixture
def trace() -> Trace:
    return read_trace(TEXT, spawned=0, asked=21 * MS, answered=30 * MS)


def test_the_trace(trace: Trace) -> None:
    assert (trace.began, trace.loaded) == (10 * MS, 2)
    assert (trace.opened, trace.listed) == (("/b/endpoint_runtime/loop.py",), ("/b",))
    assert [(root.name, len(root.children)) for root in trace.roots] == [
        ("endpoint_runtime.loop", 1),
        ("endpoint_runtime.app.application", 1),
        ("endpoints.duck", 1),
    ]
    assert trace.roots[1].own == 2 * MS


def test_imports_in_order_with_whom_they_belong_to(trace: Trace) -> None:
    found = Attribution(ROOT).modules(trace, 2.0)
    assert [
        (each.name, each.depth, each.start, each.ms, each.own, each.part) for each in found
    ] == [
        ("endpoint_runtime.loop", 0, 22, 6, 4, "loop"),
        ("os", 1, 24, 2, 2, "loop"),
        ("endpoint_runtime.app.application", 0, 28, 12, 4, "runtime"),
        ("werkzeug.http", 1, 30, 8, 4, "werkzeug"),
        ("json", 2, 32, 4, 4, "werkzeug"),
        ("endpoints.duck", 0, 44, 10, 4, "plugin"),
        ("six", 1, 46, 6, 6, "six"),
    ]
    assert isinstance(found[0], ImportedModule)


def test_the_whole_is_shared_out(trace: Trace) -> None:
    assert parts_of([trace], Attribution(ROOT), 60.0) == (
        Part("interpreter", 20, 2),
        Part("loop", 10, 2),  # 3 ms of imports, 2 ms besides
        Part("runtime", 4, 1),
        Part("werkzeug", 8, 2),
        Part("six", 6, 1),
        Part("plugin", 4, 1),
        Part("answering", 8, 0),
    )


@pytest.mark.parametrize(
    ("name", "file", "part"),
    [
        ("awslambdaric.bootstrap", "/client/awslambdaric/bootstrap.py", "AWS's client"),
        ("endpoint_runtime.loop", "/b/endpoint_runtime/loop.py", "AWS's client"),
        ("dify_plugin", "/b/dify_plugin/__init__.py", "runtime"),
        ("boto3", "/var/lang/lib/python3.13/site-packages/boto3/__init__.py", "boto3"),
        ("json", "/usr/lib/python3.13/json/__init__.py", None),
    ],
)
def test_whose_a_module_is(name: str, file: str, part: str | None) -> None:
    attribution = Attribution(ROOT, Path("/client"))
    assert attribution.part_of(Node(name, file, 0, 1)) == part
