"""`serve` where a system lacks what Linux has: no mount namespaces, no /proc, no hard links."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.bundle.read import read_bundle
from packager.contract import LITERALS, PROGRAM
from packager.host.interpreter import newest_supported
from packager.local.runtime_api_server import Answer
from packager.serve.execution import Execution, FunctionFailed, Start
from packager.serve.keeper import Keeper
from tests.support.served import are_gone

# Starts the fallback, as on a system without namespaces.
START = """\
import json, os, sys
request = json.loads(sys.argv[1])
os.set_inheritable(request["started"], False)
os.execv(request["fallback"][0], request["fallback"])
"""
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
    print("said", flush=True)
    path = f"/2018-06-01/runtime/invocation/{got.headers['Lambda-Runtime-Aws-Request-Id']}/response"
    api.request("POST", path, json.dumps(answer).encode())
    api.getresponse().read()
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    fallback = tmp_path / "start.py"
    fallback.write_text(START)
    monkeypatch.setattr("packager.local.read_only._START", fallback)
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


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with Keeper() as keeper:
        yield keeper


def test_without_namespaces(start: Start, keeper: Keeper) -> None:
    async def run() -> tuple[dict[str, int], bytes, bool]:
        with ThreadPoolExecutor(2) as threads:
            execution = Execution(start, keeper, threads)
            said = bytearray()
            execution.on_log = said.extend
            await execution.start()
            answer = await execution.invoke(b'{"child": 1}', lambda part: None)
            assert isinstance(answer, Answer)
            settled = await execution.settle()
            await execution.close()
            with pytest.raises(FunctionFailed):
                await execution.invoke(b"{}", lambda part: None)
            return json.loads(answer.payload), bytes(said), settled

    answer, said, settled = asyncio.run(run())
    assert (answer["write"], said, settled) == (30, b"said\n", True)
    assert are_gone({answer["pid"], answer["child"]})


def test_the_keeper_ends_what_its_maker_left() -> None:
    def sleeping() -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "600"], start_new_session=True)

    with sleeping() as left, sleeping() as ended:
        with Keeper() as keeper:
            keeper.add(left.pid)
            keeper.add(2**22 + 1)  # nobody's
            keeper.add(ended.pid)
            keeper.discard(ended.pid)
        assert left.wait(30) == -signal.SIGKILL
        assert ended.poll() is None
        ended.kill()
