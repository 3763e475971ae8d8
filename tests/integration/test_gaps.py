"""A package that leans on what the SDK would have installed works in a function as in Dify."""

from __future__ import annotations

from pathlib import Path

from packager.host.interpreter import Interpreter
from tests.support.examples import Command
from tests.support.packages.wheels import make_wheel
from tests.support.plugin_writer import write_plugin

ENDPOINT = """\
from dify_plugin import Endpoint
from leaning.client import version
from werkzeug import Response

class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return Response(version)
"""
FREE = """\
settings: []
endpoints:
  - endpoints/duck.yaml
"""


def test_a_dependency_that_leans_on_requests(
    command: Command, tmp_path: Path, interpreter: Interpreter
) -> None:
    files = {
        "leaning/__init__.py": "",
        "leaning/client.py": "import requests.adapters\nversion = requests.__version__\n",
    }
    wheel = make_wheel(tmp_path, "leaning", "1.0", files=files)
    plugin = write_plugin(
        tmp_path / "plugin",
        {
            "endpoints/duck.py": ENDPOINT,
            "group/tiny.yaml": FREE,
            "requirements.txt": f"dify_plugin==0.2.4\n./{wheel.name}\n",
            wheel.name: wheel.read_bytes(),
        },
    )

    done = command("invoke", plugin, "--runtime", interpreter.python, "--request", "GET /duck/1")

    assert (done.returncode, done.stdout[:2]) == (0, b"2."), done.stderr.decode()
    assert b"adding requests: leaning 1.0 imports requests" in done.stderr
