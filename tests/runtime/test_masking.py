"""Secrets are masked wherever they show in the log, on both entries."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import endpoint_runtime
from endpoint_runtime import masking
from endpoint_runtime.settings import secret_texts
from tests.runtime.test_logging import lines, serve

SECRET = "sk-live/7'\"<\u00e9>&+ 0123456789abcdef"
PEM = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0\nZZ7aa0cQ8f3x1N5kq\n-----END KEY-----\n"
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "repr of what holds it": lambda s: repr({"k": [s, '"', "'"]}),
    "repr of a text that holds it": lambda s: repr(f'token {s} it\'s "so"'),
    "ascii": ascii,
    "bytes": lambda s: repr(s.encode()),
    "json": json.dumps,
    "json, not ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps(json.dumps({"k": s})),
    "url": lambda s: urllib.parse.quote(s, ""),
    "path": urllib.parse.quote,
    "form": lambda s: urllib.parse.urlencode({"k": s}),
    "encodeURIComponent": lambda s: urllib.parse.quote(s, "!'()*"),
    "url, lower case": lambda s: re.sub(
        "%..", lambda found: found[0].lower(), urllib.parse.quote(s, "")
    ),
    "html": html.escape,
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "basic authorization": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64 in between": lambda s: base64.b64encode(f"a{s}zz".encode()).decode(),
    "urlsafe base64": lambda s: base64.urlsafe_b64encode(f"ab{s}z".encode()).decode(),
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, None]]:
    known: dict[str, None] = {}
    monkeypatch.setattr(endpoint_runtime, "secrets", known)
    yield known


CHINESE = "\u732b\u306e\u79d8\u5bc6\u306e\u9375"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [SECRET, "plain0123456789", CHINESE])
def test_spellings(form: Callable[[str], str], secret: str) -> None:
    endpoint_runtime.hide(secret)

    masked = masking.mask(f"before {form(secret)} after")

    assert masked.startswith("before ") and masked.endswith(" after")
    assert "***" in masked
    # What is left is what stands around the secret; in base64 its neighbours have bits of it.
    assert len(masked) - len("before *** after") <= 24


@given(st.text(min_size=4), st.text(), st.text())
def test_no_text_keeps_a_secret(secret: str, before: str, after: str) -> None:
    endpoint_runtime.hide(secret)

    masked = masking.mask(before + secret + after)

    assert "***" in masked
    assert secret in "***" or secret not in masked.replace("***", "\0")


def test_lines_of_a_key_are_masked_each_also_out_of_json() -> None:
    endpoint_runtime.hide(json.dumps({"private_key": PEM}))
    endpoint_runtime.hide("short\nok\n")

    assert masking.mask("got MIIBVgIBADANBgkqhkiG9w0 and ok") == "got *** and ok"


def test_short_texts_are_not_masked() -> None:
    endpoint_runtime.hide("abc")
    endpoint_runtime.hide("")
    endpoint_runtime.hide(None)

    assert masking.mask("abc None") == "abc None"


def test_a_line_of_json_keeps_its_form_and_what_says_whose_it_is() -> None:
    for secret in ("message", "INFO", "2026", 'a"b\\c'):
        endpoint_runtime.hide(secret)
    line: dict[str, Any] = {"timestamp": "2026-01-01T00:00:00Z", "level": "INFO"}
    line |= {"requestId": "id-2026"}
    line |= {"message": 'a message of 2026: a"b\\c', "more": {"INFO": [2026, "INFO", None]}}

    masked = masking.mask_line(json.dumps(line) + "\n")

    assert masked.endswith("}\n")
    assert json.loads(masked) == line | {
        "message": "a *** of ***: ***",
        "more": {"***": [2026, "***", None]},
    }
    assert masking.mask_line("{INFO") == "{***"
    assert masking.mask_line('{"a": 1}') == '{"a": 1}'


def test_old_values_stay_masked_and_are_bounded(secrets: dict[str, None]) -> None:
    for number in range(600):
        endpoint_runtime.hide(f"value-{number:03}")
    endpoint_runtime.hide("value-599")

    assert len(secrets) == 500
    assert masking.mask("value-599 value-100 value-099") == "*** *** value-099"


DECLARATION = (
    {"name": "key", "type": "secret-input"},
    {"name": "channel", "type": "text-input", "default": "a default"},
    {"name": "mode", "type": "select", "options": ("a long option",)},
    {"name": "app", "type": "app-selector"},
)
VALUES: dict[str, Any] = {
    "key": "key1",
    "channel": "a long channel",
    "mode": "a long option",
    "app": {"app_id": "a long app id"},
    "other": ["other long text", {"n": "nested long text", "s": "short"}, 7],
}


def test_what_counts_as_a_secret() -> None:
    ssm = {name: ("ssm", f"/{name}") for name in VALUES}
    env = {name: ("env", name) for name in VALUES}
    remote = ["a long channel", "key1", "nested long text", "other long text"]

    assert sorted(secret_texts(DECLARATION, VALUES, ssm, False)) == remote
    assert sorted(secret_texts(DECLARATION, VALUES, {}, True)) == remote
    assert secret_texts(DECLARATION, VALUES, env, False) == ["key1"]
    assert secret_texts(DECLARATION, VALUES, env, True) == ["key1"]
    default = VALUES | {"channel": "a default"}
    assert "a default" not in secret_texts(DECLARATION, default, {}, True)


WRITES = """
import json, logging, os, sys, traceback, urllib.parse, warnings
from dify_plugin.config.logger_format import plugin_logger_handler
log = logging.getLogger("plugin")
log.addHandler(plugin_logger_handler)
class Thing:
    def __init__(self, text): self.text = text
    def __repr__(self): return "Thing " + self.text
