"""Answers what lies at a path that somebody else wrote, whatever that path is.

Before Python 3.14 `Path.exists` and its like raise where a name is too long or a folder may not be
looked into; `Path.resolve` raises for a NUL and for a circle of links, and `Path.expanduser` for a
user who is not there. Here such a path is one that leads to nothing, and `missing` says why.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


def exists(path: Path) -> bool:
    """Return whether there is anything at `path`, links followed."""
    return os.path.exists(path)  # noqa: PTH110 - it never raises


def is_file(path: Path) -> bool:
    """Return whether there is a regular file at `path`, links followed."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Return whether there is a folder at `path`, links followed."""
    return os.path.isdir(path)  # noqa: PTH112


def real_path(path: Path) -> Path:
    """Return `path` absolute and with its links followed, if that is possible."""
    return _resolved(path) or path.absolute()


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether `path` is `folder` or lies in it, links followed."""
    found, real = _resolved(path), _resolved(folder)
    return found is not None and real is not None and found.is_relative_to(real)


def expanded(text: str) -> Path:
    """Return the path that is written as `text`, in which `~` and `~user` are a user's home.

    Where there is no such user, it is a name like any other, as in a shell.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def missing(what: str, path: Path, written: object = None) -> str:
    """Return the words for a `path` with no `what` ("file", "folder") at it, `written` so.

    They say why it can't be seen there, if it can't be.
    """
    return f"there is no {what} {path if written is None else written}{unseen(path)}"


def unseen(path: Path) -> str:
    """Return why what is at `path` can't be seen, in brackets after a space; "" if it can be."""
    try:
        path.stat()
    except OSError as error:
        if error.errno != errno.ENOENT:
            return f" ({str(error.strerror).lower()})"
    except ValueError:
        return " (it has a character that no path can have)"
    return ""


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, until Python 3.12 the second
        return None
