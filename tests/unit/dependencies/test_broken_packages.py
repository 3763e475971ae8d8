"""A pyproject.toml of a package on this disk that can't be read is named, not the requirements."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import InvalidInput
from tests.support.packages.installs import Install, failure, index, install

__all__ = ["index", "install"]  # fixtures


def write(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "plugin" / "libs" / name
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project\nname = 'mylib'\n", ":1:9: the package can't be read by uv: unclosed table"),
        (
            "[project]\nname = 'mylib'\nversion = 3\n",
            ":3:11: the package can't be read by uv: invalid type: integer `3`, expected a string",
        ),
        (
            "[build-system]\nrequires = 3\n",
            ":2:12: the package can't be read by uv: invalid type: integer `3`, expected a "
            "sequence",
        ),
    ],
)
def test_the_file_and_the_line_are_named(
    install: Install, tmp_path: Path, text: str, said: str
) -> None:
    write(tmp_path, "mylib", text)
    write(tmp_path, "other", "[project]\nname = 'other'\nversion = '1'\n")

    with pytest.raises(InvalidInput) as refused:
        install("./libs/mylib", "./libs/other")

    (diagnostic,) = refused.value.diagnostics
    assert str(diagnostic).startswith(f"p/libs/mylib/pyproject.toml{said}")
    assert diagnostic.hint == "correct this file, or leave the package out of the requirements"


def test_packages_with_the_same_line_are_both_named(install: Install, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path, name, "[project]\nversion = '1'\n")

    message, _ = failure(install, "./libs/one", "./libs/two")

    assert [line.partition(" can't be read")[0] for line in message.splitlines()] == [
        f"p/libs/{name}/pyproject.toml:1:1: this package, or another that has the same line,"
        for name in ("one", "two")
    ]
