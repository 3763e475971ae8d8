"""Runs uv, and makes what it says fit for a person to read."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.errors import PackagerError

# Taken out of uv's environment: they say which Python or project uv should work for, or decorate
# its output, and would contradict what is asked here. Indexes and credentials stay the user's.
_UNSET = (
    "CLICOLOR_FORCE",
    "FORCE_COLOR",
    "RUST_LOG",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_WORKING_DIR",
    "UV_PROJECT",
    "VIRTUAL_ENV",
)
_UNREACHABLE = re.compile(
    r"failed to fetch|error sending request|could not connect|connection (refused|reset)|"
    r"dns error|timed out|network (connectivity is|was) disabled|invalid peer certificate|"
    r"received some unexpected (json|html)|\b(401|403) (unauthorized|forbidden)",
    re.IGNORECASE,
)
# Lines that speak of options of uv's which the user never gave.
_NOISE = re.compile(r"^(warning: The `--pylock`|Using (CPython|Python) |Resolved \d+ packages?\b)")
_NOISY_HINT = re.compile(
    r"\n*hint: Wheels are required for [^\n]*--no-build[^\n]*"
    r"| Consider using `--no-build` to disable building wheels\."
)
_NO_CACHE = "Failed to initialize cache"
_CREDENTIALS = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]+@")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class UvRun:
    """How a run of uv ended; `problem` is what it said on stderr, cleaned, without secrets."""

    code: int
    stdout: str
    problem: str

    @property
    def unreachable(self) -> bool:
        """Whether it failed because an index or a file could not be fetched."""
        return self.code != 0 and bool(_UNREACHABLE.search(self.problem))


@functools.cache
def find_uv() -> str:
    """Give the path of uv's executable; raise `PackagerError` if there is none."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise PackagerError(
                "uv, which resolves and installs dependencies, was not found",
                hint="install it beside packager: pip install uv",
            ) from None
        return found


def run_uv(arguments: Sequence[str], *, cwd: Path) -> UvRun:
    """Run uv in `cwd` and give how it ended. It never downloads a Python by itself.

    `cwd` matters: uv reads the index configuration of the project around it.
    """
    environment = {key: value for key, value in os.environ.items() if key not in _UNSET}
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    done = _run(arguments, cwd, environment)
    if done.returncode and _NO_CACHE in done.stderr:  # a home that can't be written, say
        done = _run([*arguments, "--no-cache"], cwd, environment)
    return UvRun(done.returncode, done.stdout, readable(done.stderr))


def _run(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find_uv(), *arguments, "--color", "never", "--preview-features", "pylock"],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def readable(text: str) -> str:
    """Give uv's words without colours, credentials and talk of options the user never gave."""
    text = _NOISY_HINT.sub("", _ANSI.sub("", text))
    lines = [line.rstrip() for line in text.splitlines() if not _NOISE.match(line)]
    return mask_credentials("\n".join(lines)).strip().removeprefix("error: ")


def mask_credentials(text: str) -> str:
    """Give `text` with the user name and password of every URL in it replaced by `***`."""
    return _CREDENTIALS.sub(r"\1***@", text)
