"""What the Docker part says where it can't run: it fails, and names the next step."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.sam_local.daemon import DockerMissing, install_docker

SCRIPT = Path(__file__).with_name("install.sh")


def install_with(folder: Path, **tools: str) -> tuple[int, str]:
    """Run the script where only `tools` are on the PATH, each a line of shell."""
    for name, line in tools.items():
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{line}\n")
        tool.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_installing_as_another_user_fails_and_says_so(tmp_path: Path) -> None:
    assert install_with(tmp_path, id="echo 1000") == (
        1,
        "tests/sam_local/install.sh: installing docker.io iptables iproute2 needs root: "
        "run make test-sam-local as root\n",
    )


def test_installing_without_apt_fails_and_names_the_packages(tmp_path: Path) -> None:
    assert install_with(tmp_path, id="echo 0", dockerd=":") == (
        1,
        "tests/sam_local/install.sh: no apt-get here: install iptables iproute2 by hand\n",
    )


def test_nothing_is_installed_where_nothing_is_missing(tmp_path: Path) -> None:
    assert install_with(tmp_path, dockerd=":", iptables=":", ip=":") == (0, "")


def test_the_run_fails_for_another_user_than_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(DockerMissing) as failure:
        install_docker()

    assert str(failure.value) == (
        "the Docker part of the tests starts its own daemon and needs root: "
        "run make test-sam-local as root"
    )
