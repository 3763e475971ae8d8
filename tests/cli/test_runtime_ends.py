from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from packager.sam.checks import template
from tests.cli.conftest import Run
from tests.support.built_faults import compare
from tests.support.plugin_writer import write_plugin

CONFIGURATION = 'runtime = "python3.11"\n\n[settings]\napi_key = { ssm = "/tiny/api_key" }\n'


def test_a_runtime_that_soon_ends_is_warned_of(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refresh: bool
) -> None:
    class Then(date):
        @classmethod
        def today(cls) -> Then:
            return cls(2027, 5, 1)

    monkeypatch.setattr(template, "date", Then)
    write_plugin(tmp_path / "tiny", {"packager.toml": CONFIGURATION})
    monkeypatch.chdir(tmp_path)

    done = run("check", "tiny")

    compare("runtime-ends", f"{done.stderr}{done.stdout}exit code {done.code}\n", refresh=refresh)
