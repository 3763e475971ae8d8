"""Plugins served by either entry, and the lines that they leave in the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import fast_bundle
from tests.support.fast_bundle import request
from tests.support.loop_process import fast_command, interpreters, stock_client, stock_command
from tests.support.runtime.loop_session import session

INTERPRETER = interpreters()[-1]


def serve(
    tmp_path: Path,
    entry: str,
    endpoints: Mapping[str, str],
    *,
    framed: bool = False,
    literals: Mapping[str, Any] | None = None,
    **env: str,
) -> dict[str, Any]:
    """What the API and the log see of requests to each of `endpoints`, in turn."""
    sources = {name: f"{source}\nreturn Response('done')" for name, source in endpoints.items()}
    bundle = fast_bundle.write(tmp_path, sources, **{"STREAM": False, **(literals or {})})
    steps = [request(name, f"id-{name}") for name in endpoints]
    if entry == "fast":
        command = fast_command(bundle, INTERPRETER.path)
    else:
        command = stock_command(INTERPRETER.path, "endpoint_runtime.lambda_handler.handler")
        env["PYTHONPATH"] = f"{bundle}:{stock_client(INTERPRETER)}"
    seen = session(command, bundle, steps, framed=framed, **env)
    assert [post[-1]["statusCode"] for post in seen["posts"]] == [200] * len(endpoints), seen
    return seen


def lines(seen: dict[str, Any]) -> list[str]:
    """The lines that plugins left, on whatever stream."""
    log = (seen["out"] + seen["err"]).splitlines()
    return [line for line in log if " 200 " not in line and line != "PRINTED"]
