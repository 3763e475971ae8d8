"""What a cold request imports, to the module: on both entries, for the requests that come most.

What the interpreter itself imports is left out, on the stock entry also what AWS's client does.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packager.bundle.code_archive import HOT
from packager.host.interpreter import Interpreter
from packager.local.request_event import make_event
from tests.support.examples import NEKO, Build
from tests.support.imports import imported, imports_in
from tests.support.loop_process import (
    fast_command,
    interpreters,
    stock_client,
    write_bundle,
)

RUN_HANDLER = Path(__file__).resolve().parents[2] / "packager" / "_in_target" / "run_handler.py"
INTERPRETERS = interpreters()

GET = make_event("GET", "/duck/42")
NOWHERE = make_event("GET", "/nowhere")
POST = make_event("POST", "/echo", (("Content-Type", "application/json"),), b'{"meow": 1}')

# Of the standard library, on every version of Python the same.
STANDARD = {
    *("__future__", "_collections", "_collections_abc", "_operator", "_stat", "collections"),
    *("collections.abc", "genericpath", "itertools", "keyword", "operator", "os", "posixpath"),
    *("reprlib", "stat"),
}
LOOP = {
    *("_json", "_socket", "gc", "endpoint_runtime", "endpoint_runtime.json_codec"),
    *("endpoint_runtime.code_archive", "endpoint_runtime.loop"),
    *("endpoint_runtime.lambda_api.answers", "endpoint_runtime.lambda_api.context"),
    *("endpoint_runtime.lambda_api.left_behind", "endpoint_runtime.lambda_api.runtime_api"),
    "endpoint_runtime.lambda_api.startup",
    *("endpoint_runtime.logs.report", "endpoint_runtime.process"),
}
RUNTIME = {
    "endpoint_runtime." + name
    for name in (
        *("_bundle", "app.application", "app.endpoints", "app.invocation"),
        *("routes.plain_routes", "gateway.environ", "gateway.errors"),
        *("gateway.headers", "gateway.paths"),
        *("gateway.plain_replies", "gateway.replies", "lambda_handler", "logs.report"),
        "settings.group",
    )
}
WERKZEUG = {
    *("werkzeug", "werkzeug._deferred", "werkzeug._internal", "werkzeug.datastructures"),
    *("werkzeug.datastructures.headers", "werkzeug.datastructures.mixins"),
    *("werkzeug.datastructures.structures", "werkzeug.exceptions", "werkzeug.http"),
    *("werkzeug.sansio", "werkzeug.sansio.request", "werkzeug.sansio.response", "werkzeug.utils"),
    *("werkzeug.wrappers", "werkzeug.wrappers.request", "werkzeug.wrappers.response"),
    "werkzeug.wsgi",
}
SDK = {
    *("dify_plugin", "dify_plugin.core", "dify_plugin.core.runtime", "dify_plugin.interfaces"),
    "dify_plugin.interfaces.endpoint",
}
DUCK = {
    *("endpoints", "endpoints.duck"),  # answers with a generator
    *("endpoint_runtime.gateway.bounded_body", "endpoint_runtime.lambda_api.time_limit"),
}
BEFORE_THE_PLUGIN = STANDARD | LOOP | RUNTIME | WERKZEUG
# Of the standard library, from Python 3.14 on: the interpreter starts without these, and its `hmac`
# with less.
NEWER = {"_abc", "abc", "errno", "io"}
OLDER_HMAC = {"_blake2", "hashlib", "warnings"}
# The endpoint imports `hmac` and `json`.
ECHO = {
    *("endpoints", "endpoints.cors", "endpoints.echo"),
    *("hmac", "_blake2", "_hashlib", "hashlib", "warnings"),
    "re",  # waits: what it imports is not here
    *("json", "json.decoder", "json.encoder", "json.scanner", "endpoint_runtime.light_library"),
}


def bare(*command: object) -> set[str]:
    done = subprocess.run(
        [*map(str, command)], env={"PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, check=True
    )
    return imports_in(done.stderr.decode())


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=lambda i: i.python)
@pytest.mark.parametrize(
    ("sent", "status", "modules"),
    [
        (GET, 200, BEFORE_THE_PLUGIN | SDK | DUCK),
        (NOWHERE, 404, BEFORE_THE_PLUGIN),
        (POST, 200, BEFORE_THE_PLUGIN | SDK | ECHO),
    ],
    ids=["GET", "404", "POST"],
)
def test_on_the_fast_entry(
    build: Build, interpreter: Interpreter, sent: object, status: int, modules: set[str]
) -> None:
    bundle = build(NEKO, interpreter.python) / "NekoFunction"
    started = bare(interpreter.path, "-S", "-c", "")

    found, answered = imported(fast_command(bundle, interpreter.path), bundle, sent)

    if interpreter.version >= (3, 14):
        modules = (modules - OLDER_HMAC) | NEWER | ({"_hmac"} if "hmac" in modules else set())
    assert (sorted(found - started), answered) == (sorted(modules), status)


def test_the_archive_of_code_holds_what_every_request_imports() -> None:
    tops = {"endpoint_runtime", "endpoint_runtime.code_archive", "werkzeug", "dify_plugin"}
    modules = BEFORE_THE_PLUGIN | SDK | DUCK | {"endpoint_runtime.logs.single_handler"}
    ours = {name for name in modules if name.split(".")[0] in tops}
    assert ours - tops == HOT


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=lambda i: i.python)
def test_on_the_stock_entry(build: Build, interpreter: Interpreter, tmp_path: Path) -> None:
    bundle = build(NEKO, interpreter.python) / "NekoFunction"
    nothing = "def handler(event, context):\n    return {'statusCode': 204}\n"
    command = [interpreter.path, "-S", RUN_HANDLER, stock_client(interpreter)]
    started, _ = imported(command, write_bundle(tmp_path / "bare", nothing), GET)

    found, answered = imported(command, bundle, GET)

    # The client imports the handler's module by importlib, which the interpreter doesn't time.
    modules = (BEFORE_THE_PLUGIN - LOOP) | SDK | DUCK
    modules.remove("endpoint_runtime.lambda_handler")
    modules |= {"endpoint_runtime.lambda_api.left_behind"}
    modules |= {"endpoint_runtime.process", "endpoint_runtime.logs.report"}
    modules |= {"endpoint_runtime.logs.single_handler"}  # it has `logging`
    assert (sorted(found - started), answered) == (sorted(modules - started), 200)
    assert started & (WERKZEUG | SDK) == set()
