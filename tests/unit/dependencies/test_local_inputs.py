"""A package on this disk ships as it is now, wherever what it is built from lies."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.errors import PackagerError
from tests.support.packages.installs import (
    NEWEST,
    Install,
    failure,
    index,
    install,
    names,
    write_lock,
    write_pyproject,
)
from tests.support.packages.wheels import make_wheel

__all__ = ["index", "install"]  # fixtures

BACKEND = """\
import os, tomllib, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    project = tomllib.load(open("pyproject.toml", "rb"))["project"]
    name, extra = project["name"], project.get("readme", "")
    info = name + "-1.0.dist-info"
    wheel = name + "-1.0-py3-none-any.whl"
    requires = [f"Requires-Dist: {each}" for each in project.get("dependencies", [])]
    metadata = ["Metadata-Version: 2.2", "Name: " + name, "Version: 1.0", *requires]
    with zipfile.ZipFile(folder + "/" + wheel, "w") as archive:
        for file in sorted(os.listdir("src")):
            archive.write("src/" + file, name + "/" + file)
        if extra:
            archive.write(extra, name + "/readme.txt")
        archive.writestr(info + "/METADATA", "\\n".join(metadata) + "\\n")
        archive.writestr(info + "/WHEEL",
            "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return wheel
"""


@pytest.fixture
def package(tmp_path: Path, index: Path) -> Callable[..., Path]:
    """Writes the package `name` below the plugin's folder: its module has `VALUE = 1`."""
    make_wheel(index, "flit_core", "3.9", files={"flit_core/buildapi.py": BACKEND})

    def write(name: str, at: str = "libs", more: str = "", extra: str = "") -> Path:
        folder = tmp_path / "plugin" / at / name
        (folder / "src").mkdir(parents=True)
        (folder / "src/__init__.py").write_text("VALUE = 1\n")
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.0"\n{more}\n[build-system]\n'
            'requires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n' + extra
        )
        return folder

    return write


Package = Callable[..., Path]


def value(folder: Path, name: str) -> str:
    return (folder / name / "__init__.py").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "./libs/mylib",
        "-e ./libs/mylib",
        "--editable=./libs/mylib",
        "mylib @ file:{root}/libs/mylib",
        "mylib @ file://{root}/libs/mylib",
        "file://{root}/libs/mylib",
        "libs/mylib",
    ],
)
def test_a_changed_package_is_installed_as_it_is_now(
    install: Install, package: Package, tmp_path: Path, line: str
) -> None:
    folder = package("mylib")
    line = line.format(root=tmp_path / "plugin")
    steps: list[str] = []
    assert value(install(line).folder, "mylib") == "VALUE = 1\n"
    assert value(install(line, steps=steps).folder, "mylib") == "VALUE = 1\n"
    assert steps == []  # nothing changed: nothing is done
    (folder / "src/__init__.py").write_text("VALUE = 2\n")
    assert value(install(line).folder, "mylib") == "VALUE = 2\n"


def test_a_package_that_is_again_as_it_was_is_installed_so(
    install: Install, package: Package
) -> None:
    module = package("mylib") / "src/__init__.py"
    for text in ("VALUE = 1\n", "VALUE = 2\n", "VALUE = 1\n"):
        module.write_text(text)
        assert value(install("./libs/mylib").folder, "mylib") == text


@pytest.mark.parametrize("editable", ["", ", editable = true"])
def test_sources_with_paths_and_what_they_need_in_turn(
    install: Install, package: Package, tmp_path: Path, editable: str
) -> None:
    package(
        "mylib",
        more='dependencies = ["other"]',
        extra=f'[tool.uv.sources]\nother = {{ path = "../other"{editable} }}\n',
    )
    other = package("other")
    write_pyproject(
        tmp_path,
        'dependencies = ["mylib"]\n[tool.uv.sources]\n'
        f'mylib = {{ path = "libs/mylib"{editable} }}\n',
    )
    got = install()
    assert value(got.folder, "other") == "VALUE = 1\n"
    assert list(got.folder.glob("*.pth")) == []
    (other / "src/__init__.py").write_text("VALUE = 2\n")
    assert value(install().folder, "other") == "VALUE = 2\n"


def test_what_lies_outside_of_the_package(
    install: Install, package: Package, tmp_path: Path
) -> None:
    package("mylib", more='readme = "../../README.txt"')
    readme = tmp_path / "plugin/README.txt"
    readme.write_text("one")
    assert (install("./libs/mylib", trusted=True).folder / "mylib/readme.txt").read_text() == "one"
    readme.write_text("two")
    assert (install("./libs/mylib", trusted=True).folder / "mylib/readme.txt").read_text() == "two"


