from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.analysis.facts import analyse_sources
from packager.bundle.runtime.files import runtime_files
from packager.bundle.runtime.parts import PARTS, left_out
from packager.contract import template_folder
from packager.errors import Place
from packager.model.calls import InnerDify, Models, Tool
from packager.model.deferred import DeferredRoute
from packager.model.events import AnyEvent
from packager.model.options import EnvSource, Options, SecretSource, SsmSource
from packager.plugin.functions import FunctionPlan
from tests.support.commands.forked import Forked, forked
from tests.support.examples import ROOT
from tests.support.plugins import make_group, make_plugin

NAMES = tuple(part.name for part in PARTS)
FILES = [name for _, name in runtime_files("light")]
SOURCE = "endpoints/duck.py"
# What the others import only where the plan says that it is there.
CROSSINGS = {
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.observe.attach"),
    ("endpoint_runtime.observe.attach", "endpoint_runtime.observe.metrics"),
    ("endpoint_runtime.observe.attach", "endpoint_runtime.observe.tracing"),
    ("endpoint_runtime.app.application", "endpoint_runtime.real_sdk"),
    ("endpoint_runtime.app.invocation", "endpoint_runtime.app.streaming"),
    ("endpoint_runtime.app.invocation", "endpoint_runtime.gateway.compression"),
    ("endpoint_runtime.app.wsgi", "endpoint_runtime.gateway.compression"),
    ("endpoint_runtime.app.streaming", "endpoint_runtime.gateway.compression"),
    ("endpoint_runtime.settings.group", "endpoint_runtime.settings.refreshed"),
    ("endpoint_runtime.settings.sources", "endpoint_runtime.settings.aws_values"),
    ("endpoint_runtime.app.backends", "endpoint_runtime.calls.answering"),
    ("endpoint_runtime.calls.answering", "endpoint_runtime.calls.inner"),
    ("endpoint_runtime.calls.answering", "endpoint_runtime.calls.nodes"),
    ("endpoint_runtime.calls.answering", "endpoint_runtime.calls.openai.api"),
    ("endpoint_runtime.calls.answering", "endpoint_runtime.calls.bedrock.api"),
    ("endpoint_runtime.calls.answering", "endpoint_runtime.calls.tools.find"),
    ("endpoint_runtime.calls.tools.find", "endpoint_runtime.calls.tools.aws_lambda"),
    ("endpoint_runtime.calls.tools.find", "endpoint_runtime.calls.tools.http_api"),
    ("endpoint_runtime.calls.tools.find", "endpoint_runtime.calls.tools.mcp"),
    ("endpoint_runtime.calls.tools.find", "endpoint_runtime.calls.tools.other"),
    ("endpoint_runtime.calls.tools.find", "endpoint_runtime.calls.tools.own"),
    ("endpoint_runtime.settings.keys", "endpoint_runtime.settings.refreshed"),
    ("endpoint_runtime.app.backends", "endpoint_runtime.calls.inner_apps"),
    ("endpoint_runtime.app.backends", "endpoint_runtime.dify.apps"),
    ("endpoint_runtime.app.backends", "endpoint_runtime.dify.files"),
    ("endpoint_runtime.app.backends", "endpoint_runtime.dify.service_api"),
    ("endpoint_runtime.storage", "endpoint_runtime.storage.dynamodb"),
    ("endpoint_runtime.storage", "endpoint_runtime.storage.s3"),
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.subscriptions.attach"),
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.triggers.application"),
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.managed.application"),
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.app.public_url"),
    ("endpoint_runtime.managed.application", "endpoint_runtime.app.public_url"),
    ("endpoint_runtime.lambda_handler", "endpoint_runtime.deferred.attach"),
    ("endpoint_runtime.app.mapped_events", "endpoint_runtime.app.any_event"),
}


def closed(names: set[str]) -> set[str]:
    """With all that these parts need."""
    needs = {need for part in PARTS if part.name in names for need in part.needs}
    return names if needs <= names else closed(names | needs)


def part_of(file: str) -> str:
    names = [part.name for part in PARTS if part.holds(file)]
    assert len(names) <= 1, file
    return names[0] if names else ""


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(file): part_of(file) for file in FILES if file.endswith(".py")}


