"""Plugins served by either entry, and the lines that they leave in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    bundle = write(tmp_path, endpoints, **(literals or {}))
    return serve_bundle(bundle, entry, endpoints, framed=framed, **env)


def write(folder: Path, endpoints: Mapping[str, str], **literals: Any) -> Path:
    """A bundle of `endpoints`, for `serve_bundle`."""
    sources = {name: f"{source}\nreturn Response('done')" for name, source in endpoints.items()}
    return fast_bundle.write(folder, sources, **{"STREAM": False, **literals})


def serve_bundle(
    bundle: Path, entry: str, endpoints: Iterable[str], *, framed: bool = False, **env: str
) -> dict[str, Any]:
    """The same of a bundle that was written before, which serves as often as one likes."""
    names = tuple(endpoints)
    steps = [request(name, f"id-{name}") for name in names]
    if entry == "fast":
        command = fast_command(bundle, INTERPRETER.path)
    else:
        command = stock_command(INTERPRETER.path, "endpoint_runtime.lambda_handler.handler")
        env["PYTHONPATH"] = f"{bundle}:{stock_client(INTERPRETER)}"
    seen = session(command, bundle, steps, framed=framed, **env)
    assert [post[-1]["statusCode"] for post in seen["posts"]] == [200] * len(names), seen
    return seen


def lines(seen: dict[str, Any]) -> list[str]:
    """The lines that plugins left, on whatever stream."""
    log = (seen["out"] + seen["err"]).splitlines()
    return [line for line in log if " 200 " not in line and line != "PRINTED"]
