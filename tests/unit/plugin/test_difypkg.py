"""Plugins as folders and as packages, and packages that would do harm."""

from __future__ import annotations

import errno
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.errors import Diagnostic, InvalidInput, PackagerError, Place, UsageError
from packager.plugin import difypkg
from packager.plugin.difypkg import plugin_folder
from tests.support.plugin_writer import SOUND, write_plugin

WHAT = "name a plugin's folder (with manifest.yaml), or a .difypkg"


def package(path: Path, entries: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(path: Path) -> list[Diagnostic]:
    with pytest.raises(InvalidInput) as caught, plugin_folder(path):
        pass
    return list(caught.value.diagnostics)


def unusable(path: Path) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught, plugin_folder(path):
        pass
    return str(caught.value), caught.value.hint


def test_a_folder_is_itself(tmp_path: Path) -> None:
    with plugin_folder(write_plugin(tmp_path)) as folder:
        assert folder == tmp_path


@pytest.mark.parametrize("top", ["", "tiny-0.0.1/", "./"])
def test_a_package_is_unpacked_and_removed(tmp_path: Path, top: str) -> None:
    entries = {top + name: content for name, content in SOUND.items()}
    with plugin_folder(package(tmp_path / "x.difypkg", entries)) as folder:
        assert files_of(folder) == SOUND
    assert not folder.exists()


def test_a_package_with_folders_and_backslashes(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", {"a/": "", "a\\b\\c.py": "1", "a/d.py": "2"})
    with plugin_folder(path) as folder:
        assert files_of(folder) == {"a/b/c.py": "1", "a/d.py": "2"}


def test_an_executable_stays_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.difypkg", "w") as archive:
        info = zipfile.ZipInfo("run.sh")
        info.external_attr = (stat.S_IFREG | 0o700) << 16
        archive.writestr(info, "#!/bin/sh\n")
    with plugin_folder(tmp_path / "x.difypkg") as folder:
        assert (folder / "run.sh").stat().st_mode & 0o777 == 0o755


def test_no_such_thing_and_no_zip(tmp_path: Path) -> None:
    (tmp_path / "x.difypkg").write_text("not a zip")
    assert unusable(tmp_path / "gone") == (f"there is no {tmp_path}/gone", WHAT)
    assert unusable(Path("/dev/null")) == ("/dev/null is neither a folder nor a file", WHAT)
    assert unusable(tmp_path / "x.difypkg") == (
        f"{tmp_path}/x.difypkg is not a readable .difypkg: File is not a zip file",
        WHAT,
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../x", "leaves the plugin; expected a path inside it"),
        ("a/../../x", "leaves the plugin; expected a path inside it"),
        ("a\\..\\..\\x", "leaves the plugin; expected a path inside it"),
        ("/etc/x", "is absolute; expected a path inside the plugin"),
        ("\\\\host\\x", "is absolute; expected a path inside the plugin"),
        ("C:\\x", "is absolute; expected a path inside the plugin"),
        ("c:x", "is absolute; expected a path inside the plugin"),
        ("a/" + "x" * 256, "has too long a name"),
    ],
)
def test_names_that_can_not_be(tmp_path: Path, name: str, problem: str) -> None:
    path = package(tmp_path / "x.difypkg", {"manifest.yaml": "", name: "x"})
    assert refused(path) == [
        Diagnostic("unsafe-package", f"the entry {name!r} {problem}", Place(str(path)))
    ]


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        (stat.S_IFLNK, "is a link; expected files and folders alone"),
        (stat.S_IFIFO, "is a special file; expected files and folders alone"),
        (stat.S_IFCHR, "is a special file; expected files and folders alone"),
    ],
)
def test_what_is_no_file(tmp_path: Path, mode: int, problem: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.difypkg", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    path = tmp_path / "x.difypkg"
    assert refused(path) == [
        Diagnostic("unsafe-package", f"the entry 'link' {problem}", Place(str(path)))
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.difypkg"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a", "a", "../b", "c\\d", "c/d"):
            archive.writestr(name, "x")
    assert [diagnostic.message for diagnostic in refused(path)] == [
        "the entry 'a' is there twice",
        "the entry '../b' leaves the plugin; expected a path inside it",
        "the entry 'c/d' is there twice",
    ]


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", {"a": "x"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # flags of the local header, then of the central one
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == [
        Diagnostic("unsafe-package", "the entry 'a' is encrypted", Place(str(path)))
    ]


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_file_that_is_also_a_folder(tmp_path: Path, names: tuple[str, str]) -> None:
    path = package(tmp_path / "x.difypkg", dict.fromkeys(names, "x"))
    message = (
        "the entry a is both a file and a folder, or is there in capitals and small letters, which "
        "this file system takes for one"
    )
    assert refused(path) == [Diagnostic("unsafe-package", message, Place(str(path)))]


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = package(tmp_path / "x.difypkg", {"a": b"0" * 2000, "b": b"0" * 2000})
    place = Place(str(path))
    monkeypatch.setattr(difypkg, "MAX_FILE", 1999)
    assert refused(path) == [
        Diagnostic(
            "unsafe-package", f"the entry {name!r} has 2000 bytes; at most 1999 are unpacked", place
        )
        for name in ("a", "b")
    ]
    monkeypatch.setattr(difypkg, "MAX_FILE", 2000)
    monkeypatch.setattr(difypkg, "MAX_TOTAL", 3999)
    assert refused(path) == [
        Diagnostic("too-large", "unpacks to 4000 bytes; at most 3999 are unpacked", place)
    ]
    monkeypatch.setattr(difypkg, "MAX_ENTRIES", 1)
    assert refused(path) == [
        Diagnostic("too-large", "has 2 entries; at most 1 are unpacked", place)
    ]


def test_a_header_that_understates_its_size(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", {"a": b"0" * 2000})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")
    path.write_bytes(data)
    message, hint = unusable(path)
    assert message == f"{path} is not a readable .difypkg: Bad CRC-32 for file 'a'"
    assert hint == WHAT


def test_a_damaged_entry(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", {"a": bytes(range(256)) * 20})
    data = bytearray(path.read_bytes())
    data[31:40] = b"\xff" * 9
    path.write_bytes(data)
    message, hint = unusable(path)
    assert message.startswith(f"{path} is damaged: Error -3 while decompressing data")
    assert hint == "fetch or package it again"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6))
