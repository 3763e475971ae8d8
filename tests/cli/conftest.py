"""Runs the command as a shell would, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from packager.cli.main import main


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
