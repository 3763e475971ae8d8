from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.plugin.file_choice import FileRules
from packager.plugin.files import LeftOut, large_folders, plugin_files


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
    left: list[str] | None = None,
) -> tuple[list[str], list[Diagnostic]]:
    diagnostics = Diagnostics()
    rules = FileRules(needed, include, exclude, out)
    chosen = plugin_files(PluginFolder(root, "p"), diagnostics, rules)
    if left is not None:
        left += chosen.left
    return [file.path for file in chosen.files], diagnostics.all


def test_what_never_ships(tmp_path: Path) -> None:
    plugin(
        tmp_path,
        *("manifest.yaml", "a/b.py", "a/data.json", "envelope.py"),
        *(".env", ".env.local", "a/prod.env", ".git/config", "sub/.git", ".hg/x", ".svn/x"),
        *("a/__pycache__/b.cpython-313.pyc", "b.pyc", ".DS_Store", "x.difypkg"),
        *(".mypy_cache/x", ".pytest_cache/x", ".ruff_cache/x", "any/pyvenv.cfg", "any/lib/x.py"),
    )
    assert shipped(tmp_path) == (
        ["a/b.py", "a/data.json", "envelope.py", "manifest.yaml"],
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
            Diagnostic(
                "kept-file",
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
            Diagnostic(
                "broken-link", "the link leads nowhere: nowhere", Place("p/gone"), hint=hint
            ),
            Diagnostic(
                "broken-link",
                "the link leads out of the plugin: ../secret",
                Place("p/out"),
                hint=hint,
            ),
        ],
    )


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", "b\udcff.py")
    assert shipped(tmp_path) == (
        ["a.py"],
        [Diagnostic("not-utf8", "the file's name is not UTF-8", Place("p/b\\udcff.py"))],
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
            Diagnostic("broken-link", "the link leads nowhere: b", Place("p/b"), hint=hint),
            Diagnostic("broken-link", "the link leads nowhere: d", Place("p/c"), hint=hint),
            Diagnostic("broken-link", "the link leads nowhere: c", Place("p/d"), hint=hint),
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
            Diagnostic("unreadable-file", "can't be read: Permission denied", Place("p/shut")),
            Diagnostic("unreadable-file", "can't be read: Permission denied", Place("p/shut.txt")),
        ],
    )


def test_an_ignore_file_that_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    root = plugin(tmp_path, ".gitignore")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert shipped(root)[1] == [
        Diagnostic("unreadable-file", "can't be read: Permission denied", Place("p/.gitignore"))
    ]


TOOLS_OWN = (
    *("env/conda-meta/history", "env/lib/x.py", "venv/pyvenv.cfg", "venv/lib/x.py", ".venv/x.py"),
    *(".idea/x.xml", ".vscode/x.json", ".cursor/x", "node_modules/x/index.js", "htmlcov/i.html"),
    *("a/.ruff_cache/x", ".tox/py/x", ".nox/x", "tiny.egg-info/PKG-INFO", ".ipynb_checkpoints/x"),
    *(".coverage", ".coverage.1", ".github/w.yml", "a.py~", "a.swp", ".a.py.swp", "Thumbs.db"),
    *(".packager-a1b2c3d4/work/x.py", "__MACOSX/a", ".pixi/x", ".cache/x", ".direnv/x", ".envrc"),
)


def test_what_tools_leave_never_ships_by_default(tmp_path: Path) -> None:
    own = ("a.py", "lib/a.py", "build/a.py", "dist/a.js", "var/a", "de.mo", "uv.lock", ".gitignore")
    plugin(tmp_path, *own, *TOOLS_OWN)

    assert shipped(tmp_path) == (sorted(own), [])


def test_include_overrules_what_is_left_out_by_default(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", "node_modules/x/i.js", "env/pyvenv.cfg", "env/lib/x.py", "env/a.bin")
    left: list[str] = []

    assert shipped(tmp_path, include=["node_modules/"])[0] == ["a.py", "node_modules/x/i.js"]
    assert shipped(tmp_path, include=["/env/lib/*.py"])[0] == ["a.py", "env/lib/x.py"]
    assert shipped(tmp_path, include=["*.bin", "*.js"], left=left)[0] == ["a.py"]
    assert left == ["env", "node_modules"]


def test_an_environment_made_in_the_plugin_itself(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", "lib/mine.py", "pyvenv.cfg", "bin/python", "lib/python3.13/x.py")

    assert shipped(tmp_path)[0] == ["a.py", "lib/mine.py"]


def test_a_source_in_a_folder_that_tools_own_is_kept(tmp_path: Path) -> None:
    plugin(tmp_path, ".cache/a.py", ".cache/b.py", "env/pyvenv.cfg", "env/a.py", "env/b.py")

    files, diagnostics = shipped(tmp_path, needed=[".cache/a.py", "env/a.py"])

    assert files == [".cache/a.py", "env/a.py"]
    reason = "the function needs it, though the packager leaves such files out"
    assert [str(diagnostic) for diagnostic in diagnostics] == [
        f"p/{at}: {at} is kept: {reason}" for at in files
    ]


def test_how_large_what_is_left_out_is(tmp_path: Path) -> None:
    plugin(tmp_path, "env/pyvenv.cfg", "node_modules/a/b.js", ".idea/x", b_js="x" * 1000)
    left: list[str] = []
    shipped(tmp_path, left=left)

    assert large_folders(PluginFolder(tmp_path, "p"), left, 1000) == (
        LeftOut("node_modules", 1000, True),
    )


def test_folders_nested_too_deeply(tmp_path: Path) -> None:
    """Deeper than this program can go down by recursion, and than a path may be long."""
    plugin(tmp_path, "a.py", "quiet/.difyignore")
    for top in ("deep", "quiet"):
        at = os.open(tmp_path, os.O_RDONLY)
        for name in (top, *["d" * 20] * 1200):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(os.open("x.py", os.O_CREAT, dir_fd=at))
        os.close(at)
    (tmp_path / ".difyignore").write_text("quiet/\n")

    assert shipped(tmp_path) == (
        [".difyignore", "a.py"],
        [
            Diagnostic(
                "too-large",
                "holds folders nested more than 100 deep, or a path of more than 2048 bytes",
                Place("p/deep"),
                hint="name it in .difyignore, or move what is in it up",
            )
        ],
    )
    subprocess.run(["rm", "-rf", tmp_path], check=True)  # pytest's own cleaning goes by recursion


def test_what_is_no_file_does_not_ship(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        (tmp_path / "null").symlink_to("/dev/null")
        assert shipped(tmp_path) == (
            ["a.py"],
            [
                Diagnostic(
                    "broken-link",
                    "the link leads out of the plugin: /dev/null",
                    Place("p/null"),
                    hint="put a copy in its place, or name it in .difyignore",
                )
            ],
        )


def test_an_ignore_file_with_too_much_in_it(tmp_path: Path) -> None:
    plugin(tmp_path, "a.py", ".difyignore")
    (tmp_path / ".difyignore").write_text("".join(f"a?{number}\n" for number in range(3000)))
    message = "has more than 10000 patterns, or than 2000 with wildcards inside"
    assert shipped(tmp_path)[1] == [
        Diagnostic("invalid-ignore-file", message, Place("p/.difyignore"))
    ]

    (tmp_path / ".difyignore").write_text("x" * 1_000_001)
    message = "has more than 1000000 bytes"
    assert shipped(tmp_path)[1] == [
        Diagnostic("invalid-ignore-file", message, Place("p/.difyignore"))
    ]
