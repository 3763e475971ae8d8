"""Packages, YAML, TOML, ignore files and requirements made at random, to do harm."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from packager.inputs.gitignore import Patterns
from tests.soak.conftest import Soak
from tests.support.attacks import attacks
from tests.support.git_patterns import NAMES, PIECES, ignored_by_git, ignored_here, tree_of
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
from tests.support.timing import soon


def test_files_of_a_plugin(tmp_path: Path, soak: Soak, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_plugin(tmp_path / "p", TEXTS)
    (root / "circle").symlink_to("circle")
    for _ in soak.rounds(100_000, "plugins with one or two mutated files"):
        read_mutated(root, soak.random)
        said = capsys.readouterr()
        assert (said.out, "\x1b" in said.err, "\u202e" in said.err) == ("", False, False)


def test_files_of_poetry_and_pipenv(
    tmp_path: Path,
    soak: Soak,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")  # where neither is
    root = write_plugin(tmp_path / "p", TEXTS)
    for _ in soak.rounds(100_000, "plugins with mutated files of Poetry's or Pipenv's"):
        read_foreign_mutated(root, soak.random)
        said = capsys.readouterr()
        assert (said.out, "\x1b" in said.err, "\u202e" in said.err) == ("", False, False)


def test_long_files(tmp_path: Path, soak: Soak) -> None:
    """The attacks of tests/unit/test_hostile_inputs.py, with files of 100 KB."""
    all_of_them = sorted(attacks(100_000).items())
    soak.random.shuffle(all_of_them)
    for number in soak.rounds(len(all_of_them), "attacks with long files"):
        name, (file, text) = all_of_them[number]
        # Apart from each other: `../*` of a workspace would read them all.
        root = write_plugin(
            tmp_path / str(number) / "p", {**TEXTS, file: text.encode("utf-8", "surrogatepass")}
        )
        timed(len(text), name, lambda root=root: read_folder(root))  # type: ignore[misc]


def test_packages(tmp_path: Path, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = tmp_path / "hostile.difypkg"
    outside = {*tmp_path.parent.iterdir()}
    for _ in soak.rounds(10_000, "packages"):
        data = hostile_zip(soak.random)
        path.write_bytes(data)
        timed(len(data), "a package", lambda: read_package(path))
        assert [*scratch.iterdir()] == []
        assert {*tmp_path.iterdir()} == {path, scratch}
    assert {*tmp_path.parent.iterdir()} == outside


def test_git_agrees_on_patterns(tmp_path: Path, soak: Soak) -> None:
    for number in soak.rounds(5_000, "lists of patterns, compared with git"):
        random = soak.random
        paths = [random.choices(NAMES, k=random.choice([1, 1, 2, 3, 4])) for _ in range(30)]
        lines = [
            "".join(random.choices(PIECES, k=random.randrange(1, 8)))
            for _ in range(random.choice([1, 1, 2, 4]))
        ]
        tree = tree_of(paths)
        folder = tmp_path / str(number)
        folder.mkdir()
        assert ignored_here(tree, lines) == ignored_by_git(folder, tree, lines), lines


def test_no_pattern_takes_long(soak: Soak) -> None:
    for _ in soak.rounds(20_000, "patterns against long names"):
        pattern = _long_pattern(soak.random)
        name = "/".join(
            "".join(soak.random.choices("ab", k=soak.random.randrange(1, 200))) for _ in range(10)
        )
        soon(0.2, pattern, lambda p=pattern, name=name: Patterns([p]).match(name))  # type: ignore[misc]


def _long_pattern(random: Random) -> str:
    pieces = random.choices(["a", "b", "*", "**", "?", "/", "**/", "[ab]", "*a", "*?"], k=5)
    return "".join(pieces) * random.randrange(1, 60) + random.choice(["", "b", "/c", "/**"])
