"""Paths that nothing can be at, wherever a plugin or a command line may name one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packager.analysis import missing_imports as missing_modules
from packager.bundle import preload
from packager.cli.main import main
from packager.errors import Diagnostic, PackagerError, Place
from packager.host import interpreter
from packager.local.confined import confined_command
from packager.model.permissions import Permissions
from tests.support.hostile_inputs import read_folder, timed
from tests.support.impossible_paths import IMPOSSIBLE, LONG
from tests.support.plugin_writer import write_plugin

PROJECT = '[project]\nname = "a"\ndependencies = ["a"]\n'
# Where a plugin's files name a path, $ in its place.
IN_FILES = {
    "a requirement": ("requirements.txt", "six\n./$\n"),
    "a requirement's wheel": ("requirements.txt", "six\n$/a-1-py3-none-any.whl\n"),
    "a requirement at home": ("requirements.txt", "six\n~/$\n"),
    "extras of a requirement": ("requirements.txt", "six\n./$[a]\n"),
    "an editable": ("requirements.txt", "six\n-e $/a\n"),
    "requirements": ("requirements.txt", "six\n-r $\n"),
    "constraints": ("requirements.txt", "six\n-c $\n"),
    "links": ("requirements.txt", "six\n--find-links $\n"),
    "an address": ("requirements.txt", "six\nfile:$/a.whl\n"),
    "a named address": ("requirements.txt", "six\na @ file:///$\n"),
    "uv's source": ("pyproject.toml", PROJECT + '[tool.uv.sources]\na = {path = "$"}\n'),
    "uv's source by address": ("pyproject.toml", PROJECT + '[tool.uv.sources]\na.url="file:$"\n'),
    "uv's repository": ("pyproject.toml", PROJECT + '[tool.uv.sources]\na.git="file:$"\n'),
    "uv's workspace": ("pyproject.toml", PROJECT + '[tool.uv.workspace]\nmembers = ["$/*"]\n'),
    "out of it": ("pyproject.toml", PROJECT + '[tool.uv.workspace]\nexclude = ["$"]\n'),
    "uv's links": ("pyproject.toml", PROJECT + '[tool.uv]\nfind-links = ["$"]\n'),
    "uv's index": ("pyproject.toml", PROJECT + '[[tool.uv.index]]\nname = "i"\nurl = "$"\n'),
    "uv's own file": ("uv.toml", 'index-url = "file:$"\n'),
    "a named requirement of uv's": ("uv.toml", 'override-dependencies = ["a @ file:$"]\n'),
    "what ships": ("packager.toml", 'include = ["$"]\n'),
    "what stays": ("packager.toml", 'exclude = ["$"]\n'),
    "a group": ("packager.toml", '[groups."$"]\nmemory = 512\n'),
    "the ignore file": (".difyignore", "$\n!$\n"),
    "the group's file": ("manifest.yaml", 'name: a\nplugins: {endpoints: ["$"]}\n'),
    "an endpoint's file": ("group/tiny.yaml", 'endpoints: ["$"]\n'),
    "a source": (
        "endpoints/duck.yaml",
        'path: /a\nmethod: GET\nextra: {python: {source: "$"}}\n',
    ),
}


def _placed(written: str, name: str) -> bytes:
    """Return the text of IN_FILES for a file of this name, escaped as it has to be there."""
    file, text = IN_FILES[name]
    if file.endswith((".toml", ".yaml")):
        written = written.replace("\0", "\\u0000").replace("\ud800", "\\ud800")
    return text.replace("$", written).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("impossible", IMPOSSIBLE)
@pytest.mark.parametrize("name", IN_FILES)
def test_a_path_in_a_plugins_file(tmp_path: Path, name: str, impossible: str) -> None:
    written, _ = IMPOSSIBLE[impossible]
    file = IN_FILES[name][0]
    root = write_plugin(tmp_path / "p", {"file": "", file: _placed(written, name)})
    (root / "circle").symlink_to("circle")
    (root / "loose").symlink_to("nothing")

    for package in (False, True):
        for permissions in (None, Permissions()):
            diagnostics = read_folder(root, package=package, permissions=permissions)
            files = {diagnostic.place.file for diagnostic in diagnostics if diagnostic.place}
            links = {f"{root}/circle", f"{root}/loose"}  # they can't ship
            assert files <= {f"{root}/{file}", *links}, diagnostics


NO_TEXT = ("a NUL", "half of a surrogate pair")  # requirements with one are refused as a whole


@pytest.mark.parametrize("impossible", [each for each in IMPOSSIBLE if each not in NO_TEXT])
@pytest.mark.parametrize("option", ["-r ", "-c ", "-e ./", "./"])
def test_what_is_said_of_a_path_in_requirements(
    tmp_path: Path, option: str, impossible: str
) -> None:
    written, why = IMPOSSIBLE[impossible]
    root = write_plugin(tmp_path / "p", {"file": "", "requirements.txt": f"six\n{option}{written}"})
    (root / "circle").symlink_to("circle")

    diagnostics = read_folder(root)

    what = "file" if option in ("-r ", "-c ") else "file or folder"
    shown = f"./{written}" if option.endswith("./") else written
    place = Place(f"{root}/requirements.txt", 2)
    message = f"there is no {what} {shown}{why}"
    assert (place, message) in [
        (diagnostic.place, diagnostic.message) for diagnostic in diagnostics
    ]


@pytest.mark.parametrize("name", ["links", "a named address", "uv's source", "uv's links"])
def test_what_is_said_of_a_path_elsewhere(tmp_path: Path, name: str) -> None:
    file = IN_FILES[name][0]
    root = write_plugin(tmp_path / "p", {file: _placed("nothing", name)})

    for permissions in (None, Permissions()):
        if name == "uv's links" and permissions is None:
            continue  # uv's configuration is for builds alone
        diagnostics = read_folder(root, permissions=permissions)
        assert [
            diagnostic.message for diagnostic in diagnostics if diagnostic.level == "error"
        ] == [f"there is no file or folder {'file:///' * (name == 'a named address')}nothing"]
        assert [
            diagnostic.place.line
            for diagnostic in diagnostics
            if diagnostic.place and diagnostic.level == "error"
        ] in (
            [2],
            [3],
            [5],
        )


def test_a_nul_in_requirements(tmp_path: Path) -> None:
    root = write_plugin(tmp_path / "p", {"requirements.txt": "six\n--index-url https://a\0b/\n"})

    diagnostics = read_folder(root)

    place = Place(f"{root}/requirements.txt", 2, 22)
    assert diagnostics == [
        Diagnostic("invalid-requirement", "a NUL character; expected text", place)
    ]


# Commands with a path on their command line, $ in its place; and a plugin, its folder's name %.
COMMANDS = {
    "a plugin": ["check", "$"],
    "a plugin to list": ["list", "$"],
    "a plugin to build": ["build", "$", "-o", "out"],
    "a plugin to run": ["invoke", "$", "--request", "/"],
    "a plugin to measure": ["profile", "$"],
    "a plugin for a template": ["template", "$"],
    "a plugin for a Makefile": ["template", "$", "-o", "t.yaml", "--makefile", "Makefile"],
    "a plugin with settings": ["settings", "show", "$"],
    "the output": ["build", "%", "-o", "$"],
    "the template": ["template", "%", "-o", "$"],
    "a template to check": ["template", "%", "-o", "$", "--check"],
    "the Makefile": ["template", "%", "-o", "t.yaml", "--makefile", "$"],
    "an event": ["invoke", "%", "--event", "$"],
    "a body": ["invoke", "%", "--request", "/", "-d", "@$"],
    "a file to upload": ["invoke", "%", "--request", "/", "-F", "a=@$"],
    "a field from a file": ["invoke", "%", "--request", "/", "-F", "a=<$"],
    "variables": ["invoke", "%", "--request", "/", "--env-file", "$"],
    "settings": ["invoke", "%", "--request", "/", "--settings", "$"],
    "the page": ["profile", "%", "--html", "$"],
    "values to push": ["settings", "push", "%", "--file", "$"],
}


@pytest.mark.parametrize("impossible", ["a name too long", "a link in a circle"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_path_on_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    impossible: str,
) -> None:
    write_plugin(tmp_path / "p", {"group/tiny.yaml": "endpoints: [endpoints/duck.yaml]\n"})
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.chdir(tmp_path)
    written, _ = IMPOSSIBLE[impossible]
    before = sorted(tmp_path.iterdir())

    with pytest.raises(SystemExit) as ended:
        main([each.replace("$", written).replace("%", "p") for each in COMMANDS[name]])

    said = capsys.readouterr().err
    assert ended.value.code in (1, 2), said
    assert written.partition("/")[0] in said
    assert sorted(tmp_path.iterdir()) == before


def test_modules_with_long_names(tmp_path: Path) -> None:
    """A plugin's code may import any name, and `preload` is any name."""
    for name in (f"a.{LONG}.b", LONG, f"{LONG}.a", ".".join(["a"] * 3000)):
        assert not preload._in_folder(name, tmp_path)
        assert missing_modules._kind_in(name, tmp_path) == ""


