"""Keeps the conversations of Dify's stand-in in a file, from one run to the next."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from packager.local.fake_dify.apps import Workspace

_MOST = 1000  # conversations kept, the latest
Conversations = dict[str, tuple[str, str, list[str]]]


def remember(workspace: Workspace, file: Path) -> None:
    """Have the workspace go on with the conversations in `file`; none where it can't be read."""
    with contextlib.suppress(OSError):
        workspace.continue_with(_conversations(file.read_bytes()))


def keep(workspace: Workspace, file: Path) -> None:
    """Add the workspace's conversations to those in `file`. Failing to is no error."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(file) as stream:
            kept = _conversations(stream.read())
            for each, conversation in workspace.conversations.items():
                kept.pop(each, None)  # to the end: the latest
                kept[each] = conversation
            latest = dict(list(kept.items())[-_MOST:])
            stream.seek(0)
            stream.truncate()
            stream.write(json.dumps(latest, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[IO[bytes]]:
    """Open `file` for reading and writing, one process at a time; only its user may read it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as stream:
        with contextlib.suppress(OSError):  # some file systems have no locks
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _conversations(content: bytes) -> Conversations:
    """Return what `keep` wrote; none where it is damaged."""
    try:
        found = json.loads(content.decode("utf-8", "surrogatepass"))
        return {
            str(each): (str(app), str(user), [str(query) for query in queries])
            for each, (app, user, queries) in found.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