def imports(node: ast.AST, package: str, inside: bool) -> Iterator[tuple[str, bool]]:
    """What a module imports of the runtime, and whether only when it is called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            base = f"{package}.{base}".strip(".") if child.level else base
            yield from (
                (name, inside) for name in (base, *(f"{base}.{a.name}" for a in child.names))
            )
        called = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports(child, package, inside or called)


def test_every_file_is_in_one_part_at_most_and_every_part_has_files() -> None:
    parts = {part_of(file) for file in FILES}
    assert parts == {"", *NAMES}
    for part in PARTS:
        for named in part.files:
            path = template_folder() / "endpoint_runtime" / named
            assert path.is_dir() if named.endswith("/") else path.is_file(), path


def test_no_part_imports_what_may_be_left_out_while_it_is_there() -> None:
    crossings = set()
    for file in (file for file in FILES if file.endswith(".py")):
        module = module_of(file)
        package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
        tree = ast.parse((template_folder() / file).read_bytes())
        there = {"", *closed({MODULES[module]} - {""})}
        for name, late in imports(tree, package, False):
            if MODULES.get(name, "") not in there:
                assert late, f"{module} imports {name} at once"
                crossings.add((module, name))
    assert crossings == CROSSINGS


@pytest.fixture(scope="module")
def importer() -> Iterator[Forked]:
    """Imports modules of the folder it runs in, where what else they import is there already."""
    module = "tests.support.commands.import_all"
    of_others = ("werkzeug.*", "http.client", "email.message", "hashlib", "ssl", "sqlite3")
    with forked(f"{module}:main", "import", module, *of_others, PYTHONPATH=str(ROOT)) as running:
        yield running


def link_runtime(target: Path, absent: Collection[str]) -> None:
    """Link the runtime without some parts, and its bytecode, into a folder."""
    for path, name in runtime_files("light", absent):
        folder = (target / name).parent
        if not folder.exists():
            folder.mkdir(parents=True)
            # What is compiled already is not compiled again, and nothing without its source.
            (folder / "__pycache__").symlink_to(path.parent / "__pycache__")
        (target / name).symlink_to(path)


@pytest.mark.parametrize("part", [None, *NAMES])
def test_a_part_and_what_it_needs_can_be_imported_without_the_others(
    tmp_path: Path, importer: Forked, part: str | None
) -> None:
    there = closed({part} if part else set())
    absent = set(NAMES) - there
    link_runtime(tmp_path, absent)
    assert {part_of(path.relative_to(tmp_path).as_posix()) for path in tmp_path.rglob("*.*")} == {
        "",
        *there,
    }
    modules = [name for name in MODULES if MODULES[name] in {"", *there}]
    # These serve when they are imported: what they import is looked at above.
    starting = {"mangum", "aws_wsgi", "lambda_handler", "_bundle"}
    modules = [name for name in modules if name.rpartition(".")[2] not in starting]
    stdin = json.dumps(modules).encode()
    done = importer.run([], folder=tmp_path, environment=os.environ, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b"")


def absent(
    tmp_path: Path, text: str = "", storing: bool = False, **options: Any
) -> tuple[str, ...]:
    """The parts that are left out for an endpoint with this source."""
    (tmp_path / "endpoints").mkdir()
    (tmp_path / SOURCE).write_text(text)
    group = make_group("neko", SOURCE, Place("neko/x"))
    chosen = Options(**options)
    storing_groups = frozenset({"neko"} if storing else ())
    plugin = make_plugin(tmp_path, {"neko": chosen}, group, storing=storing_groups)
    plan = FunctionPlan(plugin, group, "NekoFunction", chosen)
    return left_out(plan, analyse_sources(tmp_path, [SOURCE], Path(sys.executable)), FILES)


@pytest.mark.parametrize(
    ("options", "there"),
    [
        ({}, ()),
        ({"sdk": "real"}, ("real_sdk",)),
        ({"adapter": "mangum"}, ("mangum",)),
        ({"adapter": "aws-wsgi"}, ("aws-wsgi",)),
        ({"stream": True}, ("stream",)),
        ({"gzip": True}, ("gzip",)),
        ({"endpoints": "managed"}, ("managed", "aws_values", "aws", "http")),
        ({"events": (AnyEvent(path="/"),)}, ("any_event",)),
        ({"deferred": (DeferredRoute(path="/"),)}, ("deferred", "s3", "aws", "http")),
        ({"public_url": "https://hooks.example.com"}, ("public_url",)),
        ({"settings": {"a": EnvSource("A")}}, ()),
        ({"settings": {"a": SsmSource("/a")}}, ("aws_values", "aws", "http")),
        ({"settings_from": SecretSource("a")}, ("aws_values", "aws", "http")),
        ({"apps": {"*": EnvSource("A")}}, ("dify", "keyed_api", "http")),
        ({"apps": {"*": SsmSource("/a")}}, ("dify", "keyed_api", "aws_values", "aws", "http")),
        ({"dify_base_url": "https://dify.example/v1"}, ("dify", "keyed_api", "http")),
        ({"storage": "file"}, ()),
        ({"storage": "s3"}, ("s3", "aws", "http")),
        ({"storing": True}, ("dynamodb", "aws", "http")),
        ({"storing": True, "storage": "memory"}, ()),
        ({"keep": ("endpoint_runtime/gateway/compression.py",)}, ("gzip",)),
        ({"keep": ("endpoint_runtime/dify/",)}, ("dify", "keyed_api", "http")),
        ({"keep": ("**",)}, NAMES),
        ({"preload": ("endpoint_runtime.http_client.tls",)}, NAMES),
    ],
)
def test_what_the_configuration_brings(
    tmp_path: Path, options: dict[str, Any], there: tuple[str, ...]
) -> None:
    assert absent(tmp_path, **options) == tuple(name for name in NAMES if name not in there)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("def f(self): return self.session.storage.get('a')", ()),
        (
            "def f(self): return self.session.app.chat.invoke('a', {}, 'b')",
            ("dify", "keyed_api", "http"),
        ),
        ("def f(given): given.app.workflow", ("dify", "keyed_api", "http")),
        (
            "def f(given): getattr(given, 'file').upload('a', b'', 'b')",
            ("dify", "keyed_api", "http"),
        ),
        (
            "from dify_plugin.invocations.app.chat import ChatAppInvocation",
            ("dify", "keyed_api", "http"),
        ),
        ("import dify_plugin.invocations.file", ("dify", "keyed_api", "http")),
        ("from dify_plugin import File", ("dify", "keyed_api", "http")),
        ("from dify_plugin.invocations.storage import StorageInvocation", ()),
        ("from dify_plugin import Endpoint", ()),
        (
            "def f(self): self.session.model.llm.invoke({}, [])",
            ("inner", "calls", "keyed_api", "http"),
        ),
        ("def f(session): session.tool.invoke('a')", ("inner", "calls", "keyed_api", "http")),
        ("import dify_plugin.invocations.tool", ("inner", "calls", "keyed_api", "http")),
        ("def f(given): given.model = given.tool", ()),
        ("from endpoint_runtime.aws import client", NAMES),
    ],
)
def test_what_the_code_brings(tmp_path: Path, text: str, there: tuple[str, ...]) -> None:
    assert absent(tmp_path, text) == tuple(name for name in NAMES if name not in there)


BEDROCK = {"models": Models("bedrock", names={"*": "a.b"})}
BEDROCK_PARTS = ("inner", "nodes", "bedrock", "signed", "calls", "keyed_api", "aws", "http")
TOOLS = {"tools": {"a/*": Tool("mcp", "https://x/mcp"), "b/c": Tool("lambda", "f")}}
TOOL_PARTS = (
    "inner",
    "tool_mcp",
    "tool_lambda",
    "tools",
    "signed",
    "calls",
    "keyed_api",
    "aws",
    "http",
)
INNER = {"dify_inner": InnerDify("https://dify.example.com", "t")}
OPENAI = ("inner", "openai", "nodes", "calls", "keyed_api", "http")
MODELS = {"models": Models("openai", "https://api.example.com/v1")}


@pytest.mark.parametrize(
    ("text", "options", "there"),
    [
        ("", MODELS, ()),
        ("def f(self): self.session.app.chat", MODELS, ("dify", "keyed_api", "http")),
        ("def f(self): self.session.model.llm", MODELS, OPENAI),
        ("def f(given): given.workflow_node", MODELS, OPENAI),
        ("def f(given): given.model", BEDROCK, BEDROCK_PARTS),
        ("def f(given): given.app", TOOLS, ("dify", "keyed_api", "http")),
        ("def f(given): given.tool", TOOLS, TOOL_PARTS),
        ("def f(given): given.app", INNER, ("dify", "inner", "calls", "keyed_api", "http")),
        ("", INNER, ()),
        (
            "from dify_plugin.invocations.model.llm import LLMInvocation",
            MODELS | {"keys": {"models.api_key": SsmSource("/key")}},
            (*OPENAI, "aws_values", "aws"),
        ),
    ],
)
def test_what_calls_of_models_bring(
    tmp_path: Path, text: str, options: dict[str, Any], there: tuple[str, ...]
) -> None:
    found = absent(tmp_path, text, **options)

    assert found == tuple(name for name in NAMES if name not in there)


def test_a_call_that_nobody_saw_says_so(tmp_path: Path) -> None:
    link_runtime(tmp_path, NAMES)
    program = f"""
import sys, types; sys.path.insert(0, {str(tmp_path)!r})
from endpoint_runtime.app.application import Backends
from dify_plugin.core.runtime import Session, InvocationUnavailable
bundle = types.SimpleNamespace(
    LEFT_OUT={NAMES!r}, STORAGE=("memory", {{}}), DIFY_INNER=None, APPS={{}}
)
session = Session.of_request("hook", Backends(bundle))
session.storage.set("a", b"b")
assert session.storage.get("a") == b"b"
for call in (lambda: session.app.chat.invoke("a", {{}}, "blocking"),
             lambda: session.file.upload("a", b"b", "text/plain")):
    try:
        call()
    except InvocationUnavailable as fault:
        print(fault)
"""
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == 2 * [
        "calls of session.app and session.file are not available: none was seen in the plugin's "
        "code when the bundle was built, so what answers them is not in it; "
        'keep = ["endpoint_runtime/dify/"] in the configuration puts it there'
    ]
