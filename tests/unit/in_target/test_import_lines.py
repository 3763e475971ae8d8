"""A file up to its last import says of imports what the whole file does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager._in_target.import_lines import certain_imports

REST = "\n\ndef later():\n    import inner\n    return 'text'\n" * 3
SOURCES = {
    "at the top": "import a, b.c\nfrom d import (\n    e,\n    f as g,\n)\n",
    "names at the start of a line": "from a import (\nb,\nc,\n)\n",
    "a line that goes on": "from a \\\n    import b, \\\n    c\n",
    "in a class": "class A:\n    x = 1\n    import a\n\n    class B:\n        from b import c\n",
    "in a class of one line": "class A: import a\n",
    "behind a semicolon": "x = 1; import a; from b import c\n",
    "in branches": "try:\n    import a\nexcept ImportError:\n    import b\nif x:\n    import c\n",
    "in text": 'x = """\nimport a\n"""\nimport b\n',
    "after text": "x = '''\n\ndef f():\n'''\nimport b\n",
    "none": "x = 1\n",
    "nothing": "",
    "of its own package": "from . import a\nfrom .b import c\nfrom ..d import e\n",
    "carriage returns": "import a\r\nfrom b import c\r\n",
    "tabs": "class A:\n\timport a\n",
    "a mark at the start": "\ufeffimport a\n",
    "in brackets": "x = [\n1,\n]\nimport a\ny = (\nimported\n)\n",
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_behind_the_last_import_has_no_say(name: str) -> None:
    for source in (SOURCES[name], SOURCES[name] + REST):
        found, whole = (
            [
                (each.module, each.names, each.line)
                for each in certain_imports(source.encode(), "p/q/m.py", whole=whole)
            ]
            for whole in (False, True)
        )
        assert found == whole
    assert bool(whole) is (name not in ("none", "nothing", "in branches"))


def test_the_library_says_the_same() -> None:
    for file in Path(os.__file__).parent.glob("*.py"):
        content = file.read_bytes()
        found, whole = (
            [(each.module, each.names) for each in certain_imports(content, "m.py", whole=whole)]
            for whole in (False, True)
        )
        assert found == whole, file


def test_an_end_that_is_not_python_has_a_say_for_the_whole_file_alone() -> None:
    source = b"import a\nprint 'python 2'\n"
    assert [each.module for each in certain_imports(source, "m.py", whole=False)] == ["a"]
    assert certain_imports(source, "m.py") == []
