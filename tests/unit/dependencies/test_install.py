"""Resolving and installing, with packages made here: no index is asked."""

from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from packager.dependencies import source_builds
from packager.dependencies.no_wheel import targets_with_wheel
from packager.dependencies.prune import KeepRules
from packager.dependencies.target import Target
from packager.dependencies.used_files import FileUse
from packager.host.uv import UvRun, run_uv
from packager.host.uv_failures import Unreachable
from packager.requirements.lock_file import Locked
from tests.support.packages.installs import (
    NEWEST,
    THIS,
    Install,
    failure,
    index,
    install,
    names,
    write_lock,
    write_pyproject,
)
from tests.support.packages.wheels import make_sdist, make_wheel

__all__ = ["index", "install"]  # fixtures


def test_the_runtimes_own_needs_come_without_a_word(install: Install) -> None:
    assert names(install()) == NEWEST


def test_the_real_sdk_comes_as_pinned_with_all_that_it_needs(install: Install, index: Path) -> None:
    for version in ("0.1.0", "0.2.0"):
        needs = ["werkzeug<3.1", "gevent==1.0", "tiktoken"]
        make_wheel(index, "dify_plugin", version, requires=needs)
    make_wheel(index, "gevent", "1.0")
    make_wheel(index, "tiktoken", "1.0")
    needed = {"markupsafe": "3.0.0", "werkzeug": "3.0.0", "gevent": "1.0", "tiktoken": "1.0"}

    undeclared = install(sdk=True)
    pinned = install("dify_plugin[x]==0.1.0", sdk=True)

    assert (names(pinned), pinned.notes) == ({**needed, "dify-plugin": "0.1.0"}, ())
    assert names(undeclared) == {**needed, "dify-plugin": "0.2.0"}


def test_the_sdk_stays_out_and_its_pins_hold(install: Install, index: Path) -> None:
    make_wheel(
        index,
        "dify_plugin",
        "0.1.0",
        requires=["werkzeug<3.1", "gevent==1.0", "httpx<2", "heavy"],
    )
    make_wheel(index, "heavy", "1.0")
    for version in ("1.0", "2.0"):
        make_wheel(index, "httpx", version)
    got = install("dify_plugin[x]==0.1.0 ; python_version > '3'", imported=("httpx",))
    assert (names(got), got.notes) == (
        {"httpx": "1.0", "markupsafe": "3.0.0", "werkzeug": "3.0.0"},
        (),
    )


def test_the_sdk_does_not_come_in_through_another_package(install: Install, index: Path) -> None:
    make_wheel(index, "dify_plugin", "0.1.0")
    make_wheel(index, "helper", "1.0", requires=["dify-plugin"])
    got = install("helper")
    assert names(got) == {"helper": "1.0", **NEWEST}
    assert not (got.folder / "dify_plugin.py").exists()


def test_an_sdk_that_does_not_fit_the_target_is_a_note(install: Install, index: Path) -> None:
    make_wheel(index, "dify_plugin", "0.1.0", requires=["no-such-package"])
    got = install("dify_plugin==0.1.0")
    assert (names(got), got.notes) == (
        NEWEST,
        (
            "dify_plugin==0.1.0 can't be resolved for Python 3.13 on arm64 "
            "(aarch64-manylinux_2_34); versions were chosen without it",
        ),
    )


def test_compiled_packages_are_those_of_the_target(install: Install, index: Path) -> None:
    for machine in ("aarch64", "x86_64"):
        for glibc in ("2_17", "2_28", "2_35"):
            tag = f"cp313-cp313-manylinux_{glibc}_{machine}"
            file = f"fast.cpython-313-{machine}.{glibc}.so"
            make_wheel(index, "fast", "1.0", tag=tag, files={file: ""})
    got = install("fast")
    found = sorted(path.name for path in got.folder.iterdir() if path.suffix == ".so")
    assert found == ["fast.cpython-313-aarch64.2_28.so"]


def test_a_source_distribution_that_builds_pure_is_taken(install: Install, index: Path) -> None:
    make_sdist(index, "puresource", "1.0")
    got = install("puresource")
    assert names(got) == {"puresource": "1.0", **NEWEST}
    assert (got.folder / "puresource.py").read_text() == "VALUE = 1"


def test_a_source_distribution_that_builds_for_one_platform_gives_way_to_an_older_release(
    install: Install, index: Path
) -> None:
    make_sdist(index, "source", "1.0")
    make_sdist(index, "native", "2.0", tag="cp311-cp311-linux_x86_64")
    make_wheel(index, "native", "1.0", tag="cp313-cp313-manylinux_2_17_aarch64")
    assert names(install("native", "source")) == {"native": "1.0", "source": "1.0", **NEWEST}


