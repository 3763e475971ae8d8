"""Finds what can shut a build in on this machine: namespaces of its own, or bubblewrap."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.user_folders import home_folder

ENTER = Path(__file__).parents[1] / "_in_build" / "enter.py"
NAMESPACES = "namespaces"
# What every build may read of the machine.
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/group", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/hosts"),
    "/home/linuxbrew/.linuxbrew",
)
PROBE_SECONDS = 20
_PREFIXES = "import json, sys; print(json.dumps([sys.base_prefix, sys.base_exec_prefix]))"
# It works if nothing but the loopback device is there, and this file's folder is not.
_PROBE = """
import os, socket, sys
assert [name for _, name in socket.if_nameindex()] == ["lo"]
assert not os.path.exists(sys.argv[1])
print("shut in")
"""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What shuts builds in: `kind` is "namespaces" or the path of bubblewrap; None for nothing.

    `read` are the files that they see: the system's own, and the interpreter's.
    """

    kind: str | None
    read: tuple[str, ...]

    @property
    def name(self) -> str | None:
        """What it is called in results."""
        return "bubblewrap" if self.kind not in (None, NAMESPACES) else self.kind


@functools.cache
def find_sandbox(python: Path) -> Sandbox:
    """Return what shuts in the builds that `python` runs, found out by running it in there."""
    read = (*_SYSTEM, *_files_of(python))
    kinds = [NAMESPACES] if sys.platform == "linux" else []
    bubblewrap = shutil.which("bwrap")
    kinds += [bubblewrap] if bubblewrap else []
    return Sandbox(next((kind for kind in kinds if _works(kind, python, read)), None), read)


def _works(kind: str, python: Path, read: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory(prefix="packager-") as folder:
        scratch = Path(folder).resolve()
        hidden = scratch / "hidden"
        for each in (hidden, scratch / "root", scratch / "tmp"):
            each.mkdir()
        spec = {
            "kind": kind,
            "command": [str(python), "-I", "-S", "-c", _PROBE, str(hidden)],
            "cwd": "/tmp",  # noqa: S108
            "root": str(scratch / "root"),
            "read": read,
            "write": [[str(scratch / "tmp"), "/tmp"]],  # noqa: S108
        }
        file = scratch / "spec.json"
        file.write_text(json.dumps(spec), "utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(ENTER), str(file)],
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and done.stdout.strip() == b"shut in"


def _files_of(python: Path) -> tuple[str, ...]:
    """Return the folders that an interpreter is in; all of a home or a root would be too much."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", _PREFIXES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=True,
        )
        prefixes = {Path(each) for each in json.loads(done.stdout)}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise PackagerError(f"{python} can't be run: {error}") from None
    home = home_folder()
    found = {str(python), str(python.resolve())}
    for prefix in {*prefixes, *(each.resolve() for each in prefixes)}:
        if home is not None and home.is_relative_to(prefix):
            found |= {str(prefix / name) for name in ("bin", "lib", "lib64", "include")}
        else:
            found.add(str(prefix))
    return tuple(sorted(found - {"/", "/usr"}))
