"""Faults that a build finds late, or a run: a few commands that say all of them, one after another.

Each is said by the command that says it to a user. Of what the commands say, a fixture of one of
these has what has its code.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from packager.cli.console import show_diagnostics
from packager.cli.main import main
from packager.dependencies import sandbox
from packager.errors import Diagnostic
from packager.host.user_folders import xdg_folder
from tests.support.plugin_writer import write_plugin

FOLDER = Path(__file__).resolve().parents[1] / "faults"
# Said by one build of a plugin that has what is in the folders of all of these.
_BY_BUILD = ("built-from-source", "dependency-note", "large-zip", "no-sandbox", "cache-damaged")
BY_COMMANDS = ("no-credentials", *_BY_BUILD)
_CONFIGURATION = 'architecture = "x86_64"\n[settings]\napi_key = { ssm = "/tiny/api_key" }\n'
_LARGE = 51 * 1024 * 1024


def compare(code: str, output: str, *, refresh: bool) -> None:
    """Hold `output` to what the fixture of `code` says, or write it there."""
    expected = FOLDER / code / "output.txt"
    if refresh:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(output, "utf-8")
    assert output == expected.read_text("utf-8")


def record(monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """Return the list of all that is shown from now on."""
    said: list[Diagnostic] = []

    def show(diagnostics: Iterable[Diagnostic], *, excerpts: bool = False) -> None:
        shown = list(diagnostics)
        said.extend(shown)
        show_diagnostics(shown, excerpts=excerpts)

    for module in ("author.check", "build", "console", "running.bundle"):
        monkeypatch.setattr(f"packager.cli.{module}.show_diagnostics", show)
    return said


def settled(text: str) -> str:
    """Return what commands print without what differs between machines and packages' releases."""
    text = re.sub(r"^installing \d+ packages\n", "", text, flags=re.MULTILINE)  # or they are cached
    text = re.sub(r"\S*/v\d+/(runtime/)[0-9a-f]+", r"~/.cache/packager/\1…", text)
    return re.sub(r"\S+ has changed", "… has changed", re.sub(r"\b[\d.]+ MiB;", "… MiB;", text))


def said_by_commands(folder: Path) -> list[Diagnostic]:
    """Run the commands in `folder`, and return all that they showed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        uv_cache = os.environ.get("UV_CACHE_DIR") or str(xdg_folder("cache", "uv"))
        monkeypatch.setenv("UV_CACHE_DIR", uv_cache)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.chdir(folder)
        said = record(monkeypatch)
        _write(Path("tiny"), "no-credentials")
        _run("invoke", "tiny", "--request", "GET /duck/1")
        # The part of the runtime that every bundle has.
        kept = max(Path("cache").rglob("runtime/*"), key=lambda path: path.stat().st_size)
        kept.write_bytes(kept.read_bytes() + b"damaged")
        _write(Path("large/tiny"), *_BY_BUILD)
        noise = random.Random(7).randbytes(_LARGE)  # which no zip makes smaller
        Path("large/tiny/model.bin").write_bytes(noise)
        monkeypatch.chdir("large")
        # No machine that runs this lacks both kinds.
        monkeypatch.setattr(sandbox, "_works", lambda *_: False)
        sandbox.find_sandbox.cache_clear()
        try:
            _run("build", "tiny", "-o", "out")
        finally:
            sandbox.find_sandbox.cache_clear()
        return said


def _write(root: Path, *codes: str) -> None:
    """Write the sound plugin with the files of all these fixtures; requirements are joined."""
    write_plugin(root, {"packager.toml": _CONFIGURATION})
    for code in codes:
        for path in (FOLDER / code).rglob("*"):
            there = root / path.relative_to(FOLDER / code)
            if path.is_dir():
                there.mkdir(exist_ok=True)
            elif path.name == "requirements.txt":
                with there.open("ab") as file:
                    file.write(path.read_bytes())
            elif path.suffix != ".txt":
                there.write_bytes(path.read_bytes())


def _run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([*arguments], prog_name="packager")
    assert ended.value.code == 0
