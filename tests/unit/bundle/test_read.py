"""Finding built bundles, and reading what they say of themselves."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from packager.bundle.read import (
    BuiltBundle,
    bundle_folder,
    bundles_in,
    choose_function,
    is_bundle,
    read_bundle,
)
from packager.errors import PackagerError, UsageError

LITERALS = """\
FORMAT = 1
FUNCTION = "DuckFunction"
PYTHON = "3.12"
ARCHITECTURE = "arm64"
TIMEOUT = 29
SOURCES = {"key": ("env", "DUCK_KEY"), "nan": ("literal", 1e999 - 1e999), "e": ("literal", "env")}
"""


def write_bundle(folder: Path, text: str = LITERALS) -> Path:
    path = folder / "endpoint_runtime/_bundle.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return folder


def write_zip(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name == "start_fast" else 0o644) << 16
            archive.writestr(entry, LITERALS)
    return path


def test_read_bundle(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "a")
    assert read_bundle(folder) == BuiltBundle(
        folder, "DuckFunction", "3.12", "arm64", 29, ("DUCK_KEY",)
    )


@pytest.mark.parametrize("text", ["", "FORMAT = 1", "FORMAT = x()", "FORMAT =", "\0"])
def test_damaged_literals(tmp_path: Path, text: str) -> None:
    folder = write_bundle(tmp_path / "a", text)
    with pytest.raises(PackagerError) as raised:
        read_bundle(folder)
    assert str(raised.value) == (
        f"{folder} is not a bundle that can be read: "
        "endpoint_runtime/_bundle.py is missing or damaged"
    )


@pytest.mark.parametrize(
    ("name", "compiled"),
    [("a/_x.cpython-312-aarch64-linux-gnu.so", True), ("libz.so.1", True), ("so.py", False)],
)
def test_compiled_code_is_seen(tmp_path: Path, name: str, compiled: bool) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).touch()
    assert read_bundle(folder).compiled == compiled


def test_bundles_are_found_once(tmp_path: Path) -> None:
    literals = ["endpoint_runtime/_bundle.py"]
    for name in ("One", "Two"):
        write_bundle(tmp_path / name)
        write_zip(tmp_path / f"{name}.zip", literals)
    write_zip(tmp_path / "Three.zip", literals)
    write_zip(tmp_path / "other.zip", ["manifest.yaml"])
    (tmp_path / "broken.zip").write_text("no zip")
    (tmp_path / "folder").mkdir()
    assert bundles_in(tmp_path) == {
        "One": tmp_path / "One",
        "Two": tmp_path / "Two",
        "Three": tmp_path / "Three.zip",
    }
    assert [is_bundle(tmp_path / name) for name in ("One", "One.zip", "other.zip", "nothing")] == [
        True,
        True,
        False,
        False,
    ]
    assert bundles_in(tmp_path / "nothing") == {}


@pytest.mark.parametrize(
    ("asked", "names", "expected"),
    [(None, ["A"], "A"), ("A", ["A"], "A"), ("B", ["A", "B"], "B")],
)
def test_choose_function(asked: str | None, names: list[str], expected: str) -> None:
    assert choose_function("out", asked, names) == expected


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (None, "out has 2 functions: A, B", "choose one with --function A"),
        ("C", "out has no function C", "it has A, B"),
    ],
)
def test_an_unclear_function(asked: str | None, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        choose_function("out", asked, ["A", "B"])
    assert (str(raised.value), raised.value.hint) == (message, hint)


def test_a_zip_is_unpacked_with_its_modes_and_goes_again(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ["endpoint_runtime/_bundle.py", "start_fast", "../out"])
    with bundle_folder(path) as folder:
        files = {
            file.relative_to(folder).as_posix(): file.stat().st_mode & 0o777
            for file in folder.rglob("*")
            if file.is_file()
        }
    assert files == {"endpoint_runtime/_bundle.py": 0o644, "start_fast": 0o755, "out": 0o644}
    assert not folder.exists()


def test_a_folder_is_used_where_it_is(tmp_path: Path) -> None:
    with bundle_folder(tmp_path) as folder:
        assert folder == tmp_path
    assert tmp_path.exists()


def test_a_damaged_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ["endpoint_runtime/_bundle.py"])
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(PackagerError) as raised, bundle_folder(path):
        pass
    assert str(raised.value).startswith(f"{path} can't be unpacked: ")


def test_a_zip_with_damaged_compression(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endpoint_runtime/_bundle.py", LITERALS * 9)
    data = bytearray(path.read_bytes())
    data[57:60] = b"\xff\xff\xff"  # a block of a type that there is not
    path.write_bytes(data)
    with pytest.raises(PackagerError) as raised, bundle_folder(path):
        pass
    assert str(raised.value).startswith(f"{path} can't be unpacked: Error -3 ")


def test_a_suggested_function_is_quoted_for_the_shell() -> None:
    with pytest.raises(UsageError) as refused:
        choose_function("out", None, ["$(touch x)", "B"])
    assert refused.value.hint == "choose one with --function '$(touch x)'"
