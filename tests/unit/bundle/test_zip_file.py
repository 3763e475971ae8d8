from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from packager.bundle.zip_file import write_zip
from packager.host.cache_index import write_index
from packager.host.deflated import Layer
from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter

ROOT = Path(__file__).parents[3]


def folder_of(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 1000)
    return root


def test_names_dates_and_modes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", ["z.py", "a/b.py", "ä.txt", "run"])
    (folder / "run").chmod(0o711)
    (folder / "z.py").chmod(0o600)
    size = write_zip(folder, tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        found = [(i.filename, i.date_time, oct(i.external_attr >> 16)) for i in archive.infolist()]
        assert archive.read("a/b.py") == b"a/b.py" * 1000
    date = (1980, 1, 1, 0, 0, 0)
    assert found == [
        ("a/b.py", date, "0o100644"),
        ("run", date, "0o100755"),
        ("z.py", date, "0o100644"),
        ("ä.txt", date, "0o100644"),
    ]
    assert size == (tmp_path / "f.zip").stat().st_size


def test_times_order_of_making_and_umask_do_not_show(tmp_path: Path) -> None:
    names = ["b", "a/c", "a/b"]
    one = folder_of(tmp_path / "one", names)
    before = os.umask(0o077)
    try:
        other = folder_of(tmp_path / "other", names[::-1])
    finally:
        os.umask(before)
    os.utime(other / "b", (1, 1))
    write_zip(one, tmp_path / "one.zip")
    write_zip(other, tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_every_interpreter_of_the_tool_writes_the_same_bytes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", ["z.py", "a/b.py", "ä.txt"])
    script = (
        "import sys; from pathlib import Path; from packager.bundle.zip_file import write_zip; "
        f"write_zip(Path({str(folder)!r}), Path(sys.argv[1]))"
    )
    digests = {}
    for python in SUPPORTED_PYTHONS:
        found = find_interpreter(python)
        if found:
            path = tmp_path / f"{python}.zip"
            subprocess.run([found.path, "-c", script, path], cwd=ROOT, check=True)
            digests[python] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digests
    assert len(set(digests.values())) == 1


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", ["a"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/f.zip").write_bytes(b"old")
    (folder / "\udcff").write_bytes(b"")  # no name that a zip could hold
    with pytest.raises(UnicodeEncodeError):
        write_zip(folder, tmp_path / "out/f.zip")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "f.zip": b"old"
    }


def test_more_files_than_old_zips_can_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zipfile.ZIP_FILECOUNT_LIMIT", 100)  # it is 65,535
    folder = folder_of(tmp_path / "f", [str(number) for number in range(150)])
    write_zip(folder, tmp_path / "f.zip")
    assert b"PK\x06\x06" in (tmp_path / "f.zip").read_bytes()  # the record that counts further
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        assert len(archive.namelist()) == 150


def test_how_far_it_is_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packager.bundle.zip_file._OFTEN", 0)
    for name in ("a", "b.py", "c"):
        (tmp_path / name).write_bytes(os.urandom(1 << 20))
    told: list[str] = []
    write_zip(tmp_path, tmp_path.parent / "f.zip", told.append)
    assert told == [f"zipping f.zip: {done} of 3 MiB" for done in (1, 2, 3)]


def test_zips_of_an_odd_number_of_files_hold_every_byte(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    contents = {
        f"{number}.{'py' if number % 3 else 'so'}": os.urandom(number * 97) for number in range(57)
    }
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    write_zip(folder, tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents


def test_layers_are_deflated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packages = folder_of(tmp_path / "packages", ["dep/a.py", "dep/b.txt", "other/c.py"])
    files = {name: packages / name for name in ("dep/a.py", "dep/b.txt")}
    layer = Layer(files, "packages")
    folder = folder_of(tmp_path / "f", ["dep/a.py", "dep/b.txt", "other/c.py", "plugin/secret.txt"])
    zips = [tmp_path / f"{number}.zip" for number in range(5)]
    write_zip(folder, zips[0])
    write_zip(folder, zips[1], layers=[layer])
    for path in packages.rglob("*.py"):
        path.unlink()  # nobody reads them again
    write_zip(folder, zips[2], layers=[layer])
    (kept,) = (tmp_path / "cache").rglob("deflated/*/data")
    assert b"secret" not in kept.read_bytes() + kept.with_name("files.json").read_bytes()

    # What was damaged is made again, also where neither its size nor its times say so.
    folder_of(packages, ["dep/a.py"])
    for cut in (slice(-1), slice(None, None, -1)):
        before, content = kept.stat(), kept.read_bytes()
        kept.write_bytes(content[cut])
        os.utime(kept, ns=(before.st_atime_ns, before.st_mtime_ns))
        write_index(kept.parent)
        write_zip(folder, zips[3], layers=[layer])
        assert kept.read_bytes() == content

    # Other files are other entries, and without a cache the bytes are the same.
    write_zip(folder, zips[4], layers=[Layer(files, "")])
    assert len({path.read_bytes() for path in zips}) == 1
