"""Runs a Python script whose writes fail where Lambda's would: for systems without namespaces.

    python ... read_only_hook.py FOLDERS SCRIPT ARGUMENT...

FOLDERS is JSON: those that stay writable, and one in them that does not. An audit hook (PEP 578)
refuses what Python code writes elsewhere; what child processes and C code write by themselves it
does not see.
"""

import errno
import json
import os
import sys

_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events, and which of their arguments are paths that are written to.
_EVENTS = {
    **dict.fromkeys(("os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.chown"), (0,)),
    **dict.fromkeys(("os.utime", "os.truncate", "os.setxattr", "os.removexattr"), (0,)),
    **dict.fromkeys(("os.symlink", "os.link"), (1,)),
    "os.rename": (0, 1),
}


def install(writable: list[str], read_only: str) -> None:
    """Refuse from now on what is written outside of the folders `writable`, or in `read_only`."""
    roots = tuple(os.path.realpath(folder) + os.sep for folder in writable)
    within = os.path.realpath(read_only) + os.sep
    devices = ("/dev/null", "/dev/tty", "/dev/zero")
    refused = errno.EROFS, os.strerror(errno.EROFS)
    memory = (":memory:", b":memory:", "")
    realpath, join, fsdecode, split = os.path.realpath, os.path.join, os.fsdecode, os.path.split
    exists = os.path.exists

    def check(path: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a descriptor, which was opened before
        name = fsdecode(path)
        folder, last = split(name)
        real = join(realpath(folder or "."), last)
        real = realpath(real) if last else real
        whole = real + os.sep
        if (not whole.startswith(roots) or whole.startswith(within)) and real not in devices:
            raise OSError(*refused, name)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITE:
                check(path)
        elif event in _EVENTS:
            for index in _EVENTS[event]:
                check(arguments[index])
        elif event == "sqlite3.connect":
            path = arguments[0]
            if path not in memory and not exists(str(path)):  # else it may be there to be read
                check(path)

    sys.addaudithook(hook)


def main() -> None:
    """Run the script as Python itself would."""
    script = sys.argv[2]
    install(*json.loads(sys.argv[1]))
    sys.argv = sys.argv[2:]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.split(script)[0]
    with open(script, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), script, "exec")
    module = type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    exec(code, module.__dict__)  # noqa: S102 - that is what this is for


if __name__ == "__main__":
    main()
