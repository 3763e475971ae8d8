"""Tells why a run of uv failed, where that says nothing about the requirements themselves.

Such a failure is neither remembered nor taken for "no such version".
"""

from __future__ import annotations

import os
import re

from packager.errors import PackagerError


class OutOfResources(PackagerError):
    """The machine has too little of something: disk, memory, open files."""


class Unreachable(PackagerError):
    """Packages, or what an index says of them, could not be fetched."""


# What the operating system says, as uv ("os error 28"), Python ("Errno 28") and C do.
_RESOURCES = (
    (
        r"os error (28|122)\b|errno (28|122)\b|no space left on device|disk quota exceeded",
        "there is no room left on the disk",
        "free some; UV_CACHE_DIR, XDG_CACHE_HOME and TMPDIR move what is written to another disk",
    ),
    (
        r"os error 12\b|errno 12\b|cannot allocate memory|memory allocation of \d+ bytes failed"
        r"|\bMemoryError\b",
        "there is not enough memory",
        "end other programs, or give this one more",
    ),
    (
        r"os error (23|24)\b|errno (23|24)\b|too many open files",
        "too many files are open",
        "allow more (ulimit -n)",
    ),
    (
        r"os error 11\b|\bResource temporarily unavailable",
        "no more processes or threads can be started",
        "allow more (ulimit -u), or end other programs",
    ),
    (
        r"os error (5|30)\b|errno (5|30)\b|read-only file system|input/output error",
        "the disk can't be written",
        "set UV_CACHE_DIR, XDG_CACHE_HOME and TMPDIR to folders that can be written",
    ),
)
_KILLED = (-9, 137)  # what the kernel does to whoever takes the last memory
_GIT = re.compile(r"\bGit operation failed\b|process didn't exit successfully: `\S*git\b")
_GIT_ADDRESS = re.compile(r"@ git\+([^\s`]+)`|fetch [^\n]*?'([a-z+]+://[^']+|[^\s']+@[^\s']+)'")
_NO_REFERENCE = re.compile(r"couldn't find remote ref|unable to find|reference is not a tree", re.I)
_NO_GIT = "Git executable not found"
_NO_ACCESS = re.compile(
    r"authentication failed|could not read (username|password)|permission denied \(|"
    r"host key verification|terminal prompts disabled",
    re.IGNORECASE,
)
_OFFLINE = re.compile(r"network (connectivity is|was) disabled|not found in the cache", re.I)
_CREDENTIALS = re.compile(r"\b(401|403) (unauthorized|forbidden)", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"failed to fetch|error sending request|could not connect|connection (refused|reset)|"
    r"dns error|timed out|invalid peer certificate|received some unexpected (json|html)|"
    r"could not be fetched; the server returned",
    re.IGNORECASE,
)
_OWN_SETTINGS = re.compile(r"invalid value '[^\n]*' for '--(default-)?(index|find-links)\b")
_NO_SOLUTION = "No solution found"


def lack_of_resources(code: int, problem: str) -> PackagerError | None:
    """Return the error for a run that the machine had too little for, None for any other."""
    if not code:
        return None
    for pattern, what, hint in _RESOURCES:
        if re.search(pattern, problem, re.IGNORECASE):
            return OutOfResources(f"{what}; uv says:\n{indent(problem)}", hint=hint)
    if code in _KILLED:
        return OutOfResources(
            "uv was killed, as happens where there is not enough memory",
            hint="end other programs, or give this one more",
        )
    if code < 0:
        return OutOfResources(
            f"uv was ended by signal {-code}:\n{indent(problem)}", hint="try again"
        )
    return None


def could_not_fetch(code: int, problem: str) -> PackagerError | None:
    """Return the error for a run that failed as something was not to be had, None for any other."""
    if not code:
        return None
    said = indent(problem)
    if _GIT.search(problem):
        return _git_failure(problem, said)
    if _OFFLINE.search(problem) or (_is_offline() and _NO_SOLUTION in problem):
        return Unreachable(
            f"uv is offline, and its cache lacks what is needed:\n{said}",
            hint="take UV_OFFLINE out of the environment (or `offline` out of uv.toml), or build "
            "once with a network: uv keeps what it fetched",
        )
    if _OWN_SETTINGS.search(problem):
        return PackagerError(
            f"an index setting of uv is not an address:\n{said}",
            hint="correct the environment (UV_DEFAULT_INDEX, UV_INDEX, UV_FIND_LINKS)",
        )
    if _CREDENTIALS.search(problem):
        return Unreachable(
            f"a package index wants other credentials:\n{said}",
            hint="docs/dependencies.md says where they are read from: the index's URL, "
            "UV_INDEX_<NAME>_USERNAME and _PASSWORD, or a netrc file",
        )
    if _UNREACHABLE.search(problem):
        return Unreachable(
            f"the package index can't be reached:\n{said}",
            hint="check the network, and the index settings of uv (UV_DEFAULT_INDEX, UV_INDEX, "
            "uv.toml); those of pip are not read",
        )
    return None


def _git_failure(problem: str, said: str) -> PackagerError:
    found = _GIT_ADDRESS.search(problem)
    address = (found[1] or found[2]) if found else "a dependency"
    message = f"the git repository {address} can't be fetched:\n{said}"
    if _NO_GIT in problem:
        return PackagerError(message, hint="install git")
    if _NO_REFERENCE.search(problem):
        return PackagerError(
            message, hint="the repository has no such branch, tag or commit: correct what is asked"
        )
    if _NO_ACCESS.search(problem):
        return Unreachable(
            message,
            hint="git asks nobody here: give it a credential helper, or ssh a key and known hosts",
        )
    return Unreachable(message, hint="check the address and the network: git ls-remote <address>")


def _is_offline() -> bool:
    return os.environ.get("UV_OFFLINE", "").lower() in ("1", "true", "yes", "on", "t", "y")


def indent(text: str) -> str:
    """Return `text` set in by two spaces, as a quotation."""
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
