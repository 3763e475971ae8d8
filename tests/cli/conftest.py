"""Runs the command as a shell would, in this process."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packager.cli.main import main
from packager.settings.aws import Aws
from tests.support.aws.moto_server import MotoServer


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `packager` with arguments and, perhaps, what stdin holds."""

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main.main([str(each) for each in arguments], prog_name="packager")
        stdout, stderr = capfdbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, stdout.decode(), stderr.decode())

    return run


@pytest.fixture(scope="module")
def clients(moto_plain: MotoServer) -> Callable[..., Aws]:
    """Gives this process's clients of AWS again: to make them takes longer than what they do."""
    return functools.cache(lambda profile, region: Aws(profile, region))


@pytest.fixture
def moto(moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MotoServer:
    """moto, and this process pointed at it."""
    nothing = str(tmp_path / "nothing")  # no credentials of whoever runs the tests
    files = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
    for name, value in (moto_plain.environment | files).items():
        monkeypatch.setenv(name, value)
    return moto_plain