def test_a_link_that_leaves_the_package(install: Install, package: Package, tmp_path: Path) -> None:
    folder = package("mylib")
    shared = tmp_path / "shared.py"
    shared.write_text("S = 1\n")
    (folder / "src/shared.py").symlink_to(shared)
    assert (
        install("./libs/mylib", trusted=True).folder / "mylib/shared.py"
    ).read_text() == "S = 1\n"
    shared.write_text("S = 2\n")
    assert (
        install("./libs/mylib", trusted=True).folder / "mylib/shared.py"
    ).read_text() == "S = 2\n"


def test_a_package_with_build_code_of_its_own_is_built_each_time(
    install: Install, package: Package, tmp_path: Path
) -> None:
    folder = package("mylib")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(
        text.replace('requires = ["flit_core"]', "requires = []").replace(
            '"flit_core.buildapi"', '"backend"\nbackend-path = ["."]'
        )
    )
    (folder / "backend.py").write_text(BACKEND.replace('"src/" + file, ', '"../../it.py", '))
    for text in ("one", "two"):
        (tmp_path / "plugin/it.py").write_text(text)
        assert value(install("./libs/mylib", trusted=True).folder, "mylib") == text


def test_an_archive_of_the_same_name(install: Install, tmp_path: Path) -> None:
    for text in ("A = 1\n", "A = 2\n"):
        make_wheel(tmp_path / "plugin/libs", "mylib", "1.0", files={"mylib/__init__.py": text})
        got = install("./libs/mylib-1.0-py3-none-any.whl")
        assert value(got.folder, "mylib") == text


def test_a_wheel_of_the_same_name_in_an_index_on_this_disk(install: Install, index: Path) -> None:
    for text in ("A = 1\n", "A = 2\n"):
        make_wheel(index, "mylib", "1.0", files={"mylib/__init__.py": text})
        assert value(install("mylib").folder, "mylib") == text


def test_a_branch_of_a_repository_on_this_disk(
    install: Install, package: Package, tmp_path: Path
) -> None:
    folder = package("mylib")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    for text in ("V = 1\n", "V = 2\n"):
        (folder / "src/__init__.py").write_text(text)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
        got = install(f"mylib @ git+file://{folder}@main")
        assert value(got.folder, "mylib") == text


def test_a_repository_that_can_not_be_cloned_is_no_index(install: Install, tmp_path: Path) -> None:
    folder = tmp_path / "mylib.git"
    folder.mkdir()
    message, hint = failure(install, f"mylib @ git+file://{folder}@main")
    assert message.splitlines()[0] == f"the git repository file://{folder}@main can't be fetched:"
    assert f"'{folder}' does not appear to be a git repository" in message
    assert hint == "check the address and the network: git ls-remote <address>"


def test_a_branch_that_is_not_there(install: Install, package: Package) -> None:
    folder = package("mylib")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--allow-empty", "--quiet", "-m", "x"], check=True)
    _, hint = failure(install, f"mylib @ git+file://{folder}@gone")
    assert hint == "the repository has no such branch, tag or commit: correct what is asked"


