"""Starts a command with file systems that it can read only, as a function has them on Lambda.

Run as a script by the tool's own Python:

    python -I -S read_only_start.py REQUEST

REQUEST is JSON: `command` and, where namespaces are not to be had, `fallback` are argument lists;
`writable` are folders that stay writable; `read_only` is one that does not, even where it is in
one of those; `started` is a descriptor that is closed when the command starts. A mount namespace
(mount_namespaces(7)) of its own is what makes the rest read-only: nothing outside of it changes.
"""

import json
import os
import sys

# <linux/sched.h>, <linux/mount.h>, <fcntl.h>, and the number of mount_setattr(2) on every
# architecture that Lambda has.
_NEW_NAMESPACE, _NEW_USER = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_AT_RECURSIVE, _AT_CWD, _ATTR_READ_ONLY, _MOUNT_SETATTR = 0x8000, -100, 1, 442


def main() -> None:
    """Start the command."""
    request = json.loads(sys.argv[1])
    command = request["command"]
    try:
        enter_namespace(request["writable"], request["read_only"])
    except (AttributeError, ImportError, OSError):  # another system, or it is not allowed to
        command = request["fallback"]
    os.set_inheritable(request["started"], False)
    os.execv(command[0], command)  # noqa: S606 - an argument list


def enter_namespace(writable: list[str], read_only: str) -> None:
    """Make all but `writable` read-only for this process; raises OSError where it may not.

    What happened before an error is of no harm to a process that goes on.
    """
    if sys.platform != "linux":
        raise OSError("there are no mount namespaces")
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments: object) -> None:
        if getattr(libc, function)(*arguments):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def set_read_only(path: str, on: bool, flags: int = 0) -> None:
        # struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
        attributes = (ctypes.c_uint64 * 4)(
            _ATTR_READ_ONLY if on else 0, 0 if on else _ATTR_READ_ONLY, 0, 0
        )
        where = ctypes.c_char_p(os.fsencode(path))
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        call("syscall", _MOUNT_SETATTR, _AT_CWD, where, flags, attributes, size)

    user, group = os.geteuid(), os.getegid()
    try:
        call("unshare", _NEW_NAMESPACE)
    except PermissionError:  # where anybody may make a user namespace, that allows it
        call("unshare", _NEW_NAMESPACE | _NEW_USER)
        maps = ("setgroups", "deny"), ("uid_map", f"{user} {user} 1")
        for name, text in (*maps, ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                file.write(text)
    call("mount", b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)
    for folder in (*writable, read_only):
        path = os.fsencode(folder)
        call("mount", path, path, None, ctypes.c_ulong(_BIND | _RECURSIVE), None)
    set_read_only("/", True, _AT_RECURSIVE)
    for folder in writable:
        set_read_only(folder, False)
    os.chdir(os.getcwd())  # noqa: PTH109 - the folder as it is mounted now


if __name__ == "__main__":
    main()