def test_programs_in_folders_that_may_not_be_looked_into(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{locked}:/{LONG}:{locked}/file")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", "~nobody-of-this-name/x")

    assert [*interpreter._candidates("3.13")]
    interpreter.find_interpreter.__wrapped__("9.9")


def test_a_storage_that_can_not_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(PackagerError, match="can't be made: "),
        confined_command(
            [], Path(sys.executable), tmp_path, {"PACKAGER_STORAGE": f"{tmp_path}/file/x/storage"}
        ),
    ):
        pass


@pytest.mark.parametrize("name", ["pyproject.toml", "packager.toml", "uv.toml", ".gitignore"])
@pytest.mark.parametrize(
    ("target", "why"),
    [("nothing", ""), (LONG, " (file name too long)"), ("file/x", " (not a directory)")],
)
def test_a_file_that_is_a_link_to_nowhere(tmp_path: Path, name: str, target: str, why: str) -> None:
    """It was as if there were no such file: what it says to leave out shipped."""
    root = write_plugin(tmp_path / "p", {"file": ""})
    (root / name).symlink_to(target)

    diagnostics = read_folder(root, permissions=Permissions())

    assert (
        Diagnostic("unreadable-file", f"is not a file{why}", Place(f"{root}/{name}")) in diagnostics
    )


def test_a_working_directory_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        for command in (["check"], ["build", "x", "-o", "y"], ["list", str(tmp_path)]):
            with pytest.raises(SystemExit) as ended:
                main(command)
            assert ended.value.code == 2
            assert capsys.readouterr().err == (
                "error: the folder you are in can't be used: No such file or directory\n"
                "  hint: it may have been removed: change to another\n"
            )
    finally:
        monkeypatch.undo()


def test_patterns_of_a_workspace_take_no_longer_for_their_length(tmp_path: Path) -> None:
    root = write_plugin(
        tmp_path / "p",
        {
            "pyproject.toml": PROJECT
            + f'[tool.uv.workspace]\nmembers = ["{"**/*/" * 20}x", "{"../" * 40}**/x"]\n'
        },
    )
    (root / ("d/" * 60)).mkdir(parents=True)

    timed(0, "a workspace", lambda: read_folder(root, package=True))
