"""What plugins log reaches the log once, one event each, with the request's id; on both entries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import fast_bundle
from tests.support.fast_bundle import invocation, request
from tests.support.hostile_api import TRACE
from tests.support.loop_process import fast_command, stock_client, stock_command
from tests.support.runtime.loop_session import session
from tests.support.runtime.plugin_logs import INTERPRETER, lines, serve, serve_bundle, write

HEAD = """
import logging, sys
from dify_plugin.config.logger_format import plugin_logger_handler
"""
ONE = f"{HEAD}logger = logging.getLogger(__name__)\n"
# Each as an endpoint in a process of its own; the message of the lines that it leaves.
PLUGINS: dict[str, tuple[str, list[str]]] = {
    "sdk": (
        f"""{ONE}
logger.setLevel(logging.INFO)
logger.addHandler(plugin_logger_handler)
---
logger.info("at %s", "info")
logger.debug("below")
""",
        ["INFO at info"],
    ),
    "parent-and-child": (
        f"""{HEAD}
for name in ("plugin", "plugin.part"):
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.addHandler(plugin_logger_handler)
---
logger.warning("said once")
""",
        ["WARNING said once"],
    ),
    "not-propagating": (
        f"""{ONE}
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(plugin_logger_handler)
---
logger.info("on its own")
""",
        ["INFO on its own"],
    ),
    "at-the-root": (
        f"""{HEAD}
logging.getLogger().addHandler(plugin_logger_handler)
logging.getLogger().setLevel(logging.INFO)
---
logging.info("of the root")
logging.getLogger("x").info("of another")
""",
        ["INFO of the root", "INFO of another"],
    ),
    "plain": (
        f"""{HEAD}
---
logging.getLogger("x").warning("plain")
logging.getLogger("x").info("below")
""",
        ["WARNING plain"],
    ),
    "basic-config": (
        f"""{HEAD}
logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
logging.basicConfig(level=logging.ERROR)  # the second does nothing
---
logging.getLogger("x").info("configured")
""",
        ["INFO configured"],
    ),
    "forced": (
        f"""{HEAD}
logging.basicConfig(level=logging.INFO, stream=sys.stdout, force=True)
---
logging.getLogger("x").info("by force")
""",
        ["INFO by force"],
    ),
    "own-handler": (
        f"""{ONE}
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("<%(levelname)s> %(message)s"))
logger.addHandler(handler)
logger.addHandler(logging.StreamHandler())
logger.setLevel(logging.INFO)
---
logger.info("own words")
""",
        ["INFO <INFO> own words"],
    ),
    "own-stream": (
        f"""{ONE}
import io
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
logger.addHandler(logging.StreamHandler(sys.stdout))
---
logger.warning("over stdout")
print("PRINTED")
""",
        ["WARNING over stdout"],
    ),
    "file": (
        f"""{ONE}
logger.addHandler(logging.FileHandler("/dev/null"))
---
logger.warning("filed and logged")
""",
        ["WARNING filed and logged"],
    ),
    "dict-config": (
        f"""{HEAD}
import logging.config
logging.config.dictConfig({{
    "version": 1,
    "formatters": {{"f": {{"format": "%(name)s: %(message)s"}}}},
    "handlers": {{
        "h": {{"class": "logging.StreamHandler", "formatter": "f", "stream": "ext://sys.stdout"}}
    }},
    "root": {{"handlers": ["h"], "level": "INFO"}},
}})
---
logging.getLogger("x").info("by dict")
""",
        ["INFO x: by dict"],
    ),
    "last-resort": (
        f"""{HEAD}
logging.getLogger().handlers.clear()
---
logging.getLogger("x").warning("at last")
""",
        ["WARNING at last"],
    ),
    "writer": (
        f"""{HEAD}
---
self.session.writer.log({{"a": "\\u00e9"}})
""",
        ['INFO {"a": "\u00e9"}'],
    ),
    "elsewhere": (
        f"""{ONE}
import io
kept = io.StringIO()
logger.addHandler(logging.StreamHandler(kept))
---
logger.warning("kept and logged")
assert kept.getvalue() == "kept and logged\\n"
""",
        ["WARNING kept and logged"],
    ),
    "bad-arguments": (
        f"""{ONE}
