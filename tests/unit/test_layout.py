"""The tool's folders read as a table of contents."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import packager

ROOT = Path(packager.__file__).parent
FOLDERS = sorted({path.parent for path in ROOT.rglob("*.py")} - {ROOT})
MOST = 20  # modules in one folder


@pytest.mark.parametrize("folder", FOLDERS, ids=[str(each.relative_to(ROOT)) for each in FOLDERS])
def test_a_package(folder: Path) -> None:
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert len(modules) <= MOST
    # What a package is, and nothing that is imported again from elsewhere.
    tree = ast.parse((folder / "__init__.py").read_bytes())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1
