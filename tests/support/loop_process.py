"""Runs a handler in a process of its own, under the fast entry or under the stock client."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter, find_interpreter
from packager.local.stock_client import client_folder
from tests.support.sources import copy_sources

TEMPLATE = Path(__file__).resolve().parents[2] / "handler_template"


def interpreters() -> list[Interpreter]:
    """One interpreter for each supported minor version that this machine has."""
    found = [find_interpreter(python) for python in SUPPORTED_PYTHONS]
    return [interpreter for interpreter in found if interpreter is not None]


@cache
def stock_client(interpreter: Interpreter) -> Path:
    """The folder that holds the stock client for this interpreter."""
    return client_folder(interpreter)


def write_bundle(folder: Path, handler: str) -> Path:
    """The fast entry and `handler` as the source of `endpoint_runtime.lambda_handler`."""
    copy_sources(TEMPLATE, folder, "dify_plugin")
    (folder / "endpoint_runtime" / "lambda_handler.py").write_text(handler, encoding="utf-8")
    return folder


def environment(address: str, **changes: str) -> dict[str, str]:
    """What Lambda sets, over nothing of this process but PATH and HOME."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "LANG": "C.UTF-8",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/test",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "PYTHONDONTWRITEBYTECODE": "1",
        **changes,
    }


def start(
    command: list[str], bundle: Path, env: Mapping[str, str], *, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=bundle,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
    )


def fast_command(bundle: Path, interpreter: Path) -> list[str]:
    """As the managed runtime calls $AWS_LAMBDA_EXEC_WRAPPER."""
    return [str(bundle / "start_fast"), str(interpreter), "/var/runtime/bootstrap.py"]


def stock_command(interpreter: Path, handler: str) -> list[str]:
    return [str(interpreter), "-m", "awslambdaric", handler]
