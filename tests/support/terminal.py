"""Runs `packager` on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import sys
import time


def converse(
    arguments: list[str], answers: list[str], more: dict[str, str], *, asks: bytes = b": "
) -> tuple[str, int]:
    """Run `packager` on a terminal of its own, and give an answer whenever it asks.

    Give what is seen there, and the exit code. `asks` is how questions end.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "packager", *arguments], os.environ | more)
    seen = b""
    rest = list(answers)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                chunk = os.read(terminal, 4096)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not chunk:
                break
            seen += chunk
            if rest and seen.endswith(asks):
                time.sleep(0.05)  # until the terminal no longer shows what is typed
                os.write(terminal, rest.pop(0).encode() + b"\n")
    finally:
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    return seen.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)
