"""`preload` names what the bundle or the standard library has; nothing is imported to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.bundle.preload import check_preload
from packager.errors import Diagnostic, Diagnostics, Place
from packager.host.interpreter import newest_supported
from packager.model.deferred import DeferredRoute, WorkerOptions
from packager.model.options import Options

PLUGIN = ("manifest.yaml", "main.py", "shop/stock.py", "shop/__init__.py", "deep/er/a-b.py")


@pytest.fixture
def packages(tmp_path: Path) -> tuple[Path, ...]:
    for name in ("httpx/__init__.py", "httpx/api.py", "spaces/inner/x.py", "single.py"):
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "packages/orjson").mkdir()
    (tmp_path / "packages/orjson/orjson.cpython-313-x86_64-linux-gnu.so").touch()
    (tmp_path / "packages/_fast.abi3.so").touch()
    (tmp_path / "template/dify_plugin").mkdir(parents=True)
    (tmp_path / "template/dify_plugin/__init__.py").touch()
    return tmp_path / "packages", tmp_path / "template"


def faults_of(packages: tuple[Path, ...], *names: str) -> list[Diagnostic]:
    interpreter = newest_supported()
    assert interpreter is not None
    places = {f"preload.{index}": Place("p/packager.toml", 1, index + 1) for index in range(9)}
    diagnostics = Diagnostics()
    options = Options(preload=names, places=places)
    check_preload(options, interpreter, PLUGIN, packages, diagnostics)
    return diagnostics.all


@pytest.mark.parametrize(
    "name",
    [
        *("main", "shop", "shop.stock", "deep", "deep.er", "deep.er.a-b"),
        *("httpx", "httpx.api", "spaces", "spaces.inner", "spaces.inner.x", "single"),
        *("orjson", "orjson.orjson", "_fast", "dify_plugin"),
        *("json", "json.decoder", "urllib.request", "sys", "os.path", "importlib.util", "_socket"),
        *("xml.etree.ElementTree", "concurrent.futures.thread"),
    ],
)
def test_what_is_there(packages: tuple[Path, ...], name: str) -> None:
    assert faults_of(packages, name) == []


@pytest.mark.parametrize(
    "name",
    ["manifest", "stock", "shop.sold", "httpx.client", "urllib.quests", "nothing", "site-packages"],
)
def test_what_is_not(packages: tuple[Path, ...], name: str) -> None:
    assert faults_of(packages, "json", name) == [
        Diagnostic(
            "missing-module",
            f"there is no module {name} in the plugin, its dependencies or the standard library",
            Place("p/packager.toml", 1, 2),
            "preload",
            "a file of the plugin's is named as it is imported: "
            f"{name.replace('.', '/')}.py is {name}",
        )
    ]


def test_a_module_of_the_received_clock(packages: tuple[Path, ...]) -> None:
    interpreter = newest_supported()
    assert interpreter is not None
    diagnostics = Diagnostics()
    options = Options(
        deferred=(DeferredRoute(path="/"),),
        worker=WorkerOptions(received_clock=("httpx.api", "slack_sdk.signature")),
        places={"worker.received_clock.1": Place("p/packager.toml", 3, 5)},
    )
    check_preload(options, interpreter, PLUGIN, packages, diagnostics)
    assert [(each.code, each.key, str(each.place)) for each in diagnostics.all] == [
        ("missing-module", "worker.received_clock", "p/packager.toml:3:5")
    ]
