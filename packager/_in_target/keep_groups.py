"""Ends process groups once the process that started them is gone, however it ended.

Run as a script by the tool's own Python, in a session of its own:

    python -I -S keep_groups.py

Lines on its stdin say which groups there are: `+123` for a new one, `-123` for one that has ended.
The end of stdin is the end of who wrote them: what is left of the groups is killed.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Read until the end, and kill what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        group = int(line[1:])
        (groups.add if line[:1] == b"+" else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(OSError):  # it has ended
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
