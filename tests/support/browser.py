"""A real browser for tests: a Chrome or Chromium of this machine, else Debian's, unpacked.

Nothing is installed on the system, and nothing needs root: apt's own programs fetch the packages
that are missing here, and their files lie below the project's cache.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packager.host.cache import cache_folder

PACKAGE = "chromium-headless-shell"
_NAMES = (
    *("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome"),
    *("chromium-headless-shell", "chrome-headless-shell", "microsoft-edge"),
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_BINARY = "usr/lib/chromium/chromium-headless-shell"
# Nothing of a browser's own on the network: this one sees loopback alone.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


class NoBrowser(Exception):
    """There is no browser, and none can be had."""


@dataclass(frozen=True)
class Browser:
    """A browser's program, and what it needs in its environment."""

    program: Path
    variables: dict[str, str] = field(default_factory=dict)


def find_browser() -> Browser:
    """Return a browser; raise `NoBrowser` with the reason where there is none."""
    named = os.environ.get("PACKAGER_TEST_BROWSER")
    if named:
        return Browser(Path(named))
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Browser(Path(found))
    for place in map(Path, _PLACES):
        if place.exists():
            return Browser(place)
    return _unpacked()


def _unpacked() -> Browser:
    cache = cache_folder()
    if cache is None:
        raise NoBrowser("there is no folder to unpack one in")
    folder = cache.parent / "test-browser"
    root = folder / "root"
    if not (root / _BINARY).exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise NoBrowser("no Chrome or Chromium is installed, and this is no Debian")
        folder.mkdir(parents=True, exist_ok=True)
        # One of a run's workers unpacks it, which is ten seconds of CPU; the others wait.
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / _BINARY).exists():
                with tempfile.TemporaryDirectory(dir=folder) as scratch:
                    _unpack(Path(scratch))
                    (Path(scratch) / "root").rename(root)
    libraries = sorted({str(each.parent) for each in (root / "usr/lib").rglob("*.so*")})
    return Browser(root / _BINARY, {"LD_LIBRARY_PATH": ":".join(libraries)})


def _unpack(scratch: Path) -> None:
    """Fetch the package and what it needs that is not installed, and unpack all of it."""
    for each in ("lists/partial", "cache/archives/partial", "debs"):
        (scratch / each).mkdir(parents=True)
    apt = (
        *("apt-get", "-q", "-o", f"Dir::State::Lists={scratch / 'lists'}"),
        *("-o", f"Dir::Cache={scratch / 'cache'}", "-o", "APT::Sandbox::User="),
    )
    _run([*apt, "update"], scratch)
    plan = _run([*apt, "-s", "--no-install-recommends", "install", PACKAGE], scratch)
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    if PACKAGE not in names:
        raise NoBrowser(f"apt has no {PACKAGE}")
    _run([*apt, "download", *names], scratch / "debs")
    for package in sorted((scratch / "debs").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(scratch / "root")], scratch)


def _run(command: Sequence[str], folder: Path) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoBrowser(f"{command[0]}: {error}") from error
    if done.returncode:
        raise NoBrowser(f"{' '.join(command[-2:])}: {done.stderr.strip()[-400:]}")
    return done.stdout
