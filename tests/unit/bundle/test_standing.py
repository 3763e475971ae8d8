"""A build of what is in OUT already changes nothing there, and finds out whatever has changed."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from packager.bundle import layout
from packager.bundle.build import BuildOptions, Bundle, build_bundle, build_bundles
from packager.bundle.known_secrets import KnownSecret
from packager.bundle.publish import publish
from packager.errors import PackagerError
from packager.plugin.functions import FunctionPlan

Plan = Callable[..., FunctionPlan]
Look = dict[str, tuple[int, int, int]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output folder."""
    return tmp_path / "out"


def look(folder: Path) -> Look:
    """Return what tells whether anything below a folder was written anew."""
    return {
        path.relative_to(folder).as_posix(): (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        for path in folder.rglob("*")
        if (found := path.lstat())
    }


def contents(bundle: Bundle) -> dict[str, tuple[int, int]]:
    """Return digests of the files of a bundle, with their modes, and those of its zip."""
    found = {
        path.relative_to(bundle.folder).as_posix(): (crc32(path.read_bytes()), path.stat().st_mode)
        for path in bundle.folder.rglob("*")
        if not path.is_dir()
    }
    if bundle.zip:
        with zipfile.ZipFile(bundle.zip) as archive:
            found |= {f"zip/{each.filename}": (each.CRC, 0) for each in archive.infolist()}
    return found


def test_what_is_there_stays(out: Path, plan: Plan) -> None:
    first = build_bundle(plan(), out)
    before = look(out)
    second = build_bundle(plan(), out)
    assert look(out) == before
    assert second == first


def same_size(path: Path) -> None:
    found = path.stat()
    path.write_bytes(b"x" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def replaced(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def linked(folder: Path, moved: Path) -> None:
    folder.rename(moved)
    folder.symlink_to(moved)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a file, of the same size and time": lambda out: same_size(out / "start_fast"),
    "a file that is another": lambda out: replaced(out / "start_fast"),
    "a file that is gone": lambda out: (out / "plugin/endpoints/duck.py").unlink(),
    "a file more": lambda out: (out / "more.py").write_text("x = 1"),
    "a folder more": lambda out: (out / "more").mkdir(),
    "a link in place of a folder": lambda out: linked(out / "plugin", out.parent / ".moved"),
    "a mode": lambda out: (out / "plugin/endpoints/duck.py").chmod(0o755),
    "a folder's mode": lambda out: (out / "plugin").chmod(0o700),
    "the zip": lambda out: same_size(out.with_suffix(".zip")),
    "no zip": lambda out: out.with_suffix(".zip").unlink(),
    "no folder": lambda out: shutil.rmtree(out),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_was_changed_there_is_made_again(out: Path, plan: Plan, what: str) -> None:
    expected = contents(build_bundle(plan(), out))
    assert list(expected)
    # A zip that is none of ours is not replaced.
    DAMAGE[what](out / "NekoFunction")
    if what == "the zip":
        with pytest.raises(PackagerError, match="was not made by packager"):
            build_bundle(plan(), out)
        return
    before = look(out)
    assert contents(build_bundle(plan(), out)) == expected
    assert look(out) != before


CHANGES: dict[str, dict[str, Any]] = {
    "a source": {"files": {"endpoints/duck.py": "import httpx\nx = 1\n"}},
    "a file more": {"files": {"more.txt": ""}},
    "an option": {"preload": ("json",)},
    "what waits": {"diet_plugin": True},
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_plugin_is_another_bundle(tmp_path: Path, out: Path, plan: Plan, what: str) -> None:
    build_bundle(plan(), out)
    changed = plan(**CHANGES[what])
    assert contents(build_bundle(changed, out)) == contents(build_bundle(changed, tmp_path / "new"))


def test_a_mode_of_a_source_is_a_change(out: Path, plan: Plan) -> None:
    made = plan({"tool.sh": "exit"})
    build_bundle(made, out)
    (made.plugin.root / "tool.sh").chmod(0o755)
    built = build_bundle(made, out)
    assert (built.folder / "plugin/tool.sh").stat().st_mode & 0o111


def test_other_options_of_the_build_count(out: Path, plan: Plan) -> None:
    build_bundle(plan(), out)
    without = build_bundle(plan(), out, BuildOptions(bytecode=False))
    assert not list(without.folder.rglob("*.pyc"))
    assert without.zip is not None
    build_bundle(plan(), out, BuildOptions(make_zip=False))
    again = build_bundle(plan(), out)
    assert list(again.folder.rglob("*.pyc"))
    assert again.zip is not None
    assert again.zip.is_file()


def test_another_packager_makes_it_again(
    out: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_bundle(plan(), out)
    before = look(out)
    monkeypatch.setattr(layout, "own_code", lambda: "another")
    build_bundle(plan(), out)
    assert look(out) != before


def test_a_moved_folder_is_another(tmp_path: Path, out: Path, plan: Plan) -> None:
    expected = contents(build_bundle(plan(), out))
    out.rename(tmp_path / "moved")
    assert contents(build_bundle(plan(), out)) == expected
    assert contents(build_bundle(plan(), tmp_path / "moved")) == expected


def test_a_source_that_changes_while_it_is_copied_is_seen_later(
    out: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan()
    source = made.plugin.root / "endpoints/duck.py"
    first = source.read_bytes()
    lay_out = layout.lay_out

    def changed(*args: Any, **named: Any) -> Any:
        source.write_bytes(first + b"changed = 1\n")
        done = lay_out(*args, **named)
        source.write_bytes(first)
        return done

    with monkeypatch.context() as patch:
        patch.setattr("packager.bundle.build.lay_out", changed)
        build_bundle(made, out)
    built = build_bundle(made, out)
    assert (built.folder / "plugin/endpoints/duck.py").read_bytes() == first


def test_secrets_are_looked_for_in_what_stands(out: Path, plan: Plan) -> None:
    made = plan({"endpoints/duck.py": "KEY = 'quack-4711-secret'\n"})
    build_bundle(made, out)
    secret = KnownSecret("KEY in .env", "quack-4711-secret")
    with pytest.raises(PackagerError, match="a secret is in what was built"):
        build_bundles([made], out, secrets=[secret])


def test_without_a_cache_all_is_made(
    out: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.bundle.standing.cache_folder", lambda: None)
    build_bundle(plan(), out)
    before = look(out)
    build_bundle(plan(), out)
    assert look(out) != before


def test_what_another_build_replaced_meanwhile_is_not_noted(
    tmp_path: Path, out: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = plan(preload=("json",))

    def published(*args: Any) -> None:
        publish(*args)
        monkeypatch.setattr("packager.bundle.build.publish", publish)
        build_bundle(other, out)

    monkeypatch.setattr("packager.bundle.build.publish", published)
    build_bundle(plan(), out)
    assert contents(build_bundle(plan(), out)) == contents(build_bundle(plan(), tmp_path / "new"))
