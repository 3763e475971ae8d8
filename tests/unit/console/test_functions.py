"""The pages of plugins and functions: what they are, how their builds stand, their cold starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packager.errors import Diagnostic, Place
from packager.serve.state import EnvironmentCounts
from tests.support.console_events import events
from tests.support.console_server import ConsoleServer
from tests.support.fake_workbench import FakeWorkbench


def test_plugins(console: ConsoleServer) -> None:
    page = console.get("/").text
    for each in ("Neko", "A cat on the web", "neko 0.1.0", "NekoFunction", "ready", "3.0 MB"):
        assert each in page
    assert "Slack Bot" in page
    page = console.get("/", **{"Accept-Language": "zh-TW, zh;q=0.8"}).text
    assert "接收代码仓库的 Webhook" in page


def test_icons_are_pictures_and_nothing_else(
    console: ConsoleServer, workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    icon = console.get("/functions/NekoFunction/icon")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert "sandbox" in icon.headers["content-security-policy"]
    assert "script-src" not in icon.headers["content-security-policy"]
    served = workbench.functions[0]
    for name in ("../packager.toml", "icon.html", "/etc/passwd", "nothing.svg", "../../x.svg"):
        plugin = replace(served.plugin, icon=name)
        with monkeypatch.context() as patch:
            patch.setattr(served, "plan", replace(served.plan, plugin=plugin))
            assert console.get("/functions/NekoFunction/icon").status == 404
            assert "/functions/NekoFunction/icon" not in console.get("/").text


def test_faults_of_a_build(
    console: ConsoleServer, workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = workbench.functions[0]
    fault = Diagnostic("invalid-python", "invalid <syntax>", Place("a.py", 3, 7), hint="mend it")
    with events(console, "/changes") as told:
        assert set(next(told)["html"]) == {each.id for each in workbench.functions}
        monkeypatch.setattr(served, "state", "failed")
        monkeypatch.setattr(served, "diagnostics", (fault,))
        monkeypatch.setattr(served, "environments", EnvironmentCounts(idle=1, busy=2, waiting=3))
        page = console.get("/functions/NekoFunction").text
    for each in (
        "failed",
        "a.py:3:7",
        "invalid &lt;syntax&gt;",
        "mend it",
        "stays in use",
    ):
        assert each in page
    assert "3 environments, 2 busy" in page
    assert "3 requests waiting" in page


def test_cold_starts(console: ConsoleServer) -> None:
    path = "/functions/NekoFunction/profile"
    assert "iframe" not in console.get(path).text
    assert console.get(path + "/page").status == 404
    made = console.post(path)
    assert made.headers["location"] == "/_console" + path
    assert '<iframe class="profile"' in console.get(path).text
    page = console.get(path + "/page")
    assert "cold start of NekoFunction" in page.text
    assert "sandbox allow-scripts" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_function_with_one_endpoint(
    console: ConsoleServer, workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = workbench.functions[0]
    single = replace(served.plan.options, endpoints="single")
    monkeypatch.setattr(served, "plan", replace(served.plan, options=single))
    monkeypatch.setattr(served, "store", None)
    page = console.get("/functions/NekoFunction/endpoints").text
    assert "http://127.0.0.1:3000/duck/&lt;app_id&gt;" in page
    assert "endpoints = &#34;managed&#34;" in page or 'endpoints = "managed"' in page
    form = console.get("/functions/NekoFunction/try").text
    assert 'name="endpoint"' not in form
    reply = console.post(
        "/functions/NekoFunction/try", interface="2", page="/functions/NekoFunction/try"
    )
    assert reply.status == 303
    assert workbench.sent[-1].target == "/neko"


def test_everything_of_a_page_is_its_own(console: ConsoleServer) -> None:
    for path in ("/", "/requests", "/functions/NekoFunction/endpoints/new"):
        page = console.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " on" + "click" not in page
    for name, kind in (
        ("console.css", "text/css"),
        ("console.js", "javascript"),
        ("mark.svg", "svg"),
    ):
        asset = console.get(f"/static/{name}")
        assert (asset.status, kind in asset.headers["content-type"]) == (200, True)
        assert "http" not in asset.text.replace("http://www.w3.org/2000/svg", "")
    assert console.get("/static/../app.py").status == 404


def test_the_start(console: ConsoleServer) -> None:
    assert console.ask("GET", "/").headers["location"] == "/_console/"
    assert console.get("/nothing").status == 404
