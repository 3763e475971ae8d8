"""The fast entry against the stock client, side by side: same replies, reports and log lines.

`awslambdaric` is what the managed runtimes run; it is installed once into the user's cache.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packager.host.interpreter import Interpreter
from tests.support.hostile_api import TRACE, event
from tests.support.loop_process import (
    fast_command,
    interpreters,
    stock_client,
    stock_command,
    write_bundle,
)
from tests.support.runtime.loop_session import session

INTERPRETER = interpreters()[-1]

HANDLER = '''
import decimal, json, logging, os, sys

logging.getLogger().warning("at import")
log = logging.getLogger("plugin.part")


def deep(count):
    if count:
        return deep(count - 1)
    raise KeyError("at the bottom\\n  of it")


class Odd(Exception):
    """Has no message."""


def handler(event, context):
    case = event["case"]
    if case == "context":
        left = context.get_remaining_time_in_millis()
        return {
            "repr": repr(context),
            "vars": sorted(vars(context)),
            "methods": sorted(n for n in dir(context) if not n.startswith("_")),
            "client": repr(context.client_context),
            "w3c": context.w3c(),
            "time": 0 < left <= 900000,
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "fd": os.environ.get("_LAMBDA_TELEMETRY_LOG_FD"),
            "handlers": len(logging.getLogger().handlers),
            "level": logging.getLogger().level,
        }
    if case == "print":
        print("one", 2, sep="-")
        print("no newline", end="")
        print("to stderr", file=sys.stderr)
        sys.stdout.writelines(["x\\n", "y\\n"])
    if case == "context.log":
        context.log("by the context")
        context.log({"a": 1})
    if case == "levels":
        for name in ("debug", "info", "warning", "error", "critical"):
            getattr(log, name)("at %s", name)
        log.log(35, "in between")
        log.log(99, "above all")
    if case == "multi-line":
        log.error("first\\nsecond \\u00e4 \\U0001f600")
    if case == "extra":
        log.error("with extra", extra={"order": 7, "thing": decimal.Decimal("1.5"), "none": None})
    if case == "dict":
        log.error({"a": 1, "b": [1, 2]})
    if case == "caught":
        try:
            deep(2)
        except KeyError:
            log.exception("caught it")
    if case == "raise":
        deep(3)
    if case == "raise odd":
        raise Odd
    if case == "raise chained":
        try:
            deep(0)
        except KeyError as error:
            raise ValueError("caf\\u00e9") from error
    if case == "replies":
        return event["reply"]
    if case == "decimal":
        return {"d": decimal.Decimal("1.10"), "n": decimal.Decimal("NaN"), "big": 10 ** 30}
    if case == "keys":
        return {1: "int", None: "none", True: "bool", 1.5: "float", "\\u00e4": "\\u2028\\x7f"}
    if case == "floats":
        return [float("nan"), float("inf"), 1e16, 0.1, -0.0]
    if case == "no json":
        return {"a": object()}
    if case == "bytes":
        return b"\\x00raw"
    if case == "tuple":
        return (1, ("a",), [])
    return None
'''

LONGEST_MS = 900_000  # the longest timeout: some of it is left however busy the machine is


def case(body: bytes, request_id: str, **headers: Any) -> bytes:
    return event(body, request_id, deadline=f"in {LONGEST_MS} ms", **headers)


def cases() -> list[bytes]:
    """One event of each kind, with all the time in the world."""
    return [
        case(b'{"case": "context"}', "context"),
        case(
            b'{"case": "context"}',
            "client",
            Lambda_Runtime_Client_Context=json.dumps(
                {
                    "client": {"app_title": "t", "installation_id": "i"},
                    "custom": {"k": [1]},
                    "env": {"locale": "de"},
                    "w3c": {"traceparent": "00-1-2-01", "baggage": 3, "other": "x"},
                }
            ),
            Lambda_Runtime_Cognito_Identity=json.dumps(
                {"cognitoIdentityId": "a", "cognitoIdentityPoolId": "b"}
            ),
            Lambda_Runtime_Aws_Tenant_Id="tenant-1",
            Lambda_Runtime_Invocation_Id="inv-1",
        ),
        *[
            case(json.dumps({"case": kind}).encode(), kind.replace(" ", "-").replace(".", "-"))
            for kind in (
                "print",
                "context.log",
                "levels",
                "multi-line",
                "extra",
                "dict",
                "caught",
                "raise",
                "raise odd",
                "raise chained",
                "decimal",
                "keys",
                "floats",
                "no json",
                "bytes",
                "tuple",
                "none",
            )
        ],
        case(
            '{"case": "replies", "reply": ["\\u00e4", "\u00df\u4e2d\U0001f600"]}'.encode(), "text"
        ),
        case(b"", "empty"),
        case(b'{"case"', "cut"),
        case(b'\xef\xbb\xbf {"case": "none"} \n', "bom"),
        case(b'{"case": "none"} x', "extra-data"),
        case(b"{}", "bad-client", Lambda_Runtime_Client_Context="{"),
    ]


def both(
    tmp_path: Path,
    handler: str,
    steps: list[bytes],
    *,
    name: str = "endpoint_runtime.lambda_handler.handler",
    interpreter: Interpreter = INTERPRETER,
    framed: bool = False,
    **env: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    bundle = write_bundle(tmp_path / "bundle", handler)
    client = stock_client(interpreter)
    fast = session(
        fast_command(bundle, interpreter.path), bundle, steps, framed=framed, _HANDLER=name, **env
    )
    stock = session(
        stock_command(interpreter.path, name),
        bundle,
        steps,
        framed=framed,
        **{"PYTHONPATH": f"{bundle}:{client}", **env},
    )
    return fast, stock


@pytest.mark.parametrize("framed", [False, True], ids=["stdout", "descriptor"])
@pytest.mark.parametrize(
    ("log_format", "level"),
    [("Text", ""), ("Text", "ERROR"), ("JSON", ""), ("JSON", "DEBUG"), ("JSON", "TRACE")],
)
def test_replies_reports_and_logs_are_the_stock_clients(
    tmp_path: Path, log_format: str, level: str, framed: bool
) -> None:
    env: Any = {"AWS_LAMBDA_LOG_FORMAT": log_format}
    if level:
        env["AWS_LAMBDA_LOG_LEVEL"] = level
    fast, stock = both(tmp_path, HANDLER, cases(), framed=framed, **env)
    if log_format == "JSON":
        # AWS's client alone leaves it out; with our runtime both have it (test_logging.py).
        note = f', "traceId": "{TRACE}"'
        assert note in fast["out"] or any(note in text for _, text in fast["frames"])
        fast["out"] = fast["out"].replace(note, "")
        fast["frames"] = [(kind, text.replace(note, "")) for kind, text in fast["frames"]]

    assert fast["posts"] == stock["posts"]
    assert fast["out"].split("\n") == stock["out"].split("\n")
    assert fast["frames"] == stock["frames"]
    assert fast == stock
    assert len(fast["posts"]) == len(cases())


@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
def test_they_are_so_on_every_interpreter(tmp_path: Path, interpreter: Interpreter) -> None:
    fast, stock = both(tmp_path, HANDLER, cases(), interpreter=interpreter)

    assert fast == stock


LAZY = """
def handler(event, context):
    import logging
    logging.getLogger("late").error("now")
