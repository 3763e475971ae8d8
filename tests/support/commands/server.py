"""Runs commands in forks of a process that imported their programs: `server.py MODULE...`

Standard input is a socket. A message is a command as JSON, with the descriptors that its standard
streams are to be; what comes back is the child's id, and how it ended (`os.wait`'s status). Each
command ends as its own process does, whatever it left to its end included.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

MAX_MESSAGE = 1 << 20  # bytes
SELDOM = 50_000  # objects: a command has ended before there is much to find


def load(name: str) -> None:
    """Import a module, and all that is in it where the name ends in `.*`."""
    package = importlib.import_module(name.removesuffix(".*"))
    if name.endswith(".*"):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "._in_" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def next_command(channel: socket.socket) -> Callable[[], Any] | None:
    """Return, in a new process, what is to be run there; in this one None, when no more comes."""
    while True:
        message, streams, _, _ = socket.recv_fds(channel, MAX_MESSAGE, 3)
        if not message:
            return None
        child = os.fork()
        if child == 0:
            channel.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return prepared(**json.loads(message))
        for stream in streams:
            os.close(stream)
        channel.sendall(b"%d\n" % child)
        channel.sendall(b"%d\n" % os.waitpid(child, 0)[1])


def prepared(
    target: str, name: str, arguments: list[str], folder: str, environment: dict[str, str]
) -> Callable[[], Any]:
    """Make this process as the command's own would be; return the function that is the command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [name, *arguments]
    sys.path[0] = folder
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


def main() -> Callable[[], Any] | None:
    gc.disable()  # a third of the time
    for name in sys.argv[1:]:
        load(name)
    gc.collect()
    gc.freeze()  # else each child's first collection copies all of it
    gc.set_threshold(SELDOM)
    gc.enable()
    channel = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return next_command(channel)


def end(command: Callable[[], Any]) -> None:
    """Run the command, and end this process as `multiprocessing` ends its own.

    What is left to the end is done; but memory that the parent has, too, is not freed object by
    object: that copies all of it, and takes several times what most commands do.
    """
    try:
        code = command()
    except SystemExit as ended:
        code = ended.code
    if not isinstance(code, int | None):
        sys.exit(code)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    if command := main():
        end(command)
