"""A plugin to build, and an index of packages made here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packager.errors import Place
from packager.model.options import Options
from packager.plugin.functions import FunctionPlan
from tests.support.packages.installs import only_index
from tests.support.packages.wheels import make_wheel
from tests.support.plugins import make_group, make_plugin

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
Plan = Callable[..., FunctionPlan]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of packages made here, and a cache of its own."""
    folder = only_index(tmp_path, monkeypatch)
    make_wheel(folder, "werkzeug", "3.1.0", files={"werkzeug/__init__.py": "x = 1\n"})
    make_wheel(folder, "httpx", "1.0")
    return folder


@pytest.fixture
def plan(tmp_path: Path, index: Path) -> Plan:
    """What makes the plan of a plugin's function."""

    def make(
        files: dict[str, str] | None = None, *, host: bool = False, **options: Any
    ) -> FunctionPlan:
        root = tmp_path / "neko"
        written = {"manifest.yaml": "", "endpoints/duck.py": "import httpx\n"} | (files or {})
        for name, text in written.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        group = make_group("neko", "endpoints/duck.py", Place("neko/x"))
        # The werkzeug that these tests install is none of the releases.
        chosen = Options(runtime=f"python{THIS}", **({"diet": False} | options))
        plugin = make_plugin(root, {"neko": chosen}, group)
        return FunctionPlan(plugin, group, "NekoFunction", chosen, host)

    return make
