"""benchmarks/aws as far as it goes without an account: moto's stack, and recorded log lines."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.aws.measure import WARM, NoReport, invoke, measure, table
from benchmarks.aws.stack import create, created, logical_ids, template, upload
from benchmarks.cold_contenders import BASELINE, CONTENDERS, OURS_FAST
from tests.support.aws.moto_server import MotoServer

MEMORY = "Memory Size: 512 MB\tMax Memory Used: "
COLD = (
    "REPORT RequestId: 1\tDuration: {} ms\tBilled Duration: 90 ms\t"
    f"{MEMORY}41 MB\tInit Duration: {{}} ms\t\n"
)
WARM_LINE = f"REPORT RequestId: 2\tDuration: 1.50 ms\tBilled Duration: 2 ms\t{MEMORY}42 MB\t\n"


class Recorded:
    """Lambda, but that its invocations are recorded log lines: moto runs none without Docker."""

    def __init__(self, moto: MotoServer, cold: dict[str, tuple[float, float]]) -> None:
        self._client = moto.boto("lambda")
        self._cold = cold
        self._changed: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_function_configuration(self, FunctionName: str, Description: str) -> None:
        self._client.update_function_configuration(
            FunctionName=FunctionName, Description=Description
        )
        self._changed.add(FunctionName)

    def invoke(self, FunctionName: str, LogType: str, Payload: bytes) -> dict[str, Any]:
        assert LogType == "Tail"
        assert json.loads(Payload)
        line = WARM_LINE
        if FunctionName in self._changed:
            self._changed.discard(FunctionName)
            duration, init = self._cold[FunctionName]
            line = COLD.format(duration, init)
        return {"LogResult": base64.b64encode(f"START\n{line}".encode()).decode()}


def test_the_stack_is_made_measured_and_tabled(moto_plain: MotoServer, tmp_path: Path) -> None:
    chosen = [each for each in CONTENDERS if each.name in (BASELINE, OURS_FAST)]
    body = template(chosen, python="3.12", architecture="x86_64")
    create(moto_plain.boto("cloudformation"), body)
    functions = created(moto_plain.boto("cloudformation"))
    named = {each.name: functions[name] for name, each in logical_ids(chosen).items()}
    assert named.keys() == {BASELINE, OURS_FAST}
    (tmp_path / "handler.py").write_text("x = 1\n")
    for function in named.values():
        upload(moto_plain.boto("lambda"), function, tmp_path)
    variables = moto_plain.boto("lambda").get_function_configuration(FunctionName=named[OURS_FAST])
    assert "AWS_LAMBDA_EXEC_WRAPPER" in variables["Environment"]["Variables"]
    client = Recorded(moto_plain, {named[BASELINE]: (2.0, 98.0), named[OURS_FAST]: (10.0, 60.0)})

    reports = measure(client, named, {name: {"a": 1} for name in named}, starts=3)

    assert [len(each) for each in reports.values()] == [3 * (1 + WARM)] * 2
    assert table(reports, BASELINE).splitlines()[2:] == [
        f"| {OURS_FAST} | 60.0 | 10.0 | 70.0 | 0.70 | 1.5 | 42 | 3 |",
        f"| {BASELINE} | 98.0 | 2.0 | 100.0 | 1.00 | 1.5 | 42 | 3 |",
    ]


def test_every_contender_has_its_function() -> None:
    assert [*logical_ids(CONTENDERS).values()] == [*CONTENDERS]
    resources = json.loads(template(CONTENDERS, python="3.13", architecture="arm64"))["Resources"]
    assert len(resources) == 1 + len(CONTENDERS)


def test_an_invocation_that_fails_is_told() -> None:
    class Failing:
        def invoke(self, **asked: object) -> dict[str, Any]:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "E"}')}

    class Silent:
        def invoke(self, **asked: object) -> dict[str, Any]:
            return {"LogResult": base64.b64encode(b"START\n").decode()}

    with pytest.raises(NoReport, match="failed"):
        invoke(Failing(), "f", {})
    with pytest.raises(NoReport, match="no REPORT line"):
        invoke(Silent(), "f", {})
