"""The tool's reading of names is that of the script which reads with the target's grammar."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from packager._in_target import syntax
from packager.analysis import names

Names = Any


@pytest.mark.parametrize("of", [names, syntax])
class TestBoth:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("a", "a"), ("a.b.c", "a.b.c"), ("a().b", None), ("a[0].b", None), ("1", None)],
    )
    def test_dotted(self, of: Names, text: str, expected: str | None) -> None:
        assert of.dotted(ast.parse(text, mode="eval").body) == expected

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("a.py", []), ("a/b.py", ["a"]), ("a/b/__init__.py", ["a", "b"])],
    )
    def test_package_of(self, of: Names, path: str, expected: list[str]) -> None:
        assert of.package_of(path) == expected

    @pytest.mark.parametrize(
        ("module", "level", "expected"),
        [
            ("a.b", 0, "a.b"),
            (None, 0, None),
            ("c", 1, "p.q.c"),
            (None, 1, "p.q"),
            ("c", 2, "p.c"),
            ("c", 3, None),
        ],
    )
    def test_absolute(
        self, of: Names, module: str | None, level: int, expected: str | None
    ) -> None:
        assert of.absolute(module, level, ["p", "q"]) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("True", True),
            ("0", False),
            ("not 0", True),
            ("not x", None),
            ("TYPE_CHECKING", False),
            ("typing.TYPE_CHECKING", False),
            ("not TYPE_CHECKING", True),
            ("__name__ == '__main__'", "main"),
            ("__name__ != '__main__'", None),
            ("x", None),
        ],
    )
    @pytest.mark.parametrize("main", [True, False, None])
    def test_truth(
        self, of: Names, text: str, expected: bool | str | None, main: bool | None
    ) -> None:
        found = of.truth(ast.parse(text, mode="eval").body, main=main)
        assert found is (main if expected == "main" else expected)