logging.raiseExceptions = False
---
logger.warning("%d", "no number")
logger.warning("goes on")
""",
        ["WARNING goes on"],
    ),
}


@pytest.mark.parametrize("entry", ["fast", "stock"])
@pytest.mark.parametrize(("source", "messages"), PLUGINS.values(), ids=PLUGINS)
def test_what_plugins_log_is_written_once(
    tmp_path: Path, entry: str, source: str, messages: list[str]
) -> None:
    bundle = write(tmp_path, {"log": source})
    text = serve_bundle(bundle, entry, ["log"])
    expected = [message.partition(" ")[::2] for message in messages]
    assert lines(text) == [f"[{level}]\tTIME\tid-log\t{said}" for level, said in expected]

    as_json = serve_bundle(bundle, entry, ["log"], AWS_LAMBDA_LOG_FORMAT="JSON")
    found = [json.loads(line) for line in lines(as_json)]
    assert [(each["level"], each["message"]) for each in found] == expected
    assert {each["requestId"] for each in found} == {"id-log"}
    assert {each["traceId"] for each in found} == {TRACE}
    known = {"timestamp", "level", "message", "logger", "requestId", "traceId"}
    assert {key for each in found for key in each} == known


@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_the_configured_level_goes_before_the_plugins(tmp_path: Path, entry: str) -> None:
    source, _ = PLUGINS["not-propagating"]
    forced, _ = PLUGINS["forced"]
    more = "\nlogger.error('a fault')\nlogging.getLogger('x').error('another')"

    seen = serve(
        tmp_path,
        entry,
        {"log": source + more, "forced": forced},
        AWS_LAMBDA_LOG_LEVEL="ERROR",
    )

    assert lines(seen) == ["[ERROR]\tTIME\tid-log\ta fault", "[ERROR]\tTIME\tid-log\tanother"]


@pytest.mark.parametrize("entry", ["fast", "stock"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_an_event_of_lambdas_log_is_whole(tmp_path: Path, entry: str, log_format: str) -> None:
    source = f"""{ONE}
logger.addHandler(plugin_logger_handler)
---
logger.error("two\\nlines")
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("caught")
"""
    fails = "raise RuntimeError('not\\nhere')"
    bundle = tmp_path / "one"
    seen = serve(bundle, entry, {"log": source}, framed=True, AWS_LAMBDA_LOG_FORMAT=log_format)

    events = [text for _, text in seen["frames"]]
    assert (seen["out"], seen["err"]) == ("", "")
    assert len(events) == 3
    assert all("id-log" in text for text in events)
    assert "ZeroDivisionError" in events[1] and "GET /log 200" in events[2]
    if log_format == "JSON":
        assert json.loads(events[0])["message"] == "two\nlines"
    else:
        assert events[0] == "[ERROR]\tTIME\tid-log\ttwo\nlines\n"

    sources = {"log": f"{fails}\n"}
    made = fast_bundle.write(tmp_path / "two", sources, STREAM=False)
    command = fast_command(made, INTERPRETER.path)
    env = {"AWS_LAMBDA_LOG_FORMAT": log_format}
    if entry == "stock":
        command = stock_command(INTERPRETER.path, "endpoint_runtime.lambda_handler.handler")
        env["PYTHONPATH"] = f"{made}:{stock_client(INTERPRETER)}"
    steps = [request("log", "id-log"), invocation({"not": "HTTP"}, "id-odd")]
    failed = session(command, made, steps, framed=True, **env)
    (_, trace), (_, line), (_, odd) = failed["frames"]
    assert "Traceback" in trace and "RuntimeError: not" in trace and "id-log" in trace
    assert "GET /log 500" in line
    assert "NotAnHttpEvent" in odd
    if log_format == "JSON":
        told = [json.loads(text) for text in (*events, trace, line, odd)]
        assert [each["requestId"] for each in told] == ["id-log"] * 5 + ["id-odd"]
        assert {each["traceId"] for each in told} == {TRACE}
    assert failed["out"] == failed["err"] == ""
