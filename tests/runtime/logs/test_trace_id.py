from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.logs import report
from endpoint_runtime.logs.single_handler import stamp

ROOT = "1-6566b0a1-0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", ROOT),
        (f"Sampled=1;Root={ROOT}", ROOT),
        (f"Root={ROOT};Sampled=0", ROOT),
        ("Sampled=1", ""),
        ("", ""),
        (f"Root={'x' * 500};Sampled=1", "x" * 64),
    ],
)
def test_a_line_has_the_id_of_its_trace_be_it_sampled_or_not(
    header: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    monkeypatch.setattr(report, "is_json", True)
    monkeypatch.setattr(process, "log_stream", None)
    report.log_request("GET", "/", 200, 0.001, "id")
    assert json.loads(capsys.readouterr().err).get("traceId", "") == expected


def test_a_record_of_work_that_outlived_its_invocation_has_the_ids_of_that_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-of-another;Sampled=1")
    monkeypatch.setattr(report, "is_json", True)
    monkeypatch.setattr(process, "late_ids", lambda: ("own", ROOT))
    record: Any = logging.makeLogRecord({})
    assert stamp(record)
    assert (record.aws_request_id, record.traceId) == ("own", ROOT)


def test_what_a_plugin_calls_its_trace_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    monkeypatch.setattr(report, "is_json", True)
    monkeypatch.setattr(process, "late_ids", None)
    monkeypatch.setattr(process, "secrets", {"s3cr3t-value": None})
    record: Any = logging.makeLogRecord({"traceId": "is s3cr3t-value"})
    assert stamp(record)
    assert record.traceId == "is ***"
