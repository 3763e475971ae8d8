"""The folders read as a table of contents, and what is in them at one sitting."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import packager
from packager.contract import template_folder

ROOT = Path(packager.__file__).parent
RUNTIME = template_folder()
FOLDERS = sorted({path.parent for path in ROOT.rglob("*.py")} - {ROOT})
MODULES = [
    *((f"packager/{path.relative_to(ROOT)}", path) for path in sorted(ROOT.rglob("*.py"))),
    *((str(path.relative_to(RUNTIME)), path) for path in sorted(RUNTIME.rglob("*.py"))),
]
MOST_MODULES = 20  # in one folder
MOST_LINES = 300  # of a module
MOST_CODE = 60  # lines of a function, its docstring, comments and blank lines aside
MOST_PARAMETERS = 6

# What is longer says why in its docstring.
LONG_MODULES = {
    *("packager/_in_build/hook.py", "packager/cli/estimate.py", "packager/config/keys.py")
}
LONG_FUNCTIONS = {"endpoint_runtime/gateway/environ.py environ_of"}
# The SDK's own signatures, which plugins call.
MANY_PARAMETERS = {"dify_plugin/_entity/entity.py model_validate"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("folder", FOLDERS, ids=[str(each.relative_to(ROOT)) for each in FOLDERS])
def test_a_package(folder: Path) -> None:
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert len(modules) <= MOST_MODULES
    # What a package is, and nothing that is imported again from elsewhere.
    tree = ast.parse((folder / "__init__.py").read_bytes())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@functools.cache
def functions() -> Sequence[tuple[str, Function, list[str]]]:
    """Every function, named by its module and itself, and the lines of the module."""
    found: list[tuple[str, Function, list[str]]] = []
    for name, path in MODULES:
        text = path.read_text("utf-8")
        lines = text.splitlines()
        nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))
        found += ((f"{name} {node.name}", node, lines) for node in nodes)
    return found


def code_lines(function: Function, lines: list[str]) -> int:
    first = function.body[0]
    aside: range = range(0)
    if ast.get_docstring(function, clean=False) is not None:
        aside = range(first.lineno, (first.end_lineno or 0) + 1)
    numbers = range(function.lineno, (function.end_lineno or 0) + 1)
    said = (lines[number - 1].strip() for number in numbers if number not in aside)
    return sum(1 for line in said if line and not line.startswith("#"))


def parameters(function: Function) -> int:
    """How many values a caller gives: keyword-only ones too, `self` and `cls` not.

    A command's are its options. A value's are its fields: the runtime, which has no dataclasses as
    their import takes milliseconds, writes `__init__` by hand.
    """
    if function.name == "__init__" or any(
        isinstance(node, ast.Attribute) and node.attr == "command"
        for each in function.decorator_list
        for node in ast.walk(each)
    ):
        return 0
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(1 for each in every if each.arg not in ("self", "cls"))


def test_modules_are_read_at_one_sitting() -> None:
    assert len(MODULES) > 300
    long = {name for name, path in MODULES if path.read_bytes().count(b"\n") > MOST_LINES}
    assert long == LONG_MODULES


def test_functions_are_read_at_a_glance() -> None:
    long = {name for name, node, lines in functions() if code_lines(node, lines) > MOST_CODE}
    assert long == LONG_FUNCTIONS


def test_many_values_travel_as_one() -> None:
    many = {name for name, node, _ in functions() if parameters(node) > MOST_PARAMETERS}
    assert many == MANY_PARAMETERS


IMPORTS = re.compile(r"^\s*from (tests\.[\w.]+) import (\([^)]*\)|.*)", re.MULTILINE)


def test_no_test_is_imported() -> None:
    """What several tests share is in tests/support."""
    tests = Path(__file__).parents[1]
    files = [path for path in tests.rglob("*.py") if "faults" not in path.parts]
    assert len(files) > 300
    found = {
        str(path.relative_to(tests)): module
        for path in files
        for module, names in IMPORTS.findall(path.read_text("utf-8"))
        if ".test_" in module or re.search(r"\btest_", names)
    }
    assert found == {}