def test_offline_without_what_is_needed(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    message, _ = failure(install, "six==1.15.0")
    assert message.splitlines()[0] == "uv is offline, and its cache lacks what is needed:"


def test_constraints_in_files_are_part_of_the_key(install: Install, tmp_path: Path) -> None:
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin/c.txt").write_text("werkzeug<3.1\n")
    assert names(install("-c c.txt", "werkzeug"))["werkzeug"] == "3.0.0"
    (tmp_path / "plugin/c.txt").write_text("")
    assert names(install("-c c.txt", "werkzeug"))["werkzeug"] == "3.1.0"


@pytest.mark.parametrize("variable", ["UV_CONSTRAINT", "UV_OVERRIDE"])
def test_files_that_uvs_variables_name_are_part_of_the_key(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    file = tmp_path / "held.txt"
    monkeypatch.setenv(variable, str(file))
    file.write_text("werkzeug<3.1\n")
    assert names(install("werkzeug"))["werkzeug"] == "3.0.0"
    file.write_text("werkzeug>3.0.0\n")
    assert names(install("werkzeug"))["werkzeug"] == "3.1.0"


def test_what_setuptools_leaves_is_cleared_away_or_told_of(
    install: Install, package: Package, tmp_path: Path
) -> None:
    folder = package("mylib")
    (folder / "pyproject.toml").write_text(
        (folder / "pyproject.toml").read_text().replace("buildapi", "leaving")
    )
    leaving = tmp_path / "index"
    text = BACKEND.replace(
        "    return wheel\n",
        '    os.makedirs("build/lib/mylib", exist_ok=True)\n'
        '    os.makedirs("mylib.egg-info", exist_ok=True)\n    return wheel\n',
    )
    make_wheel(leaving, "flit_core", "3.9", files={"flit_core/leaving.py": text})
    assert install("./libs/mylib", trusted=True).notes == ()
    assert sorted(path.name for path in folder.iterdir()) == ["pyproject.toml", "src"]
    (folder / "build/lib/mylib").mkdir(parents=True)
    (folder / "src/__init__.py").write_text("VALUE = 3\n")
    [note] = install("./libs/mylib", trusted=True).notes
    assert note.startswith(f"{folder} has what an earlier build left in build/")
    assert (folder / "build/lib/mylib").is_dir()


def test_a_member_of_the_plugins_own_workspace(
    install: Install, package: Package, tmp_path: Path
) -> None:
    other = package("other")
    package(
        "mylib",
        more='dependencies = ["other"]',
        extra="[tool.uv.sources]\nother = { workspace = true }\n",
    )
    write_pyproject(
        tmp_path,
        'dependencies = ["mylib"]\n[tool.uv.sources]\nmylib = { workspace = true }\n'
        '[tool.uv.workspace]\nmembers = ["libs/*"]\n',
    )
    got = install()
    assert set(names(got)) == {"mylib", "other", *NEWEST}
    assert list(got.folder.glob("*.pth")) == []
    assert value(got.folder, "mylib") == "VALUE = 1\n"
    (other / "src/__init__.py").write_text("VALUE = 2\n")
    assert value(install().folder, "other") == "VALUE = 2\n"


def test_members_in_awrite_lock(install: Install, package: Package, tmp_path: Path) -> None:
    folder = package(
        "mylib",
        more='dependencies = ["other"]',
        extra="[tool.uv.sources]\nother = { workspace = true }\n",
    )
    package("other")
    write_pyproject(
        tmp_path,
        'dependencies = ["mylib[x]", "werkzeug<3.1"]\n[tool.uv.sources]\n'
        'mylib = { workspace = true }\n[tool.uv.workspace]\nmembers = ["libs/*"]\n',
    )
    write_lock(tmp_path / "plugin")
    before = sorted(path.name for path in (tmp_path / "plugin").rglob("*"))
    got = install()
    assert names(got) == {"mylib": "1.0", "other": "1.0", **NEWEST, "werkzeug": "3.0.0"}
    assert sorted(path.name for path in (tmp_path / "plugin").rglob("*")) == before
    (folder / "src/__init__.py").write_text("VALUE = 2\n")
    assert value(install().folder, "mylib") == "VALUE = 2\n"


@pytest.mark.parametrize("locked", [True, False])
def test_a_plugin_that_is_a_member_of_a_workspace_above(
    install: Install, package: Package, tmp_path: Path, locked: bool
) -> None:
    folder = package("mylib", at="../shared")
    write_pyproject(tmp_path, 'dependencies = ["mylib", "werkzeug<3.1"]\n')
    (tmp_path / "pyproject.toml").write_text(
        "[tool.uv.sources]\nmylib = { workspace = true }\n"
        '[tool.uv.workspace]\nmembers = ["shared/*", "plugin"]\n'
    )
    if locked:
        write_lock(tmp_path / "plugin")
        assert (tmp_path / "uv.lock").is_file()
        text = (tmp_path / "plugin/pyproject.toml").read_text()
        (tmp_path / "plugin/pyproject.toml").write_text(text.replace("werkzeug<3.1", "werkzeug"))
    got = install()
    assert names(got) == {"mylib": "1.0", **NEWEST, "werkzeug": "3.0.0"}
    (folder / "src/__init__.py").write_text("VALUE = 2\n")
    assert value(install().folder, "mylib") == "VALUE = 2\n"


def test_a_workspace_without_such_a_member(install: Install, tmp_path: Path) -> None:
    write_pyproject(
        tmp_path, 'dependencies = ["mylib"]\n[tool.uv.sources]\nmylib = { workspace = true }\n'
    )
    message, _ = failure(install)
    assert message == (
        "p/pyproject.toml:5:17: mylib is to come from a workspace, and is not a member of any "
        "workspace here"
    )


def test_several_sources_of_one_package(
    install: Install, package: Package, tmp_path: Path, index: Path
) -> None:
    package("mylib")
    make_wheel(index, "mylib", "9.0")
    write_pyproject(
        tmp_path,
        'dependencies = ["mylib"]\n[tool.uv.sources]\nmylib = [\n'
        '  { path = "libs/mylib", marker = "sys_platform == \'linux\'" },\n'
        '  { url = "https://127.0.0.1:1/x.whl", marker = "sys_platform == \'win32\'" },\n]\n',
    )
    assert names(install())["mylib"] == "1.0"


def test_a_folder_that_changes_while_it_is_built(install: Install, package: Package) -> None:
    folder = package("mylib")

    def edit(step: str) -> None:
        if step.startswith("installing"):
            (folder / "src/__init__.py").write_text("VALUE = 2\n")

    class Editing(list[str]):
        def append(self, step: str) -> None:
            edit(step)

    with pytest.raises(PackagerError, match="changed while it was built"):
        install("./libs/mylib", steps=Editing())
