"""Diagnostics: their codes, which programs match, and that each is noted once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from packager.errors import (
    FAILING,
    IMPORT_FAILS,
    Code,
    Diagnostic,
    Diagnostics,
    InvalidInput,
    Place,
)

ROOT = Path(__file__).resolve().parents[2]
LEVELS = "error|warning|error, warning|warning, error"
ROW = re.compile(rf"^\| `([a-z0-9-]+)` \| ({LEVELS})( \| .{{5,}}){{2}} \|$")
WIDE = Diagnostic("large-zip", "wide", Place("a.yaml", 1))
FAILS = Diagnostic(IMPORT_FAILS, "fails", hint="do", level="warning")


def test_the_docs_say_of_every_code_what_it_means_and_what_to_do() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
    assert [row[1] for row in map(ROW.match, page.splitlines()) if row] == [*get_args(Code)]


def test_codes_are_words_in_order() -> None:
    codes = [*get_args(Code)]
    assert codes == sorted(set(codes))
    assert [code for code in codes if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []


def test_every_code_is_given_somewhere() -> None:
    sources = [path.read_text("utf-8") for path in sorted((ROOT / "packager").rglob("*.py"))]
    text = "".join(sources)
    # Once in the list of them, and once where it is given or has a name of its own.
    assert [code for code in get_args(Code) if text.count(f'"{code}"') < 2] == []


def test_one_thing_is_noted_once() -> None:
    diagnostics = Diagnostics()
    for _ in range(2):
        diagnostics.error("large-zip", "wide", Place("a.yaml", 1))
        diagnostics.warn("large-zip", "wide", Place("a.yaml", 1))
        diagnostics.add(WIDE)
    assert [each.level for each in diagnostics.all] == ["error", "warning"]
    assert diagnostics.errors == [WIDE]


def test_what_can_not_serve_is_refused_by_its_code() -> None:
    diagnostics = Diagnostics()
    diagnostics.add(FAILS)
    diagnostics.warn("late-work", "late")
    diagnostics.raise_errors()
    diagnostics.refuse_failing()
    with pytest.raises(InvalidInput) as raised:
        diagnostics.raise_errors()
    hint = "do; --allow-failing builds all the same"
    assert raised.value.diagnostics == (Diagnostic(IMPORT_FAILS, "fails", hint=hint),)
    assert FAILING.issubset(get_args(Code))
