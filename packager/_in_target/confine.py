"""Runs a command as an execution environment does: it can't write, and nothing outlives it.

Run as a script by the tool's own Python:

    python -I -S confine.py REQUEST

REQUEST is JSON: `command` and, where namespaces are not to be had, `fallback` are argument lists;
`writable` are folders that stay writable; `read_only` is one that does not, even where it is in
one of those. `started` is a descriptor that is closed when the command starts, `tether` one whose
other end is closed, if only because its owner was killed, when everything is to end; `grace` are
seconds that what the command has started may take to end by itself.

A mount namespace (mount_namespaces(7)) is what makes files read-only: nothing outside of it
changes. This process stays beside the command's and inherits what that leaves behind
(PR_SET_CHILD_SUBREAPER in prctl(2)), sessions of their own included, so it can end all of it; then
it ends as the command did. On other systems what has lost its parent before is not found.
"""

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress

# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>, <fcntl.h>, and the number of mount_setattr(2)
# on every architecture that Lambda has.
_NEW_NAMESPACE, _NEW_USER = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_AT_RECURSIVE, _AT_CWD, _ATTR_READ_ONLY, _MOUNT_SETATTR = 0x8000, -100, 1, 442
_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Start the command, and end with it."""
    request = json.loads(sys.argv[1])
    command = request["command"]
    try:
        enter_namespace(request["writable"], request["read_only"])
    except (AttributeError, ImportError, OSError):  # another system, or it is not allowed to
        command = request["fallback"]
    control_processes(_CHILD_SUBREAPER, 1)
    wakes = told_of_children()
    child = os.fork()
    if child == 0:
        os.setsid()
        control_processes(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        os.set_inheritable(request["started"], False)
        os.execv(command[0], command)  # noqa: S606 - an argument list
    os.close(request["started"])
    status = watch(child, request["tether"], wakes)
    if request["grace"]:
        end_alone(child, request["grace"])
    end_all(child, ended=status is not None)
    end_as(status or 0)


def told_of_children() -> int:
    """Return a descriptor that can be read whenever a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return reader


def watch(child: int, tether: int, wakes: int) -> int | None:
    """Return the status that `child` ends with; None once the tether is let go before."""
    while True:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == child:
                    return found[1]
        ready = select.select([tether, wakes], [], [])[0]
        if tether in ready:
            return None
        os.read(wakes, 4096)


def end_alone(child: int, seconds: float) -> None:
    """Kill the command's process, and let what it has started see that and end by itself."""
    with suppress(OSError):
        os.kill(child, signal.SIGKILL)
    end = time.monotonic() + seconds
    with suppress(ChildProcessError):
        while time.monotonic() < end:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.01)


def end_all(child: int, *, ended: bool) -> None:
    """Kill what is left of the command, and return once it is gone."""
    while True:
        for pid in below(os.getpid()):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with suppress(OSError):  # where its descendants are not found
            os.killpg(child, signal.SIGKILL)
        if ended and sys.platform != "linux":
            return  # nothing that it left is a child of this process
        try:
            os.waitpid(-1, 0)  # which makes this process the parent of what that one started
        except ChildProcessError:
            return


def below(top: int) -> set[int]:
    """Return the processes that a process has started, and those that these have, and so on."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    more = children.get(top, [])
    while more:
        found.update(more)
        more = [each for pid in more for each in children.get(pid, ()) if each not in found]
    return found


def _parents() -> list[tuple[int, int]]:
    if sys.platform != "linux":
        import subprocess

        listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], stdout=subprocess.PIPE, check=False)
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return [(int(pid), int(parent)) for pid, parent in pairs]
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                found.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
    return found


def end_as(status: int) -> None:
    """End as a process with this status (as of wait(2)) did."""
    if os.WIFSIGNALED(status):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the other one has written it
        with suppress(OSError, ValueError):  # some can't be handled
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def control_processes(option: int, value: int) -> None:
    """Call prctl(2), where there is one."""
    if sys.platform == "linux":
        with suppress(ImportError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


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
