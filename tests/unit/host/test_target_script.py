"""Scripts that read files with the target's interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packager.contract import template_folder
from packager.errors import PackagerError
from packager.host import target_script
from packager.host.target_script import ask_script

HERE = Path(sys.executable)
HINT = "is this interpreter sound? choose another runtime to leave it out"


def ask(interpreter: Path, script: str = "sdk_names.py") -> object:
    asked = [["dify_plugin", "Endpoint"], ["dify_plugin", "Nothing"]]
    return ask_script(interpreter, script, asked, str(template_folder()), about="dify_plugin")


def test_an_answer() -> None:
    assert ask(HERE) == [["dify_plugin", "Nothing"]]


def test_an_interpreter_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\necho first >&2\necho 'no library' >&2\nexit 3\n")
    failing.chmod(0o755)
    with pytest.raises(PackagerError) as caught:
        ask(failing)
    assert (str(caught.value), caught.value.hint) == (
        f"{failing} could not read dify_plugin: no library",
        HINT,
    )
    with pytest.raises(PackagerError, match=r"/false could not read dify_plugin: 1$"):
        ask(Path("/bin/false"))
    with pytest.raises(PackagerError, match=r"could not read dify_plugin: .*No such file"):
        ask(tmp_path / "gone")

    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(target_script, "TIME_LIMIT", 0.1)
    with pytest.raises(PackagerError, match=r"could not read dify_plugin: .* timed out after 0\.1"):
        ask(slow)
