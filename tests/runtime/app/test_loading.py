"""Sources as Dify loads them: names, packages, the one class."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.endpoints import EndpointError, load_endpoint
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import endpoint, url

MakeApplication = Callable[..., Application]
SOURCE = endpoint("return Response(__name__)")


@pytest.fixture
def load(make_application: MakeApplication) -> Callable[..., str]:
    """`load(source, files)`: what the endpoint's `_invoke` returns, run through an application."""

    def run(source: str, files: Mapping[str, str]) -> str:
        application = make_application(files, ROUTES=(("/", "GET", source),))
        reply = answer_event(application, url(path="/"), None)
        assert reply["statusCode"] == 200
        body: str = reply["body"]
        return body

    return run


Load = Callable[..., str]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("hook.py", "hook"),
        ("endpoints/hook.py", "endpoints.hook"),
        ("./endpoints/hook.py", "endpoints.hook"),
        ("endpoints/whatsapp-bot.py", "endpoints.whatsapp-bot"),
        ("endpoints/2 hooks.py", "endpoints.2 hooks"),
        ("endpoints/my.hook.py", "endpoints.my%2Ehook"),
        ("v1.0/hook.py", "plugin:v1%2E0/hook"),
        ("token.py", "plugin:token"),  # the standard library's is loaded
        ("http/hook.py", "plugin:http/hook"),  # and hides a folder without __init__.py
    ],
)
def test_names(load: Load, source: str, name: str) -> None:
    assert load(source, {source: SOURCE}) == name


def test_a_regular_package(load: Load) -> None:
    files = {"endpoints/__init__.py": "VALUE = 1", "endpoints/hook.py": SOURCE}

    assert load("endpoints/hook.py", files) == "endpoints.hook"


@pytest.mark.parametrize("source", ["pkg/sub/hook.py", "pkg/sub/my.hook.py"])
def test_imports_of_siblings(load: Load, source: str) -> None:
    text = (
        "from .near import NEAR\nfrom ..up import UP\nfrom utils.crypto import ROOT\n"
        + endpoint("return Response(NEAR + UP + ROOT)")
    )
    files = {
        source: text,
        "pkg/sub/near.py": "NEAR = 'near '",
        "pkg/up.py": "UP = 'up '",
        "utils/crypto.py": "ROOT = 'root'",
    }

    assert load(source, files) == "near up root"


def test_main_is_never_imported(load: Load) -> None:
    files = {"main.py": "raise SystemExit('main.py was imported')", "hook.py": SOURCE}

    assert load("hook.py", files) == "hook"


def test_one_class_under_several_names_and_an_imported_one(load: Load) -> None:
    assert load("hook.py", {"hook.py": SOURCE + "\nAlias = E\n"}) == "hook"
    files = {"real.py": SOURCE, "thin.py": "from real import E\nfrom dify_plugin import Endpoint\n"}
    assert load("thin.py", files) == "real"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("from dify_plugin import Endpoint\n", "h.py has no subclass of dify_plugin.Endpoint"),
        (
            SOURCE + "\nclass F(Endpoint): pass\n",
            "h.py has several subclasses of dify_plugin.Endpoint: E, F",
        ),
    ],
)
def test_no_class_or_several(make_application: MakeApplication, text: str, message: str) -> None:
    root = make_application({"h.py": text}).root

    with pytest.raises(EndpointError) as caught:
        load_endpoint(root, "h.py")

    assert str(caught.value) == message


def test_a_failed_import_is_logged_and_tried_again(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "import os, flaky\n" + SOURCE
    application = make_application({"h.py": text}, ROUTES=(("/", "GET", "h.py"),))

    first = answer_event(application, url(path="/"), None)["statusCode"]
    log = capsys.readouterr().err
    (Path(application.root) / "flaky.py").write_text("")
    sys.path_importer_cache.clear()
    second = answer_event(application, url(path="/"), None)["statusCode"]

    assert (first, second) == (500, 200)
    assert "h.py can't be loaded" in log
    assert "ModuleNotFoundError: No module named 'flaky'" in log


def test_a_module_is_loaded_once_by_many_threads(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = "import time\ntime.sleep(0.05)\nprint('loaded')\n" + SOURCE
    application = make_application(
        {"a.py": slow, "b.c.py": slow}, ROUTES=(("/a", "GET", "a.py"), ("/b", "GET", "b.c.py"))
    )
    paths = ["/a", "/b"] * 4
    threads = [
        threading.Thread(target=answer_event, args=(application, url(path=path), None))
        for path in paths
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert capsys.readouterr().out == "loaded\nloaded\n"


def test_an_endpoint_without_invoke_fails_clearly(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from dify_plugin import Endpoint\nclass E(Endpoint): pass\n"
    application = make_application({"h.py": text}, ROUTES=(("/", "GET", "h.py"),))

    assert answer_event(application, url(path="/"), None)["statusCode"] == 500
    assert "Can't instantiate abstract class E" in capsys.readouterr().err
