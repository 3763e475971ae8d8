from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from packager.errors import Fault, FaultCollector, Place
from packager.ignore import plugin_files


def plugin(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts.get(path.name.replace(".", "_"), ""))
    return root


def shipped(
    root: Path,
    *,
    needed: Sequence[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    out: Path | None = None,
) -> tuple[list[str], list[Fault]]:
    faults = FaultCollector()
    files = plugin_files(
        root, "p", faults, needed=needed, include=include, exclude=exclude, out=out
    )
    return [file.path for file in files], faults.faults


def test_what_never_ships(tmp_path: Path) -> None:
    plugin(
        tmp_path,
        *("manifest.yaml", "a/b.py", "a/data.json", "envelope.py", "node_modules/x.js"),
        *(".env", ".env.local", "a/prod.env", ".git/config", "sub/.git", ".hg/x", ".svn/x"),
        *("a/__pycache__/b.cpython-313.pyc", "b.pyc", ".DS_Store", "x.difypkg"),
        *(".mypy_cache/x", ".pytest_cache/x", ".ruff_cache/x", "any/pyvenv.cfg", "any/lib/x.py"),
    )
    assert shipped(tmp_path) == (
        ["a/b.py", "a/data.json", "envelope.py", "manifest.yaml", "node_modules/x.js"],
        [],
    )


def test_difyignore_comes_before_gitignore(tmp_path: Path) -> None:
    plugin(tmp_path, ".difyignore", ".gitignore", "a.txt", "b.txt", "keep/x.txt", "keep/y.txt")
    (tmp_path / ".difyignore").write_text("# comment\n/a.txt\nkeep/*\n!keep/y.txt\n.*ignore\n")
    (tmp_path / ".gitignore").write_text("b.txt\n")
    assert shipped(tmp_path) == (["b.txt", "keep/y.txt"], [])
    (tmp_path / ".difyignore").unlink()
    assert shipped(tmp_path) == ([".gitignore", "a.txt", "keep/x.txt", "keep/y.txt"], [])


def test_needed_files_are_kept_with_a_warning(tmp_path: Path) -> None:
    plugin(tmp_path, ".gitignore", "lib/used.py", "lib/other.py")
    (tmp_path / ".gitignore").write_text("lib/\n")
    assert shipped(tmp_path, needed=["lib/used.py"]) == (
        [".gitignore", "lib/used.py"],
        [
            Fault(
                "lib/used.py is kept: the function needs it, though .gitignore names it",
                Place("p/.gitignore"),
                level="warning",
            )
        ],
    )


def test_what_local_runs_take_secrets_from_never_ships(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", ".env", "sub/.env", "settings.local.toml", "sub/settings.local.toml")

    assert shipped(tmp_path, include=["*", ".env", "settings.local.toml"]) == (["a.py"], [])
    assert shipped(tmp_path) == (["a.py"], [])


def test_include_and_exclude_overrule(tmp_path: Path) -> None:
    plugin(tmp_path, ".difyignore", "a.py", "big.bin", "data/x.csv", "x.env", "_assets/i.svg")
    (tmp_path / ".difyignore").write_text("data/\n.difyignore\n")
    assert shipped(tmp_path, include=["data/*.csv", "x.env", "_assets/"], exclude=["*.bin"]) == (
        ["_assets/i.svg", "a.py", "data/x.csv", "x.env"],
        [],
    )


def test_assets_ship_if_code_names_them(tmp_path: Path) -> None:
    plugin(tmp_path, "manifest.yaml", "a.py", "_assets/i.svg", manifest_yaml="icon: _assets/i.svg")
    assert shipped(tmp_path)[0] == ["a.py", "manifest.yaml"]
    (tmp_path / "a.py").write_text("open('_assets/i.svg')")
    assert shipped(tmp_path)[0] == ["_assets/i.svg", "a.py", "manifest.yaml"]


def test_the_output_folder_inside_the_plugin_stays_out(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", "build/XFunction/plugin/a.py")
    assert shipped(tmp_path, out=tmp_path / "build") == (["a.py"], [])


def test_links_inside_are_followed_and_circles_end(tmp_path: Path) -> None:
    root = plugin(tmp_path, "real/a.py")
    (root / "real/self").symlink_to(root / "real")
    (root / "linked").symlink_to("real")
    (root / "b.py").symlink_to("real/a.py")
    assert shipped(root) == (["b.py", "linked/a.py", "real/a.py"], [])


def test_links_that_leave_are_errors_unless_ignored(tmp_path: Path) -> None:
    root = plugin(tmp_path / "p", "a.py", "quiet/x", ".difyignore")
    (tmp_path / "secret").write_text("")
    (root / "out").symlink_to("../secret")
    (root / "gone").symlink_to("nowhere")
    (root / "quiet/out").symlink_to("../../secret")
    (root / ".difyignore").write_text("quiet/\n")
    hint = "put a copy in its place, or name it in .difyignore"
    assert shipped(root) == (
        [".difyignore", "a.py"],
        [
            Fault("the link leads nowhere: nowhere", Place("p/gone"), hint=hint),
            Fault("the link leads out of the plugin: ../secret", Place("p/out"), hint=hint),
        ],
    )


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", "b\udcff.py")
    assert shipped(tmp_path) == (
        ["a.py"],
        [Fault("the file's name is not UTF-8", Place("p/b\\udcff.py"))],
    )


def test_other_builds_inside_the_plugin_stay_out(tmp_path: Path) -> None:
    plugin(
        tmp_path,
        "a.py",
        "old/XFunction/endpoint_runtime/_bundle.py",
        "old/XFunction.zip",
        "old/template.yaml",
        "XFunction/endpoint_runtime/_bundle.py",
        "XFunction/plugin/a.py",
        ".aws-sam/build/XFunction/a.py",
    )
    assert shipped(tmp_path) == (["a.py"], [])


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    root = plugin(tmp_path, "a.py")
    (root / "b").symlink_to("b")
    (root / "c").symlink_to("d")
    (root / "d").symlink_to("c")
    hint = "put a copy in its place, or name it in .difyignore"
    assert shipped(root) == (
        ["a.py"],
        [
            Fault("the link leads nowhere: b", Place("p/b"), hint=hint),
            Fault("the link leads nowhere: d", Place("p/c"), hint=hint),
            Fault("the link leads nowhere: c", Place("p/d"), hint=hint),
        ],
    )


def test_what_can_not_be_read_is_an_error_unless_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the system's answers are made up."""
    root = plugin(tmp_path, "a.py", "shut/x", "shut.txt", "quiet/shut/x", ".difyignore")
    (root / ".difyignore").write_text("quiet/\n")
    scandir, access = os.scandir, os.access

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(
        os, "access", lambda path, mode: path.suffix != ".txt" and access(path, mode)
    )
    assert shipped(root) == (
        [".difyignore", "a.py"],
        [
            Fault("can't be read: Permission denied", Place("p/shut")),
            Fault("can't be read: Permission denied", Place("p/shut.txt")),
        ],
    )


def test_an_ignore_file_that_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *arguments: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    root = plugin(tmp_path, ".gitignore")
    monkeypatch.setattr(Path, "read_text", refuse)
    assert shipped(root)[1] == [Fault("can't be read: Permission denied", Place("p/.gitignore"))]
