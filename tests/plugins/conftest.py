"""Builds an example plugin for this machine, once for all tests of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from packager.bundle import build_bundle
from packager.errors import FaultCollector
from packager.interpreter import newest_supported
from packager.load import load_plugin
from packager.plan import plan_functions

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A function that gives the bundle of the plugin that is named, with more configuration."""
    interpreter = newest_supported()
    assert interpreter is not None

    @cache
    def build(name: str, configuration: str = "") -> Path:
        faults = FaultCollector()
        overrides = {"runtime": f"python{interpreter.python}"}
        source = tmp_path_factory.mktemp(name) / name
        shutil.copytree(PLUGINS / name, source)
        with (source / "packager.toml").open("a", encoding="utf-8") as file:
            file.write(configuration)
        plugin = load_plugin(source, faults, overrides=overrides)
        assert (plugin is not None, faults.errors) == (True, [])
        assert plugin is not None
        (plan,) = plan_functions([plugin], faults, host=True)
        return build_bundle(plan, source.parent / "out", make_zip=False).folder

    return build


def dify_at(url: str) -> str:
    """The configuration of a plugin whose apps are at another place."""
    return f'\n[dify]\nbase_url = "{url}"\n'