def test_a_package_that_exists_for_another_platform_only(install: Install, index: Path) -> None:
    make_wheel(index, "native", "1.0", tag="cp313-cp313-manylinux_2_28_x86_64")
    make_wheel(index, "native", "1.0", tag="cp312-cp312-manylinux_2_28_aarch64")
    make_sdist(index, "native", "1.0", tag="cp311-cp311-linux_x86_64")
    message, hint = failure(install, "six-not-there ; python_version < '3'", "native==1.0")
    assert message.splitlines()[0] == (
        "p/requirements.txt:2: native 1.0 has no wheel for Python 3.13 on arm64 "
        "(aarch64-manylinux_2_34)"
    )
    assert hint == (
        "native 1.0 has wheels for python3.12 on arm64, python3.13 on x86_64; pin a version that "
        "has a wheel, or set another runtime or architecture"
    )


def test_wheels_for_other_platforms_are_found_at_one_look(
    install: Install, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tag in (
        *("cp312-cp312-manylinux_2_34_x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        *("cp313-cp313-manylinux_2_35_aarch64", "cp314-cp314-win_amd64"),
        "pp311-pypy311_pp73-manylinux_2_17_x86_64",
    ):
        make_wheel(index, "native", "1.0", tag=tag)
    asked: list[str] = []

    def counted(arguments: Sequence[str], **more: Any) -> UvRun:
        asked.extend(each for each in arguments if each.endswith("probe.in"))
        return run_uv(arguments, **more)

    monkeypatch.setattr("packager.dependencies.source_builds.run_uv", counted)
    _, hint = failure(install, "native==1.0")
    assert hint == (
        "native 1.0 has wheels for python3.12 on x86_64; pin a version that has a wheel, or set "
        "another runtime or architecture"
    )
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("needed", "asked", "found"),
    [
        ("3.9", ["3.8", "3.9"], ["3.9", "3.10", "3.11", "3.12"]),
        ("3.11", ["3.8", "3.11"], ["3.11", "3.12"]),
        ("3.11.4", ["3.8", "3.11", "3.12"], ["3.11", "3.12"]),
        ("no wheels", ["3.8"], []),
    ],
)
def test_wheels_are_asked_for_from_the_oldest_python_on(
    tmp_path: Path, needed: str, asked: list[str], found: list[str]
) -> None:
    lock = 'packages = [{wheels = [{url = "https://x/a-1-py3-none-any.whl"}, {path = "odd"}]}]'
    runs: list[str] = []

    class Asked:
        target = Target("3.13", "x86_64", Path("python"))

        def run(self, arguments: list[str], *, wheels: bool, target: Target) -> UvRun:
            runs.append(target.python)
            if needed == "no wheels" or target.python != asked[-1]:
                said = f"version (>={target.python}) does not satisfy Python>={needed} and"
                return UvRun(1, "", said if needed[0] == "3" else "a==1 has no wheels")
            Path(arguments[-1]).write_text(lock)
            return UvRun(0, "", "")

    package = Locked("a", "1", "sdist", ())
    pythons = ["3.8", "3.9", "3.10", "3.11", "3.12"]
    builds = cast("source_builds.Builds", Asked())
    others = targets_with_wheel(package, tmp_path, pythons, builds)
    assert runs == asked
    assert [other.python for other in others if other.architecture == "arm64"] == found


def test_a_package_that_only_builds_for_this_machine(install: Install, index: Path) -> None:
    make_sdist(index, "native", "1.0", tag="cp313-cp313-linux_mips")
    message, hint = failure(install, "native")
    assert (message.splitlines()[0], hint) == (
        "p/requirements.txt:1: native 1.0 has no wheel for Python 3.13 on arm64 "
        "(aarch64-manylinux_2_34)",
        "pin a version that has a wheel, or set another runtime or architecture",
    )


def test_a_name_that_does_not_exist(install: Install) -> None:
    message, hint = failure(install, "reqeusts")
    assert message.splitlines()[0] == (
        "the dependencies in p/requirements.txt can't be resolved for Python 3.13 on arm64 "
        "(aarch64-manylinux_2_34):"
    )
    assert "reqeusts was not found" in message
    assert hint == "correct the requirements; names and versions are looked up in uv's index"


def test_another_plugins_requirements_come_too(install: Install, index: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(index, "both", version)
    make_wheel(index, "one", "1.0", requires=["both<2"])
    make_wheel(index, "two", "1.0", requires=["both"])

    found = names(install("one", other=("dify_plugin==0.1", "two")))

    assert found == {**NEWEST, "one": "1.0", "two": "1.0", "both": "1.0"}


def test_what_two_plugins_require_and_nothing_meets(install: Install, index: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(index, "both", version)
    make_wheel(index, "one", "1.0", requires=["both==1.0"])
    make_wheel(index, "two", "1.0", requires=["both==2.0"])

    message, hint = failure(partial(install, other=("two",)), "one")

    assert message.splitlines()[0] == (
        "the dependencies in p/requirements.txt and, for other plugins' tools, in "
        "o/requirements.txt can't be resolved for Python 3.13 on arm64 (aarch64-manylinux_2_34):"
    )
    assert hint == (
        "where two plugins can't agree, deploy the other one's tools of their own, and name them "
        "by lambda or mcp"
    )


@pytest.mark.parametrize(
    ("file", "reserved"),
    [
        ("plugin.py", "plugin.py"),
        ("other_plugins/__init__.py", "other_plugins"),
        ("dify_plugin/__init__.py", "dify_plugin"),
        ("endpoint_runtime/x.py", "endpoint_runtime"),
        ("bootstrap", "bootstrap"),
        ("start_fast", "start_fast"),
    ],
)
def test_names_that_bundles_use_are_refused(
    install: Install, index: Path, file: str, reserved: str
) -> None:
    make_wheel(index, "taker", "1.0", files={file: ""})
    assert failure(install, "taker") == (
        f"taker 1.0 installs {reserved}, a name that bundles use themselves",
        "leave that package out, or use another one",
    )


def test_traces_of_the_installer_are_removed(install: Install, index: Path) -> None:
    files = {
        "tool/__init__.py": "from importlib.metadata import version\nversion('tool')\n",
        "tool/__pycache__/__init__.cpython-39.pyc": "stale",
        "tool-1.0.data/scripts/tool": "#!python\n",
    }
    make_wheel(index, "tool", "1.0", files=files)
    got = install("tool")
    found = sorted(
        path.relative_to(got.folder).as_posix() for path in got.folder.rglob("*") if path.is_file()
    )
    assert [name for name in found if "tool" in name] == [
        "tool-1.0.dist-info/METADATA",
        "tool-1.0.dist-info/WHEEL",
        "tool/__init__.py",
    ]


def test_what_the_plugin_needs_of_packages_is_part_of_the_cache(
    install: Install, index: Path
) -> None:
    make_wheel(index, "tool", "1.0", files={"tool/__init__.py": "", "tool/tests/x.py": ""})
    without = install("tool")
    kept = KeepRules(FileUse(modules=frozenset({"tool.tests.x"})))
    with_tests = install("tool", kept=kept)
    assert not (without.folder / "tool/tests").exists()
    assert (with_tests.folder / "tool/tests/x.py").exists()
    assert install("tool").folder == without.folder
    assert install("tool", kept=KeepRules(globs=("tool/tests/",))).folder != with_tests.folder


def test_sizes_count_bytecode(install: Install, index: Path) -> None:
    make_wheel(index, "tool", "1.0", files={"tool.py": "x = 1\n"})
    got = install("tool", python=THIS, bytecode=True)
    [size] = [package.bytes for package in got.packages if package.name == "tool"]
    files = [*got.folder.glob("tool*"), *got.folder.glob("__pycache__/tool.*")]
    files += got.folder.glob("tool-1.0.dist-info/*")
    assert size == sum(path.stat().st_size for path in files if path.is_file())
    assert (got.folder / f"__pycache__/tool.{sys.implementation.cache_tag}.pyc").is_file()


def test_a_second_time_nothing_is_done(install: Install) -> None:
    first: list[str] = []
    second: list[str] = []
    third: list[str] = []
    one = install("werkzeug", steps=first)
    assert one == install("werkzeug", steps=second)
    (one.folder / "werkzeug.py").unlink()
    again = install("werkzeug", steps=third)
    damage = (
        f"{one.folder.parent}, in the cache, was damaged (files/werkzeug.py is gone): made again"
    )
    assert again == replace(one, notes=(damage,))
    target = "Python 3.13 on arm64 (aarch64-manylinux_2_34)"
    assert (first, second, third) == (
        [f"resolving dependencies for {target}", "installing 2 packages"],
        [],
        ["installing 2 packages"],
    )


def test_changed_requirements_are_noticed(install: Install) -> None:
    assert names(install("werkzeug")) == NEWEST
    assert names(install("werkzeug<3.1")) == {**NEWEST, "werkzeug": "3.0.0"}


def test_a_folder_of_the_plugin_is_installed_as_it_is_now(install: Install, tmp_path: Path) -> None:
    lib = tmp_path / "plugin/lib"
    make_sdist(tmp_path / "s", "local", "1.0")
    lib.mkdir(parents=True)
    with tarfile.open(tmp_path / "s/local-1.0.tar.gz") as archive:
        archive.extractall(lib, filter="data")
    source = lib / "local-1.0/backend.py"
    assert (install("./lib/local-1.0").folder / "local.py").read_text() == "VALUE = 1"
    source.write_text(source.read_text().replace("VALUE = 1", "VALUE = 2"))
    (lib / "local-1.0/pyproject.toml").touch()
    got = install("./lib/local-1.0")
    assert names(got) == {"local": "1.0", **NEWEST}
    assert (got.folder / "local.py").read_text() == "VALUE = 2"


def test_what_lies_beside_a_plugin_is_that_plugins(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another has the same requirements: uv runs in the folder around the plugin."""
    monkeypatch.setenv("UV_FIND_LINKS", "wheels")
    for name in ("one", "other"):
        make_wheel(tmp_path / name / "wheels", "tool", "1.0", files={"tool.py": name})
        (tmp_path / name / "plugin").mkdir()

    found = [install("tool", folder=f"{name}/plugin").folder for name in ("one", "other", "one")]

    assert [(each / "tool.py").read_text() for each in found] == ["one", "other", "one"]


def test_the_machine_at_hand_takes_what_builds_on_it(install: Install, index: Path) -> None:
    tag = f"cp{THIS.replace('.', '')}-cp{THIS.replace('.', '')}"
    make_sdist(index, "native", "1.0", tag=f"{tag}-linux_{os.uname().machine}")
    assert names(install("native", host=True)) == {"native": "1.0", **NEWEST}


def test_a_lock_decides(install: Install, tmp_path: Path) -> None:
    write_pyproject(tmp_path, 'dependencies = ["werkzeug<3.1"]\n')
    write_lock(tmp_path / "plugin")
    write_pyproject(tmp_path, 'dependencies = ["werkzeug"]\n')
    root = tmp_path / "plugin"
    before = sorted(path.name for path in root.iterdir())
    assert names(install()) == {**NEWEST, "werkzeug": "3.0.0"}
    assert sorted(path.name for path in root.iterdir()) == before
    (root / "uv.lock").unlink()
    assert names(install()) == NEWEST


def test_metadata_in_another_encoding(install: Install, index: Path) -> None:
    wheel = make_wheel(index, "old-times", "1.0")
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents["old_times-1.0.dist-info/METADATA"] += "Author: José\n".encode("latin-1")
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    assert names(install("old-times")) == {"old-times": "1.0", **NEWEST}


def test_a_broken_lock_is_an_error(install: Install, tmp_path: Path) -> None:
    root = tmp_path / "plugin"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = []\n')
    (root / "uv.lock").write_text("version = 1\npackage = 3\n")
    message, hint = failure(install)
    assert message.splitlines()[0] == "uv.lock beside p/pyproject.toml can't be read:"
    assert hint == "make it again with `uv lock`, or remove it"


def test_an_index_that_is_not_there_shows_no_credentials(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    message, hint = failure(
        install, "--index-url http://user:secret@127.0.0.1:1/simple", "not-in-the-folder"
    )
    assert message.splitlines()[0] == "the package index can't be reached:"
    assert "secret" not in message
    assert hint == (
        "check the network, and the index settings of uv (UV_DEFAULT_INDEX, UV_INDEX, uv.toml); "
        "those of pip are not read"
    )


def test_an_index_out_of_reach_leaves_the_versions_of_an_earlier_build(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = install("markupsafe")
    monkeypatch.setattr("packager.dependencies.versions.RESOLUTION_SECONDS", 0)

    def refuse(*arguments: object, **options: object) -> None:
        raise Unreachable("no network")

    monkeypatch.setattr("packager.dependencies.versions.resolve", refuse)
    got = install("markupsafe")
    assert (got.folder, got.notes) == (
        before.folder,
        ("no network: the versions are those of an earlier build",),
    )
    with pytest.raises(Unreachable):
        install("werkzeug<3.1")


def test_offline_takes_what_was_chosen_and_keeps_nothing(
    install: Install, monkeypatch: pytest.MonkeyPatch, index: Path
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert names(install()) == NEWEST
    make_wheel(index, "werkzeug", "3.2.0")
    monkeypatch.delenv("UV_OFFLINE")
    assert names(install()) == {"werkzeug": "3.2.0"}
    steps: list[str] = []
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert names(install(steps=steps)) == {"werkzeug": "3.2.0"}
    assert steps == []
    make_wheel(index, "werkzeug", "3.3.0")  # an index on this disk is read at each build
    assert names(install()) == {"werkzeug": "3.3.0"}


def test_a_lock_older_than_its_pyproject_is_said(install: Install, tmp_path: Path) -> None:
    write_pyproject(tmp_path, 'dependencies = ["werkzeug<3.1"]\n')
    write_lock(tmp_path / "plugin")
    write_pyproject(tmp_path, 'dependencies = ["werkzeug==3.1.0"]\n')
    assert failure(install)[1] == (
        "uv.lock may be older than what it was made of: make it again with `uv lock`"
    )
