"""A function that takes as little as it can: a bundle of a shell script and a loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.bundle.read import read_bundle
from packager.contract import LITERALS, PROGRAM
from packager.host.interpreter import newest_supported
from packager.serve.execution import Start

LOOP = """\
#!/bin/sh
exec "$1" -S "$(dirname "$0")/loop.py"
"""
# As much of a runtime as it takes.
RUNTIME = """\
import http.client, json, os, subprocess, sys
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    got = api.getresponse()
    event = json.loads(got.read())
    answer = {"pid": os.getpid()}
    try:
        open(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "written"), "w")
    except OSError as error:
        answer["write"] = error.errno
    if event.get("child"):
        answer["child"] = subprocess.Popen(["sleep", "600"]).pid
        answer["session"] = subprocess.Popen(["sleep", "600"], start_new_session=True).pid
    print("said", flush=True)
    path = f"/2018-06-01/runtime/invocation/{got.headers['Lambda-Runtime-Aws-Request-Id']}/response"
    api.request("POST", path, json.dumps(answer).encode())
    api.getresponse().read()
"""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    found = newest_supported()
    assert found is not None
    folder = tmp_path / "bundle"
    literals = folder / LITERALS
    literals.parent.mkdir(parents=True)
    literals.write_text(
        f'FORMAT = 1\nFUNCTION = "F"\nPYTHON = "{found.python}"\nARCHITECTURE = "x86_64"\n'
        'TIMEOUT = 20\nSOURCES = {}\nENTRY = "fast"\n'
    )
    (folder / PROGRAM).write_text(LOOP)
    (folder / PROGRAM).chmod(0o755)
    (folder / "loop.py").write_text(RUNTIME)
    return Start(read_bundle(folder), found, None, {})
