"""`serve` where a system lacks what Linux has: no mount namespaces, no /proc, no hard links."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.local.runtime_api_server import Answer
from packager.serve.execution import Execution, FunctionFailed, Start
from tests.support.elsewhere import start_as_elsewhere
from tests.support.served import are_gone


def test_without_namespaces(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_as_elsewhere(tmp_path, monkeypatch)

    async def run() -> tuple[dict[str, int], bytes, bool]:
        with ThreadPoolExecutor(2) as threads:
            execution = Execution(start, threads)
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
    assert are_gone({answer["pid"], answer["child"], answer["session"]})
