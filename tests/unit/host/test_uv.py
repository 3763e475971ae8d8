from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packager.host.uv import UvRun, mask_credentials, readable, run_uv


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("at https://user:pa%40ss@host/simple/ and", "at https://***@host/simple/ and"),
        ("git+https://token@host/a.git@v1", "git+https://***@host/a.git@v1"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_credentials_are_masked(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


def test_uvs_words_are_made_readable() -> None:
    said = (
        "warning: The `--pylock` option is experimental and may change without warning.\n"
        "Using CPython 3.13.0 interpreter at: /x\n"
        "\x1b[31merror\x1b[0m: No solution found\n"
        "  cause: Because six has no usable wheels   \n\n"
        "hint: Wheels are required for `six` because building (i.e., with `--no-build`)\n"
    )
    assert readable(said) == "No solution found\n  cause: Because six has no usable wheels"


@pytest.mark.parametrize(
    ("code", "problem", "unreachable"),
    [
        (2, "Failed to fetch: `https://host/simple/six/`", True),
        (2, "cause: tcp connect error\ncause: Connection refused (os error 111)", True),
        (1, "hint: Packages were unavailable because the network was disabled. When", True),
        (1, "No solution found when resolving dependencies", False),
        (0, "warning: Failed to fetch something else", False),
    ],
)
def test_what_was_not_reached(code: int, problem: str, unreachable: bool) -> None:
    assert UvRun(code, "", problem).unreachable is unreachable


def test_a_cache_that_can_not_be_made_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "no.in").write_text("")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "file/uv"))
    arguments = ["pip", "compile", "no.in", "--quiet", "--python", sys.executable]
    assert run_uv(arguments, cwd=tmp_path).code == 0
