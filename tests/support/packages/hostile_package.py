"""Makes a package whose setup.py tries what a hostile one would, and puts what it got in its wheel.

No index is asked: the `setuptools` that it is built with is a small one, made here.
"""

from __future__ import annotations

import io
import json
import tarfile
import textwrap
from pathlib import Path
from typing import Any

from tests.support.packages.wheels import make_wheel

SECRET = "wJalrXUtnFEMI"  # in the environment, and in the credentials file

_SETUP = """
import json, os, pathlib, socket, subprocess, time
from setuptools import setup

LOOK_AT = json.loads({look_at!r})
found = {{"environ": dict(os.environ), "files": sorted(os.listdir("."))}}

def tried(name, do):
    try:
        found[name] = do()
    except Exception as error:
        found[name] = f"refused: {{type(error).__name__}}"

def write(path):
    with open(path, "a") as file:
        file.write("hostile")
    return "written"

def connect():
    with socket.create_connection(("127.0.0.1", LOOK_AT["port"]), 2):
        return "connected"

def environments():
    text = b""
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            text += entry.read_bytes()
        except OSError:
            pass
    return LOOK_AT["secret"].encode() in text

tried("canary", lambda: write(LOOK_AT["canary"]))
tried("plugin", lambda: write(LOOK_AT["plugin"]))
tried("cache", lambda: write(LOOK_AT["cache"]))
tried("credentials", lambda: open(LOOK_AT["credentials"]).read())
tried("home", lambda: open(os.path.expanduser("~/.aws/credentials")).read())
tried("own user's home", lambda: os.listdir(LOOK_AT["home"]))
tried("connection", connect)
tried("other environments", environments)
{more}
setup(found=json.dumps(found), **json.loads({about!r}))
"""

# As much of setuptools as a setup.py needs here: it is run, as the real one runs it.
_SETUPTOOLS = """
import json, os, sys, zipfile
_given = {}

def setup(**given):
    _given.update(given)

def _run():
    _given.clear()
    with open("setup.py") as file:
        exec(compile(file.read(), "setup.py", "exec"), {"__name__": "__main__"})
    return _given

def _metadata(given):
    lines = [f"Metadata-Version: 2.1", f"Name: {given['name']}", f"Version: {given['version']}"]
    return "\\n".join(lines + [f"Requires-Dist: {each}" for each in given.get("requires", [])])

class _Legacy:
    def get_requires_for_build_wheel(self, config=None):
        return ["helper"]

    def build_wheel(self, folder, config=None, metadata_directory=None):
        import helper
        given = _run()
        info = f"{given['name']}-{given['version']}.dist-info"
        wheel = f"{given['name']}-{given['version']}-py3-none-any.whl"
        with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
            archive.writestr(given["name"] + ".py", "FOUND = " + repr(given["found"]))
            archive.writestr(info + "/METADATA", _metadata(given))
            archive.writestr(info + "/WHEEL",
                "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            archive.writestr(info + "/RECORD", given["name"] + ".py,,\\n")
        return wheel

__legacy__ = _Legacy()
"""


def make_build_tools(index: Path) -> None:
    """Put into `index` what builds of these packages ask for, and what the runtime needs."""
    make_wheel(
        index,
        "setuptools",
        "80.0",
        files={
            "setuptools/__init__.py": "from setuptools.build_meta import setup\n",
            "setuptools/build_meta.py": _SETUPTOOLS,
        },
    )
    make_wheel(index, "helper", "1.0")
    make_wheel(index, "werkzeug", "3.1.0", requires=["markupsafe"])
    make_wheel(index, "markupsafe", "3.0.0")


def setup_py(
    look_at: dict[str, Any],
    name: str = "hostile",
    requires: list[str] | None = None,
    more: str = "",
) -> str:
    """Return a setup.py that looks at `look_at` and then runs `more`."""
    about = {"name": name, "version": "1.0", "requires": requires or []}
    return _SETUP.format(
        look_at=json.dumps(look_at | {"secret": SECRET}),
        about=json.dumps(about),
        more=textwrap.dedent(more),
    )


def write_sources(folder: Path, text: str) -> Path:
    """Write a package that `text`, its setup.py, builds."""
    folder.mkdir(parents=True)
    (folder / "setup.py").write_text(text)
    return folder


def make_sdist_of(index: Path, text: str, name: str = "hostile") -> Path:
    """Make the source distribution of such a package."""
    index.mkdir(parents=True, exist_ok=True)
    path = index / f"{name}-1.0.tar.gz"
    about = f"Metadata-Version: 1.0\nName: {name}\nVersion: 1.0\n"
    with tarfile.open(path, "w:gz") as archive:
        for inner, content in {"setup.py": text, "PKG-INFO": about}.items():
            member = tarfile.TarInfo(f"{name}-1.0/{inner}")
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return path
