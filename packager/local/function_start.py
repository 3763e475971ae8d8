"""How a function's process is started: its Python, its command, its environment, as on Lambda."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from packager.bundle.read import BuiltBundle
from packager.contract import PROGRAM, WRAPPER_VARIABLE
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter, find_interpreter
from packager.host.target_script import IN_TARGET

RUN_HANDLER = IN_TARGET / "run_handler.py"
REGION = "us-east-1"
MEMORY = 512  # MiB; a bundle does not say, and nothing here enforces it
_BOOTSTRAP = "/var/runtime/bootstrap.py"  # what managed Python runtimes run, and wrappers are told
_BASICS = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


def function_command(
    bundle: BuiltBundle, interpreter: Interpreter, client: Path | None
) -> list[str]:
    """Return what starts a function: the fast entry, called as Lambda calls a wrapper, or `client`,
    the folder of AWS's runtime client."""
    if client is None:
        return [str(bundle.folder / PROGRAM), str(interpreter.path), _BOOTSTRAP]
    return [str(interpreter.path), "-S", "-s", "-P", "-B", str(RUN_HANDLER), str(client)]


def function_environment(
    bundle: BuiltBundle, env: Mapping[str, str], address: str, client: Path | None
) -> dict[str, str]:
    """Return the environment of a function's process, as AWS's page "Defined runtime environment
    variables" lists it; `env` may change what Lambda lets a function's configuration change.

    Without `client` it is that of the fast entry. There is no LAMBDA_RUNTIME_DIR then: no managed
    runtime is here, whose packages the function could import.
    """
    basics = {name: os.environ[name] for name in _BASICS if name in os.environ}
    usual = {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
    reserved = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{bundle.python}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY),
        "AWS_LAMBDA_FUNCTION_NAME": bundle.function,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(bundle.timeout),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{bundle.function}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "packager",
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(bundle.folder),
        "_HANDLER": bundle.handler,
    }
    if client is None:
        reserved[WRAPPER_VARIABLE] = str(bundle.folder / PROGRAM)
        reserved["PYTHONDONTWRITEBYTECODE"] = "1"  # a bundle can't be written to on Lambda
    else:
        reserved["LAMBDA_RUNTIME_DIR"] = str(client)
    return basics | usual | dict(env) | reserved


def interpreter_for(bundle: BuiltBundle) -> Interpreter:
    """Return the Python that the bundle is for; raise `PackagerError` if this machine has none."""
    interpreter = find_interpreter(bundle.python)
    if interpreter is None:
        raise PackagerError(
            f"Python {bundle.python} is needed to run {bundle.function}, and none was found on "
            "this machine",
            hint=f"install it (`uv python install {bundle.python}`), or invoke the plugin itself "
            "with another --runtime",
        )
    return interpreter