---
key = settings["key"]
aws = os.environ["AWS_SECRET_ACCESS_KEY"]
print("printed", key, aws)
print(json.dumps({"printed": key}))
sys.stderr.write("written " + key + "\\n")
sys.stdout.writelines(["lines " + key[:9], key[9:] + "\\n"])
sys.stdout.buffer.write(("bytes " + key + "\\n").encode())
log.error("message " + key)
log.error("args %s %r", key, {"k": key})
log.error({"key": key})
log.error("extra", extra={"key": key, "thing": Thing(key), "deep": [{"k": key}]})
log.error("url %s", "https://a.example/?" + urllib.parse.urlencode({"token": key}))
logging.getLogger("x").error("plain " + key)
self.session.writer.log({"key": key})
r.environ["lambda.context"].log("context " + key + "\\n")
warnings.warn("warned " + key)
try:
    raise RuntimeError("raised " + key)
except RuntimeError:
    log.exception("caught")
    traceback.print_exc()
def fail():
    raise RuntimeError("threaded " + key)
thread = threading.Thread(target=fail)
thread.start(); thread.join()
"""


@pytest.mark.parametrize("framed", [False, True], ids=["stdout", "descriptor"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_wherever_a_plugin_writes_it(
    tmp_path: Path, entry: str, log_format: str, framed: bool
) -> None:
    seen = serve(
        tmp_path,
        entry,
        {"log": WRITES},
        framed=framed,
        literals={
            "SETTINGS": ({"name": "key", "type": "secret-input", "required": True},),
            "SOURCES": {"key": ("env", "KEY")},
        },
        KEY=SECRET,
        AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG",
        AWS_LAMBDA_LOG_FORMAT=log_format,
    )

    frames = [text for _, text in seen["frames"]]
    log = "\n".join([*lines(seen), *frames])
    for part in ("sk-live", "abcdef", "wJalrXUtnFEMI", "\u00e9", "%2F7"):
        assert part not in log
    for what in ("printed *** ***", "written ***", "lines ***", "bytes ***", "message ***"):
        assert what in log
    for what in (
        "args ***",
        "token=***",
        "plain ***",
        "context ***",
        "warned ***",
        "raised ***",
        "threaded ***",
    ):
        assert what in log
    if log_format == "JSON":
        entries = [text for text in (frames or lines(seen)) if text.startswith('{"timestamp')]
        assert len(entries) == (9 if framed else 8)
        assert all(json.loads(text)["requestId"] == "id-log" for text in entries)