def test_damage_never_shows_as_anything_else(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    data = bytearray(package(tmp_path / "x.difypkg", SOUND).read_bytes())
    for at, byte in damage:
        data[at % len(data)] = byte
    (tmp_path / "y.difypkg").write_bytes(data)
    try:
        with plugin_folder(tmp_path / "y.difypkg") as folder:
            assert folder.is_dir()
    except (UsageError, InvalidInput) as error:
        assert str(error)


def test_what_the_finder_adds_is_left_out(tmp_path: Path) -> None:
    entries = {f"tiny/{name}": content for name, content in SOUND.items()}
    entries |= {"__MACOSX/._tiny": "x", "__MACOSX/tiny/._manifest.yaml": "x"}
    with plugin_folder(package(tmp_path / "x.difypkg", entries)) as folder:
        assert files_of(folder) == SOUND


def test_too_long_a_path(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", {"/".join(["a" * 200] * 30): ""})
    assert refused(path) == [
        Diagnostic("too-large", "has an entry with too long a path", Place(str(path)))
    ]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = package(tmp_path / "x.difypkg", SOUND)

    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(difypkg, "_extract", refuse)
    with pytest.raises(PackagerError) as caught, plugin_folder(path):
        pass
    assert str(caught.value) == f"{path} can't be unpacked: No space left on device"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_other_compressions(tmp_path: Path, method: int) -> None:
    path = tmp_path / "x.difypkg"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("manifest.yaml", SOUND["manifest.yaml"] * 20)
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    message, hint = unusable(path)
    assert message.startswith(f"{path} is damaged: ")
    assert hint == "fetch or package it again"


def test_an_entry_that_starts_before_the_file(tmp_path: Path) -> None:
    path = package(tmp_path / "x.difypkg", SOUND)
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    # The directory claims to lie farther back than it can: offsets become negative.
    data[end + 16 : end + 20] = (end - size + 1000).to_bytes(4, "little")
    path.write_bytes(data)
    message, hint = unusable(path)
    assert message.startswith(f"{path} is ")
    assert hint is not None
