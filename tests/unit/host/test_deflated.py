"""Files as zips hold them: large ones are deflated by several threads, as one stream."""

from __future__ import annotations

import random
import zipfile
import zlib
from pathlib import Path

import pytest

from packager.bundle.zip_file import write_zip
from packager.host import deflated
from packager.host.deflated import deflate, deflate_all

PART = 1 << 18
SIZES = (0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7)


def contents(size: int) -> bytes:
    """Return some bytes that deflate to less, and some that don't."""
    words = [b"def ", b"return ", b"self.", b"\n", b"import "]
    made = random.Random(size)
    text = b"".join(made.choices(words, k=size // 4 + 1))
    return (text + made.randbytes(size // 3))[:size].ljust(size, b".")


@pytest.mark.parametrize("size", SIZES)
def test_it_is_one_stream_of_the_same(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(contents(size))
    facts, made = deflate(path)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    assert stream.decompress(made) == contents(size)
    assert stream.eof
    assert not stream.unused_data
    assert facts == (0o644, size, zlib.crc32(contents(size)), len(made))
    assert list(deflate_all([path, path])) == [(facts, made)] * 2


def test_parts_refer_to_those_before_them(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(random.Random(1).randbytes(30_000) * 40)  # more than a part, all alike
    _, made = deflate(path)
    whole = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    least = len(whole.compress(path.read_bytes()) + whole.flush())
    assert 30_000 < len(made) < least * 1.01


def test_others_read_them_in_a_zip(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for size in SIZES:
        (folder / f"{size}").write_bytes(contents(size))
    write_zip(folder, tmp_path / "made.zip")
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {f"{size}": contents(size) for size in SIZES}


def test_other_parts_are_other_packs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(contents(PART + 1))
    layer = deflated.Layer({"file": tmp_path / "file"}, "identity")
    before = deflated._key(layer)
    monkeypatch.setattr(deflated, "_PART", PART // 2)
    assert deflated._key(layer) != before
