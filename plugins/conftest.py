"""What a plugin's tests share: its root on the path, and `call`, which sends a request.

`packager init` puts this file into a new plugin's `tests`. It needs pytest and what the plugin
requires; without `dify_plugin` installed it takes that of packager.
"""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
if importlib.util.find_spec("dify_plugin") is None:
    from packager.contract import template_folder

    sys.path.append(str(template_folder()))


class Storage(dict):
    """What session.storage is, in memory."""

    def exist(self, key):
        return key in self

    def get(self, key):
        return self[key]

    def set(self, key, value):
        self[key] = value

    def delete(self, key):
        del self[key]


class Chat:
    """An app that says what it was asked."""

    def invoke(self, app_id, query, inputs, response_mode="streaming", conversation_id="", **more):
        answer = {"event": "message", "answer": f"You said: {query}", "conversation_id": "c1"}
        return iter([answer]) if response_mode == "streaming" else answer


@pytest.fixture
def session():
    """What endpoints have as self.session: storage in memory, and an app that repeats."""
    return SimpleNamespace(storage=Storage(), app=SimpleNamespace(chat=Chat()))


@pytest.fixture
def call(session):
    """Send a request to an endpoint: call("endpoints/x.py", "POST /x", json={}, settings={})."""
    from werkzeug.test import EnvironBuilder
    from werkzeug.wrappers import Request

    from dify_plugin import Endpoint

    def call(source, line, *, settings=None, values=None, **request):
        method, _, path = line.partition(" ")
        spec = importlib.util.spec_from_file_location(Path(source).stem, ROOT / source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        [kind] = {
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, Endpoint) and each is not Endpoint
        }
        environ = EnvironBuilder(path, method=method, **request).get_environ()
        return kind(session).invoke(Request(environ), values or {}, settings or {})

    return call
