"""Control groups as folders of the test's own; real ones are tried in the integration tests."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from packager.profile import cpu_share as module
from packager.profile.cpu_share import Limit, Unlimited, cpu_share


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without control groups and without systemd."""
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(module, "_OWN", tmp_path / "own")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "options", "own", "files", "written"),
    [
        ("cgroup2", "rw", "0::/user\n", ("cpu.max",), {"cpu.max": "5789 20000"}),
        (
            "cgroup",
            "rw,cpu,cpuacct",
            "3:cpu,cpuacct:/\n0::/\n",
            ("cpu.cfs_period_us", "cpu.cfs_quota_us"),
            {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "5789"},
        ),
    ],
)
def test_a_group_is_made(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    options: str,
    own: str,
    files: tuple[str, ...],
    written: dict[str, str],
) -> None:
    at = machine / kind
    at.mkdir()
    (at / "user").mkdir()
    (machine / "mounts").write_text(f"proc /proc proc rw 0 0\n{kind} {at} {kind} {options} 0 0\n")
    (machine / "own").write_text(own)
    mkdir = Path.mkdir

    def make(path: Path) -> None:
        mkdir(path)
        for name in (*files, "cgroup.procs"):
            (path / name).write_text("")

    monkeypatch.setattr(Path, "mkdir", make)
    with cpu_share(512) as limit:
        assert limit.prefix == ()
        limit.take(42)
        assert limit.processes is not None
        group = limit.processes.parent
        assert group.parent == (at / "user" if kind == "cgroup2" else at)
        found = {path.name: path.read_text() for path in group.iterdir()}
        assert found == {**written, "cgroup.procs": "42"}


def test_systemd_is_asked_where_no_group_can_be_made(machine: Path) -> None:
    program = machine / "bin/systemd-run"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    with cpu_share(128) as limit:
        assert limit == Limit(
            (
                *(str(program), "--user", "--scope", "--quiet"),
                *("-p", "CPUQuota=7.23%", "-p", "CPUQuotaPeriodSec=20ms", "--"),
            )
        )
        limit.take(42)


def test_why_nothing_is_limited_is_said(machine: Path) -> None:
    with pytest.raises(Unlimited) as caught, cpu_share(128):
        pass
    assert str(caught.value) == "no control group can be made here, and there is no systemd-run"
    program = machine / "bin/systemd-run"
    program.write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(Unlimited) as caught, cpu_share(128):
        pass
    assert str(caught.value) == "no control group can be made here, and systemd-run says: no bus"


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (
            os.SCHED_RR,
            "a process of real-time priority can't be held to a share: run it without chrt",
        ),
        (os.SCHED_OTHER, "{file} can't be written: Is a directory"),
    ],
)
def test_why_a_process_is_not_limited_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: int, why: str
) -> None:
    monkeypatch.setattr(os, "sched_getscheduler", lambda pid: policy)
    with pytest.raises(Unlimited) as caught:
        Limit(processes=tmp_path).take(42)
    assert str(caught.value) == why.format(file=tmp_path)


def test_a_process_that_has_ended_is_left_to_whoever_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, text: str) -> None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))

    monkeypatch.setattr(Path, "write_text", write)
    Limit(processes=tmp_path / "cgroup.procs").take(42)
