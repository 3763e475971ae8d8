"""What a function imports until it has answered, as the interpreter itself says."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.support.hostile_api import RuntimeServer, event
from tests.support.loop_process import environment

HANDLER = "endpoint_runtime.lambda_handler.handler"


def imported(
    command: Sequence[object], folder: Path, sent: object, **variables: str
) -> tuple[set[str], int]:
    """The modules imported up to the reply, and the reply's status."""
    replied, over = threading.Event(), threading.Event()

    def hold(connection: object) -> bool:
        replied.set()
        return over.wait(30)

    with RuntimeServer([event(json.dumps(sent).encode())], posts=[hold]) as server:
        env = environment(server.address, PYTHONPROFILEIMPORTTIME="1", _HANDLER=HANDLER)
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env=env | {"LAMBDA_TASK_ROOT": str(folder)} | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            assert replied.wait(30)
        finally:
            process.kill()
            over.set()
            _, err = process.communicate()
    (reply,) = [request.body for request in server.requests if request.method == "POST"]
    return imports_in(err.decode()), json.loads(reply)["statusCode"]


def imports_in(log: str) -> set[str]:
    """Return what -X importtime wrote of."""
    found = set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", log, re.M))
    assert found
    return found
