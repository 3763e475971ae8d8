"""Environment files: what a line may say, and faults at their lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.dotenv_file import read_env_file

ENVIRONMENT = {"HOST_NAME": "from outside"}


def read(path: Path, text: str) -> tuple[dict[str, str], list[Diagnostic]]:
    path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    return read_env_file(path, diagnostics, ENVIRONMENT), diagnostics.all


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# a comment\n\n", {}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("export A=1\r\nB = 2\r\n", {"A": "1", "B": "2"}),
        ("A=", {"A": ""}),
        ("A=x=y&z # why", {"A": "x=y&z"}),
        ("A=p#w", {"A": "p#w"}),
        ("A='a b'\nB=\"c # d\"", {"A": "a b", "B": "c # d"}),
        ('A="one\ntwo"', {"A": "one\ntwo"}),
        ("A=$B\nB=${A}", {"A": "$B", "B": "${A}"}),
        ("A='にゃ'", {"A": "にゃ"}),
        ("HOST_NAME\nMISSING\n", {"HOST_NAME": "from outside"}),
        ("\ufeffA=1", {"A": "1"}),
    ],
)
def test_lines(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    assert read(tmp_path / "env", text) == (expected, [])


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "env"
    hint = "quote a value that has spaces around it, quotes or line breaks in it"
    assert read(path, '= 1\nA=1\n\n\ntwo words=2\nB="open\n') == (
        {"A": "1"},
        [
            Diagnostic("invalid-dotenv", "expected NAME=VALUE", Place(str(path), line), hint=hint)
            for line in (1, 5, 6)
        ],
    )


def test_what_is_no_text_or_not_there_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_bytes(b"A=\xff")
    diagnostics = Diagnostics()
    missing = tmp_path / "missing"
    assert [read_env_file(each, diagnostics, {}) for each in (path, missing)] == [{}, {}]
    assert diagnostics.all == [
        Diagnostic("not-utf8", "is not UTF-8 text", Place(str(path))),
        Diagnostic(
            "unreadable-file", "can't be read: No such file or directory", Place(str(missing))
        ),
    ]


@given(st.text())
def test_any_text_gives_variables_or_faults(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-text.env"
    path.write_bytes(text.encode("utf-8", "replace"))
    diagnostics = Diagnostics()
    variables = read_env_file(path, diagnostics, {})
    assert all(isinstance(value, str) for value in variables.values())
    assert all(diagnostic.place and diagnostic.place.line for diagnostic in diagnostics.all)
