"""Runs uv, and makes what it says fit for a person to read."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.uv_failures import Unreachable, could_not_fetch, lack_of_resources

# Taken out of uv's environment: they say which Python or project uv should work for, or decorate
# its output, and would contradict what is asked here. Indexes and credentials stay the user's.
_UNSET = (
    "CLICOLOR_FORCE",
    "FORCE_COLOR",
    "RUST_LOG",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_MANAGED_PYTHON",
    "UV_NO_VERIFY_HASHES",
    "UV_NO_MANAGED_PYTHON",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_REQUIRE_HASHES",
    "UV_VERIFY_HASHES",
    "UV_WORKING_DIR",
    "UV_PROJECT",
    "VIRTUAL_ENV",
)
# Lines that speak of options of uv's which the user never gave.
_NOISE = re.compile(r"^(warning: The `--pylock`|Using (CPython|Python) |Resolved \d+ packages?\b)")
_NOISY_HINT = re.compile(
    r"\n*hint: Wheels are required for [^\n]*--no-build[^\n]*"
    r"| Consider using `--no-build` to disable building wheels\."
)
# A cache that can't be made or written, or has no room: uv says so of files and of its locks.
_NO_CACHE = re.compile(
    r"Failed to initialize cache"
    r"|(?:cache|lock|temporary file|Failed to (?:write|create))[\s\S]*\(os error (?:13|28|30|122)\)"
)
# Up to the last @ before a slash: a password may have one, unquoted.
_CREDENTIALS = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/]+@")
_TOKENS = re.compile(
    r"([?&][\w.-]*(?:token|key|secret|password|signature|credential|sig|auth)[\w.-]*=)[^\s&#'\"`)]+",
    re.IGNORECASE,
)
PROJECT = "packager-asks-for"  # what a plugin is called where uv is asked through a project
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class UvRun:
    """How a run of uv ended; `problem` is what it said on stderr, cleaned, without secrets."""

    code: int
    stdout: str
    problem: str

    @property
    def backend_failed(self) -> bool:
        """Whether a package's own build failed: then some of the words are that package's."""
        return self.code != 0 and "The build backend returned an error" in self.problem

    @property
    def unreachable(self) -> bool:
        """Whether it failed because an index or a file could not be fetched."""
        return isinstance(could_not_fetch(self.code, self.problem), Unreachable)


@functools.cache
def find_uv() -> str:
    """Return the path of uv's executable; raise `PackagerError` if there is none."""
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


def run_uv(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str | None] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> UvRun:
    """Run uv in `cwd` and return how it ended. It never downloads a Python by itself.

    `cwd` matters: uv reads the index configuration of the project around it. `environment` are
    variables to set besides, or with None to take out; of `hidden`, names of variables and their
    values, messages have the names. Raises `OutOfResources` where it failed for
    want of disk, memory or the like.
    """
    changes = {**(environment or {}), **dict.fromkeys(_UNSET)}
    changes |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    merged = {**os.environ, **changes}
    variables = {key: value for key, value in merged.items() if value is not None}
    done = _run(arguments, cwd, variables)
    if done.returncode and _NO_CACHE.search(done.stderr):  # a home that can't be written, say
        done = _run([*arguments, "--no-cache"], cwd, variables)
    problem = readable(done.stderr)
    for name, value in (hidden or {}).items():
        problem = problem.replace(value, f"${{{name}}}") if value else problem
    run = UvRun(done.returncode, done.stdout, problem)
    lack = lack_of_resources(run.code, run.problem)
    if lack and not run.backend_failed:
        raise lack
    return run


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
    """Return uv's words without colours, credentials and talk of options the user never gave."""
    text = _NOISY_HINT.sub("", _ANSI.sub("", text)).replace(PROJECT, "the plugin")
    lines = [line.rstrip() for line in text.splitlines() if not _NOISE.match(line)]
    return mask_credentials("\n".join(lines)).strip().removeprefix("error: ")


def mask_credentials(text: str) -> str:
    """Return `text` with what is secret in the URLs in it replaced by `***`.

    That is the user name and password, and the values of such parameters as `token`.
    """
    return _TOKENS.sub(r"\1***", _CREDENTIALS.sub(r"\1***@", text))
