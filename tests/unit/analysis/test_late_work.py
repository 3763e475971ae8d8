from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import write_plugin

SOURCE = """
import json, threading
from concurrent.futures import ThreadPoolExecutor
from dify_plugin import Endpoint
from werkzeug import Response
import helper


class E(Endpoint):
    def _invoke(self, r, values, settings):
        response = Response(iter(()), content_type="Text/Event-Stream; charset=utf-8")
        response.call_on_close(print)
        self.session._executor.submit(print)
        return response
"""
HELPER = "import threading\n\nthreading.Thread(target=print)\n"
EVENTS = (
    "warning: endpoints/duck.py:11: this function's replies are buffered: its events arrive all "
    "together, at the end"
)
BEFORE = "before the reply: the stock entry freezes with it"
LATE = [
    f"warning: endpoints/duck.py:2: threads are finished {BEFORE}",
    f"warning: endpoints/duck.py:3: executors are finished {BEFORE}",
    f"warning: endpoints/duck.py:13: what is given to _executor is finished {BEFORE}",
    f"warning: endpoints/duck.py:12: callbacks of call_on_close are called {BEFORE}",
]
LATE_ELSEWHERE = [f"warning: helper.py:1: threads are finished {BEFORE}"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", [EVENTS]),
        ('stream = true\napi = "url"\n', []),
        ('entry = "stock"\n', [*LATE, EVENTS, *LATE_ELSEWHERE]),
        ('adapter = "mangum"\n', [*LATE, EVENTS, *LATE_ELSEWHERE]),
    ],
)
def test_what_comes_later_than_it_seems_is_said(
    tmp_path: Path, options: str, expected: list[str]
) -> None:
    write_plugin(
        tmp_path,
        {
            "endpoints/duck.py": SOURCE,
            "helper.py": HELPER,
            "unused.py": HELPER,
            "packager.toml": options,
        },
    )
    diagnostics = Diagnostics()

    load_plugin(tmp_path, diagnostics, display=".")

    said = [
        f"{diagnostic.level}: {str(diagnostic.place).removeprefix('./')}: {diagnostic.message}"
        for diagnostic in diagnostics.all
    ]
    assert said == expected
