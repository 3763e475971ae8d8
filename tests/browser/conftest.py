"""A browser for a module's tests, and pages in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.axe import axe_script
from tests.support.browser import ARGUMENTS, NoBrowser, find_browser
from tests.support.busy_plugin import FILES as BUSY
from tests.support.console_server import ConsoleServer
from tests.support.examples import ROOT
from tests.support.plugin_writer import write_plugin
from tests.support.recorder import Recorder, recording
from tests.support.served import Served, served

WAIT = 20_000  # ms, on a busy machine
expect.set_options(timeout=WAIT)


def unless_in_ci(reason: NoBrowser) -> None:
    """Skip a test that has no browser; in CI there has to be one."""
    if os.environ.get("CI"):
        raise reason
    pytest.skip(f"no browser: {reason}")


# For a module alone: where Playwright runs its thread has an event loop, and others need theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        found = find_browser()
    except NoBrowser as reason:
        unless_in_ci(reason)
        raise
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(found.program),
            args=list(ARGUMENTS),
            env={**os.environ, **found.variables},
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real thing: two examples and a plugin that streams, endpoints made while they run."""
    busy = write_plugin(tmp_path_factory.mktemp("busy") / "busy", BUSY)
    plugins = (ROOT / "plugins/neko", ROOT / "plugins/slack_bot", busy)
    with served(*plugins, "--managed", "--fake-dify", "--no-reload") as running:
        yield running


@pytest.fixture(scope="module")
def recorder(server: Served) -> Iterator[Recorder]:
    """Stands before the console, and keeps all that it answers."""
    line = server.wait_for_line("Console: ")
    with recording(int(re.findall(r":(\d+)/", line)[0])) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def console(recorder: Recorder) -> ConsoleServer:
    return ConsoleServer(recorder.port)


@pytest.fixture(scope="module")
def axe() -> str:
    try:
        return axe_script()
    except NoBrowser as reason:
        unless_in_ci(reason)
        raise


@dataclass
class Visit:
    """A page, and what its scripts complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


def said(visit: Visit, message: ConsoleMessage) -> None:
    if message.type == "error":
        visit.complaints.append(message.text)


@pytest.fixture
def visits(browser: Browser) -> Iterator[Any]:
    """Makes pages: in a phone's width, without scripts, as options of a context say."""
    contexts = []

    def visit(**options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        made = Visit(context.new_page())
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on(
            "console",
            lambda message: (
                made.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        return made

    yield visit
    for each in contexts:
        each.close()
