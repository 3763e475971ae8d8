"""Makes small wheels and source distributions, so that tests of installing need no index."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    pure = "true" if tag.endswith("-none-any") else "false"
    contents = dict(files if files is not None else {f"{name.replace('-', '_')}.py": ""})
    contents[f"{info}/METADATA"] = _metadata(name, version, requires)
    contents[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    )
    record = []
    for inner, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.append(f"{inner},sha256={digest.decode()},{len(text.encode())}\n")
    contents[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in contents.items():
            archive.writestr(inner, text)
    return path


def make_sdist(folder: Path, name: str, version: str, *, tag: str = "py3-none-any") -> Path:
    """Make a source distribution that builds, with a backend of its own, to a wheel for `tag`."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{version}"
    pure = "true" if tag.endswith("-none-any") else "false"
    wheel = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    backend = f'''\
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "{stem}.dist-info"
    wheel = "{stem}-{tag}.whl"
    with zipfile.ZipFile(folder + "/" + wheel, "w") as archive:
        archive.writestr("{name}.py", "VALUE = 1")
        archive.writestr(info + "/METADATA", {_metadata(name, version, ())!r})
        archive.writestr(info + "/WHEEL", {wheel!r})
        archive.writestr(info + "/RECORD", "{name}.py,,\\n")
    return wheel
'''
    contents = {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n\n[build-system]\n'
        'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend,
        "PKG-INFO": _metadata(name, version, ()),
    }
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for inner, text in contents.items():
            member = tarfile.TarInfo(f"{stem}/{inner}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*lines, *(f"Requires-Dist: {item}" for item in requires)]) + "\n"
