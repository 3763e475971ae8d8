"""Inputs that took long or ended in a traceback, or might: each ends in a fault or a result."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from packager.cli.main import main
from tests.support.attacks import attacks
from tests.support.examples import Command
from tests.support.hostile_inputs import (
    TEXTS,
    hostile_zip,
    read_folder,
    read_foreign_mutated,
    read_mutated,
    read_package,
    timed,
)
from tests.support.plugin_writer import write_plugin

Run = Callable[..., tuple[int, str, str]]
ATTACKS = attacks(30_000)  # the soak does the same with 100,000 bytes


@pytest.mark.parametrize("name", ATTACKS)
def test_no_file_takes_long_or_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    file, text = ATTACKS[name]
    root = write_plugin(tmp_path / "p", {**TEXTS, file: text.encode("utf-8", "surrogatepass")})

    timed(len(text), name, lambda: read_folder(root))


@pytest.mark.parametrize("read", [read_mutated, read_foreign_mutated])
def test_mutated_files(
    tmp_path: Path,
    read: Callable[[Path, Random], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few of what the soak does many of (tests/soak/test_inputs.py)."""
    monkeypatch.setenv("PATH", "")  # without Poetry and Pipenv
    random = Random(15)
    root = write_plugin(tmp_path / "p", TEXTS)
    for _ in range(60):
        read(root, random)
    said = capsys.readouterr().err
    assert ("\x1b" in said, "\u202e" in said) == (False, False)


def test_mutated_packages(tmp_path: Path) -> None:
    random = Random(15)
    path = tmp_path / "hostile.difypkg"
    for _ in range(60):
        path.write_bytes(hostile_zip(random))
        timed(path.stat().st_size, "a package", lambda: read_package(path))
    assert [*tmp_path.iterdir()] == [path]


@pytest.fixture
def run(command: Command) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        done = command(*arguments)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_what_a_folder_may_hold_besides_files(tmp_path: Path, run: Run) -> None:
    """Pipes block who opens them, devices never end, and sockets can't be opened."""
    root = write_plugin(tmp_path / "p")
    for name in (
        "pipe.py",
        "pipe.yaml",
        ".gitignore",
        "requirements.txt",
        "pyproject.toml",
        ".env",
    ):
        os.mkfifo(root / name)
    (root / "zero.py").symlink_to("/dev/zero")
    (root / "loop").symlink_to("loop")
    (root / ("n" * 255)).write_text("")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s.py"))
        code, _, said = run("check", root)

    assert (code, "Traceback" in said) == (2, False), said
    assert "loop: error: the link leads nowhere: loop" in said
    assert "zero.py: error: the link leads out of the plugin: /dev/zero" in said


def test_names_that_are_written_to_steer_a_terminal(tmp_path: Path, run: Run) -> None:
    name = "\x1b]0;owned\x07\u202e.yaml"
    manifest = f'name: tiny\nversion: 1\nplugins: {{endpoints: ["{name}"]}}\n'
    root = write_plugin(
        tmp_path / "p\x1b[2J",
        {"manifest.yaml": manifest.replace("\x1b", "\\e").replace("\x07", "\\a"), name: "a: \x1b"},
    )

    for arguments in (("check", root), ("check", root, "--format", "json"), ("list", root),
                      ("build", root, "-o", tmp_path / "out"), ("template", root),
                      ("check", tmp_path / "no\x1b[31m"), ("check", "--no\x1b[31m")):  # fmt: skip
        code, out, said = run(*arguments)
        assert (code, "Traceback" in said) == (2, False), said
        for sign in ("\x1b", "\x07", "\u202e"):
            assert sign not in out + said, arguments
    code, _, said = run("check", root)
    assert "p\\x1b[2J" in said


def test_values_that_no_file_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Halves of surrogate pairs, in a version and in a default, ended in tracebacks."""
    version = 'name: tiny\nversion: "\\ud800"\nplugins: {endpoints: [group/tiny.yaml]}\n'
    root = write_plugin(tmp_path / "p", {"manifest.yaml": version})

    with pytest.raises(SystemExit) as ended:
        main(["check", str(root)])

    message = (
        "not valid YAML: \\uD800 is half of a character; "
        "write the character itself, or \\U and its eight digits"
    )
    assert (ended.value.code, capsys.readouterr().err.splitlines()[0]) == (
        2,
        f"{root}/manifest.yaml:2:10: error: {message}",
    )


def test_folders_deeper_than_any_plugin(tmp_path: Path, run: Run) -> None:
    root = write_plugin(tmp_path / "p")
    at = os.open(root, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("x.py", os.O_CREAT, dir_fd=at))
    os.close(at)

    code, _, said = run("check", root)

    subprocess.run(["rm", "-rf", root], check=True)  # pytest's own cleaning goes by recursion
    assert (code, said.count("error")) == (2, 2), said
    assert f"{root}/d: error: holds folders nested more than 100 deep" in said
