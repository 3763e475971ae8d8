"""Runs a command in namespaces of its own: no network, no other processes, few files.

Run as `python -I -S enter.py SPEC.json` with the environment that the command is to have, since
that of every process in there can be read there. The spec's `kind` is "namespaces", which are made
here, or the path of bubblewrap, which makes them. Exits as the command does; with 125, and a line
on stderr, where namespaces can't be had. Only Linux has them; what is called here is described in
unshare(2), mount_namespaces(7), user_namespaces(7) and pivot_root(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

FAILED = 125
_NEW_MOUNTS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEW_USER, _NEW_PIDS, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_NAMESPACES = _NEW_USER | _NEW_MOUNTS | _NEW_PIDS | _NEW_NET | _NEW_IPC | _NEW_UTS | _NEW_CGROUP
_READ_ONLY, _NO_SUID, _NO_DEV, _NO_EXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2
# statvfs's flag of a mount, and mount's: what it has may not be taken off, so it is said again.
_KEPT = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEATH_SIGNAL, _DROP_BOUNDING, _NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR = 1, 24, 38, 47, 4

_libc = ctypes.CDLL(None, use_errno=True)


def main(path: str) -> NoReturn:
    """Enter the namespaces that the file `path` describes, and run its command there."""
    spec = json.loads(Path(path).read_bytes())
    if spec["kind"] != "namespaces":
        command = _bubblewrap(spec)
        os.execv(command[0], command)  # noqa: S606 - a list, and no shell
    _die_with_parent()
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NAMESPACES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text)
    first = os.fork()  # the first process in there, with whose end all others end
    if first == 0:
        try:
            _die_with_parent()
            _lay_out(spec)
            _give_up_privileges()
            os.chdir(spec["cwd"])
        except OSError as error:
            _fail(error)
        os._exit(_run(spec["command"]))
    os._exit(_exit_code(os.waitpid(first, 0)[1]))


def _bubblewrap(spec: dict[str, Any]) -> list[str]:
    command = [spec["kind"], "--unshare-all", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
    shown = [(path, path, "--ro-bind") for path in spec["read"]]
    shown += [(path, seen_as, "--bind") for path, seen_as in spec["write"]]
    for path, seen_as, how in sorted(shown, key=lambda each: each[1].count("/")):
        if Path(path).is_symlink():
            command += ["--symlink", str(Path(path).readlink()), seen_as]
        elif Path(path).exists():
            command += [how, path, seen_as]
    return [*command, "--chdir", spec["cwd"], "--", *spec["command"]]


def _run(command: list[str]) -> int:
    """Run the command, and end whatever it leaves behind."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            os.execve(command[0], command, dict(os.environ))  # noqa: S606 - no shell, as meant
        except OSError as error:
            _fail(error)
    while True:
        ended, status = os.wait()
        if ended == child:
            return _exit_code(status)


def _lay_out(spec: dict[str, Any]) -> None:
    """Make a root of what is to be seen, and take the real one away."""
    root = Path(spec["root"])
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NO_SUID | _NO_DEV, "mode=755")
    for folder in ("proc", "dev", "dev/shm"):
        (root / folder).mkdir()
    for name in _DEVICES:
        _bind(Path("/dev", name), root / "dev" / name)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd{target}")
    with contextlib.suppress(OSError):  # in a container, /proc may not be made again
        _mount("proc", root / "proc", "proc", _NO_SUID | _NO_DEV | _NO_EXEC)
    shown = [(path, path, False) for path in spec["read"]]
    shown += [(path, seen_as, True) for path, seen_as in spec["write"]]
    for source, seen_as, writable in sorted(shown, key=lambda each: each[1].count("/")):
        path, place = Path(source), root / seen_as.lstrip("/")
        if path.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                place.symlink_to(path.readlink())
        elif path.exists():
            _bind(path, place)
            if not writable:
                _make_read_only(str(place))
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")
    _mount(None, "/", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEV)


def _bind(path: Path, place: Path) -> None:
    if path.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():  # it may be, in what is read-only by now
            place.touch()
    _mount(path, place, None, _BIND | _RECURSIVE)


def _make_read_only(place: str) -> None:
    """Make a bound mount, and those below it, read-only."""
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    points = [os.fsdecode(_unescaped(line.split()[4])) for line in lines]
    for point in points:
        if point == place or point.startswith(f"{place}/"):
            has = os.statvfs(point).f_flag
            kept = sum(ours for theirs, ours in _KEPT.items() if has & theirs)
            _mount(None, point, None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | kept)


def _unescaped(text: bytes) -> bytes:
    return text.decode("unicode_escape").encode("latin-1")


def _give_up_privileges() -> None:
    """Keep nothing of what the owner of the namespaces may do: no mount can be undone."""
    for capability in range(64):
        if _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0) != 0:
            break
    _libc.prctl(_AMBIENT, _CLEAR, 0, 0, 0)
    if _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _die_with_parent() -> None:
    _libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _mount(
    source: str | Path | None,
    target: str | Path,
    kind: str | None,
    flags: int,
    data: str | None = None,
) -> None:
    given = [os.fsencode(each) if each is not None else None for each in (source, target, kind)]
    _call(
        "mount", *given, ctypes.c_ulong(flags), data.encode() if data else None, about=str(target)
    )


def _call(name: str, *arguments: object, about: str = "") -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {about}: {os.strerror(number)}")


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _fail(error: OSError) -> NoReturn:
    os.write(2, f"packager: no namespaces: {error.strerror}\n".encode(errors="replace"))
    os._exit(FAILED)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as fault:
        _fail(fault)
