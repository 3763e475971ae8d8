"""Text for terminals: nothing in it steers them, and nothing in it is turned round."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.cli.console import show_diagnostics, show_error, write, write_json
from packager.cli.terminal import shown, shown_bytes, shown_json
from packager.errors import Diagnostic, PackagerError, Place

everything = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\u202e\n\t"))


def is_fit(text: str) -> bool:
    """Whether no control but line breaks and tabs is in `text`, and no mark of direction."""
    return not any(
        (unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") and each not in "\n\t")
        or unicodedata.bidirectional(each)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        or each in "\u200e\u200f\u061c\ufeff\u200b"
        for each in text
    )


@given(everything)
def test_nothing_unfit_is_left(text: str) -> None:
    assert is_fit(shown(text))
    assert is_fit(shown_json(json.dumps(text, ensure_ascii=False)))
    assert json.loads(shown_json(json.dumps(text, ensure_ascii=False))) == text


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_other_text_stays(text: str) -> None:
    assert shown(text) == text


def test_what_is_shown_in_place() -> None:
    assert shown("a\x1b[2J\x9b\u202eb\ud800\n\tc") == "a\\x1b[2J\\x9b\\u202eb\\ud800\n\tc"
    assert shown("👩‍🚒 é שלום") == "👩‍🚒 é שלום"


def test_a_functions_own_output_keeps_its_colours() -> None:
    log = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\r\n é \u202e\x9b".encode()

    assert shown_bytes(log) == (
        b"\x1b[1;31mred\x1b[0m \\x1b]0;title\x07 \\x1b[2J\r\n \xc3\xa9 \\u202e\\x9b"
    )


def test_a_plugins_text_is_no_message_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    show_diagnostics(
        [Diagnostic("missing-file", "no file a\nerror: b\x1b[A", Place("x\nerror: y"), hint="c\nd")]
    )
    show_error(PackagerError("two\nlines"))

    assert capsys.readouterr().err == (
        "x\n  error: y: error: no file a\n  error: b\\x1b[A\n  hint: c\n  d\nerror: two\nlines\n"
    )


def test_a_message_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    show_diagnostics([Diagnostic("invalid-value", "x" * 1_000_000)])

    assert capsys.readouterr().err == f"error: {'x' * 4000}…\n"


def test_results(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write("a\x1b\udcff\n")
    write_json({"a": "\x1b\u202e\udcff"})

    assert capsysbinary.readouterr().out == (
        b'a\\x1b\\udcff\n{\n  "a": "\\u001b\\u202e\\udcff"\n}\n'
    )
