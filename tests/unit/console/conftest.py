from __future__ import annotations

from collections.abc import Iterator

import pytest

from packager.console.app import make_app
from tests.support.console_server import ConsoleServer, serving
from tests.support.fake_workbench import FakeWorkbench, workbench_of


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> FakeWorkbench:
    """Managed copies of two examples; their endpoints last as long as the module's tests."""
    events = """
[[events]]
source = "sqs"
path = "/"
endpoint = "Main"
[[events]]
source = "schedule"
path = "/"
endpoint = "Main"
expression = "rate(1 hour)"
[[events]]
source = "any"
path = "/"
endpoint = "Main"
[apps]
assistant = { env = "ASSISTANT_KEY" }
"""
    folder = tmp_path_factory.mktemp("plugins")
    return workbench_of(folder, "neko", "slack_bot", "github_webhook", slack_bot=events)


@pytest.fixture(scope="module")
def console(workbench: FakeWorkbench) -> Iterator[ConsoleServer]:
    """A console of that workbench."""
    with serving(make_app(workbench)) as server:
        yield server