"""


def test_logging_imported_late_is_as_if_it_had_been_early(tmp_path: Path) -> None:
    fast, stock = both(tmp_path, LAZY, [event(), event(request_id="b")])

    assert fast == stock
    assert fast["out"] == "[ERROR]\tTIME\tid-1\tnow\n[ERROR]\tTIME\tb\tnow\n"


INIT_ERRORS = {
    "no-module": ("endpoint_runtime.lambda_handler.handler", "import not_there\n"),
    "no-handler": ("endpoint_runtime.lambda_handler.nothing", HANDLER),
    "no-such-module": ("elsewhere.handler", HANDLER),
    "no-dot": ("handler", HANDLER),
    "builtin": ("sys.exit", HANDLER),
    "syntax": ("endpoint_runtime.lambda_handler.handler", "def handler(:\n"),
}


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize(("name", "source"), INIT_ERRORS.values(), ids=INIT_ERRORS)
def test_a_start_that_fails_is_reported_as_by_the_stock_client(
    tmp_path: Path, name: str, source: str, log_format: str
) -> None:
    fast, stock = both(tmp_path, source, [], name=name, AWS_LAMBDA_LOG_FORMAT=log_format)

    assert fast["posts"] == stock["posts"]
    # The stock client adds a remark on updates of the managed runtime, of which this is none.
    said = [line for line in stock["out"].split("\n") if "LAMBDA_WARNING" not in line]
    assert fast["out"].split("\n") == said
    assert len(fast["posts"]) == 1


def test_a_module_that_raises_is_reported_from_its_own_frame_on(tmp_path: Path) -> None:
    source = "def fail():\n    return 1 // 0\nfail()\n"
    fast, stock = both(tmp_path, source, [])

    ((call, _, _, _, report),) = fast["posts"]
    ((_, _, _, _, theirs),) = stock["posts"]
    assert call == "POST init/error"
    assert report["stackTrace"][-2:] == theirs["stackTrace"][-2:]  # above: how they import
    assert {**report, "stackTrace": []} == {**theirs, "stackTrace": []}
