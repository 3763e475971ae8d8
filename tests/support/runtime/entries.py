"""A bundle served by either entry until there is no more to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from packager.host.interpreter import find_interpreter
from tests.support import fast_bundle
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment, start, stock_client, stock_command

HANDLER = "endpoint_runtime.lambda_handler.handler"


def serve(folder: Path, server: RuntimeServer, kind: str) -> str:
    """Serve until the server has no more; the log."""
    if kind != "stock":
        return fast_bundle.run(folder, server)
    interpreter = find_interpreter("{}.{}".format(*sys.version_info))
    assert interpreter is not None
    variables = environment(server.address, PYTHONPATH=f"{folder}:{stock_client(interpreter)}")
    process = start(stock_command(interpreter.path, HANDLER), folder, variables)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return (out + err).decode()


def body_of(server: RuntimeServer, request_id: str) -> str:
    """What the caller of an invocation got, which was answered once."""
    call = f"POST invocation/{request_id}/response"
    (found,) = [each for each in server.requests if each.call == call]
    if found.streamed is not None:
        return bytes(found.streamed.body).decode()
    return str(json.loads(found.body)["body"])
