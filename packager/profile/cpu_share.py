"""Holds a process to a share of a CPU, where this machine and user can.

Linux's control groups do it as they do it on Lambda: with a quota per period. Their files are
described in the kernel's "Control Group v2" (`cpu.max`) and "CFS Bandwidth Control" (version 1).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from packager.dataclass import dataclass
from packager.profile.facts import WHOLE_CPU_MIB

PERIOD_US = 20_000
_MOUNTS = Path("/proc/self/mounts")
_OWN = Path("/proc/self/cgroup")
_TRY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Limit:
    """A share of a CPU: `prefix` goes before a command, or `processes` is a file for its id."""

    prefix: tuple[str, ...] = ()
    processes: Path | None = None

    def take(self, pid: int) -> None:
        """Hold the process `pid` and what it starts to the share.

        Raises `Unlimited` where it can't be: the kernel takes none of real-time priority, say.
        """
        if self.processes:
            try:
                self.processes.write_text(str(pid))
            except ProcessLookupError:
                pass  # it has ended: whoever waits for its answer says so
            except OSError as fault:
                raise Unlimited(_why_not(pid, fault)) from fault


class Unlimited(Exception):
    """This machine or user can't limit a process's CPU; the message says why."""


@contextlib.contextmanager
def cpu_share(memory: int) -> Iterator[Limit]:
    """Yield the share that a function with `memory` MiB has; raise `Unlimited` where there is none.

    A control group is made, of whichever version, and removed at the end; else systemd's user
    manager is asked for one. Nothing needs root that root does not have already.
    """
    quota = max(round(PERIOD_US * memory / WHOLE_CPU_MIB), 1000)
    group = _new_group()
    if group is None:
        yield _by_systemd(quota)
        return
    try:
        _set_quota(group, quota)
        yield Limit(processes=group / "cgroup.procs")
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def _why_not(pid: int, fault: OSError) -> str:
    """Return why a process can't be put into a control group ("Real-Time group scheduling")."""
    with contextlib.suppress(OSError):
        if os.sched_getscheduler(pid) in (os.SCHED_FIFO, os.SCHED_RR):
            return "a process of real-time priority can't be held to a share: run it without chrt"
    return f"{fault.filename} can't be written: {fault.strerror}"


def _set_quota(group: Path, quota: int) -> None:
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
    except OSError as fault:
        raise Unlimited(f"{fault.filename} can't be written: {fault.strerror}") from fault


def _new_group() -> Path | None:
    """Make a control group that can limit CPU; None where there is none to be had."""
    for parent in _parents():
        group = parent / f"packager-{os.getpid()}"
        try:
            group.mkdir()
        except FileExistsError:
            pass
        except OSError:
            continue
        if (group / "cpu.cfs_quota_us").exists():
            return group
        if not (group / "cpu.max").exists():
            with contextlib.suppress(OSError):
                (parent / "cgroup.subtree_control").write_text("+cpu")
        if (group / "cpu.max").exists():
            return group
        with contextlib.suppress(OSError):
            group.rmdir()
    return None


def _parents() -> Iterator[Path]:
    """Yield the groups that a new one may be made in, of both versions, the process's own first."""
    own: dict[str, str] = {}
    for line in _lines(_OWN):
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)
    for line in _lines(_MOUNTS):
        _, mounted, kind, options, *_ = line.split()
        if kind == "cgroup2" and "" in own:
            path = own[""]
        elif kind == "cgroup" and "cpu" in options.split(","):
            path = own.get("cpu", "/")
        else:
            continue
        at = Path(mounted, path.lstrip("/"))
        yield from (folder for folder in (at, *at.parents) if folder.is_relative_to(mounted))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _by_systemd(quota: int) -> Limit:
    program = shutil.which("systemd-run")
    if program is None:
        raise Unlimited("no control group can be made here, and there is no systemd-run")
    percent = f"CPUQuota={quota / PERIOD_US:.2%}"
    period = f"CPUQuotaPeriodSec={PERIOD_US // 1000}ms"
    prefix = (program, "--user", "--scope", "--quiet", "-p", percent, "-p", period, "--")
    try:
        done = subprocess.run(
            [*prefix, "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TRY_SECONDS,
        )
        problem = done.stderr.strip() if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = "it does not answer"
    if problem:
        raise Unlimited(f"no control group can be made here, and systemd-run says: {problem}")
    return Limit(prefix)
