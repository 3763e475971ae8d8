"""Invoking a bundle: hand-made ones, run by each entry."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from packager.contract import ENTRIES
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter, host_architecture, newest_supported
from packager.local.invoke import Invocation, InvocationFailed, invoke_bundle
from packager.local.stock_client import client_folder
from tests.support.loop_process import write_bundle

MakeBundle = Callable[..., Path]


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    found = newest_supported()
    assert found is not None
    return found


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def make_bundle(tmp_path: Path, interpreter: Interpreter, entry: str) -> MakeBundle:
    def make(source: str, **changes: object) -> Path:
        literals = {
            "FORMAT": 1,
            "FUNCTION": "TestFunction",
            "PYTHON": interpreter.python,
            "ARCHITECTURE": host_architecture(),
            "TIMEOUT": 20,
            "SOURCES": {},
            "ENTRY": entry,
        } | changes
        bundle = write_bundle(tmp_path / "bundle", dedent(source))
        package = bundle / "endpoint_runtime"
        lines = [f"{name} = {value!r}\n" for name, value in literals.items()]
        (package / "_bundle.py").write_text("".join(lines))
        return bundle

    return make


@pytest.fixture
def ids() -> Iterator[Path]:
    """A file that a function may write to, wherever tests keep their own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder) / "ids"


def failure(folder: Path, **options: Any) -> tuple[str, str | None]:
    with pytest.raises(InvocationFailed) as raised:
        invoke_bundle(folder, {}, env={}, **options)
    return str(raised.value), raised.value.hint


def test_a_last_line_that_is_not_ended_is_ended_for_who_writes_next(
    make_bundle: MakeBundle,
) -> None:
    chunks: list[bytes] = []
    folder = make_bundle(
        """
        def handler(event, context):
            print("half a line", end="", flush=True)
        """
    )

    done = invoke_bundle(folder, {}, env={}, on_log=chunks.append)

    assert done.log.endswith(b"half a line")
    assert b"".join(chunks) == done.log + b"\n"


def test_a_reply_with_its_times_and_its_log(make_bundle: MakeBundle) -> None:
    chunks: list[bytes] = []
    folder = make_bundle(
        """
        import sys, time
        print("starting")

        def handler(event, context):
            print("got", event["a"], file=sys.stderr)
            time.sleep(0.05)
            return {"said": event["a"]}
        """
    )
    done = invoke_bundle(folder, {"a": "にゃ"}, env={}, on_log=chunks.append)
    assert done == Invocation(
        done.payload,
        {"said": "にゃ"},
        done.init_ms,
        done.duration_ms,
        "starting\ngot にゃ\n".encode(),
    )
    assert json.loads(done.payload) == done.reply
    assert b"".join(chunks) == done.log
    assert done.init_ms > 1
    assert 50 <= done.duration_ms < 20_000


def test_a_bundle_stays_as_it_was(make_bundle: MakeBundle) -> None:
    folder = make_bundle("def handler(event, context): return None")
    before = sorted(folder.rglob("*"))
    invoke_bundle(folder, {}, env={})
    assert sorted(folder.rglob("*")) == before


def test_what_a_function_sees(
    make_bundle: MakeBundle,
    interpreter: Interpreter,
    entry: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setenv("SECRET_OF_MINE", "x")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    for name in ("LD_LIBRARY_PATH", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    folder = make_bundle(
        """
        import os, sys

        def handler(event, context):
            return {
                "environment": dict(os.environ),
                "path": sys.path,
                "folder": os.getcwd(),
                "encoding": sys.stdout.encoding,
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "time": context.get_remaining_time_in_millis(),
            }
        """
    )
    env = {"A": "1", "AWS_REGION": "eu-west-1", "LAMBDA_TASK_ROOT": "forged", "LANG": "C.UTF-8"}
    seen = invoke_bundle(folder, {}, env=env).reply
    client = client_folder(interpreter)
    root = str(folder.resolve())
    own = {
        "stock": {"LAMBDA_RUNTIME_DIR": str(client)},
        "fast": {
            "AWS_LAMBDA_EXEC_WRAPPER": f"{root}/start_fast",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    }
    environment = seen["environment"]
    assert environment.pop("AWS_LAMBDA_RUNTIME_API").startswith("127.0.0.1:")
    assert environment.pop("_X_AMZN_TRACE_ID").startswith("Root=1-")
    for name in ("PWD", "OLDPWD", "SHLVL", "_"):  # a shell's, through which the fast entry comes
        environment.pop(name, None)
    assert environment == {
        "A": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{interpreter.python}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": "TestFunction",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "20",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/TestFunction",
        "AWS_LAMBDA_LOG_STREAM_NAME": "packager",
        "AWS_REGION": "eu-west-1",
        "LAMBDA_TASK_ROOT": root,
        "LANG": "C.UTF-8",
        "PATH": "/bin:/usr/bin",
        "TZ": ":UTC",
        "_HANDLER": "endpoint_runtime.lambda_handler.handler",
        **own[entry],
    }
    layers = f"/opt/python/lib/python{interpreter.python}/site-packages"
    assert seen["path"][:2] == [root, str(client) if entry == "stock" else layers]
    packages = [path for path in seen["path"] if path.endswith("site-packages")]
    assert packages == ([] if entry == "stock" else [layers])
    assert not [path for path in seen["path"] if "elsewhere" in path]
    assert seen["folder"] == root
    assert seen["encoding"] == "utf-8"
    assert seen["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:TestFunction"
    assert seen["name"] == "TestFunction"
    assert 0 < seen["time"] <= 20_000


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import nothing_of_that_name",
            "the function failed in its init phase: Runtime.ImportModuleError: Unable to import "
            "module 'endpoint_runtime.lambda_handler': No module named 'nothing_of_that_name'",
        ),
        (
            "raise ValueError('at import')",
            "the function failed in its init phase: ValueError: at import",
        ),
        (
            "import os; os._exit(3)",
            "the function's process ended in its init phase: exit status 3",
        ),
        (
            "def handler(event, context): raise ValueError('boom')",
            "the function failed: ValueError: boom",
        ),
        (
            "def handler(event, context): return {1, 2}",
            "the function failed: Runtime.MarshalError: Unable to marshal response: "
            "Object of type set is not JSON serializable",
        ),
        (
            "def handler(event, context): raise SystemExit(4)",
            "the function's process ended before it answered: exit status 4",
        ),
        (
            "import os\ndef handler(event, context): os.kill(os.getpid(), 11)",
            "the function's process ended before it answered: SIGSEGV",
        ),
        (
            "def handler(event, context): return 'x' * 6_300_000",
            "the function failed: Function.ResponseSizeTooLarge: Response payload size (6300002 "
            "bytes) exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_failures(make_bundle: MakeBundle, source: str, message: str) -> None:
    assert failure(make_bundle(source)) == (message, None)


def test_a_failure_keeps_the_log(make_bundle: MakeBundle) -> None:
    folder = make_bundle(
        """
        def handler(event, context):
            raise ValueError("boom")
        """
    )
    with pytest.raises(InvocationFailed) as raised:
        invoke_bundle(folder, {}, env={})
    lines = raised.value.log.decode().splitlines()
    assert lines[:2] == ["[ERROR] ValueError: boom", "Traceback (most recent call last):"]
    assert lines[-1].strip() == 'raise ValueError("boom")'


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context): {}; import time; time.sleep(60)",
        "import time\n{}; time.sleep(60)\ndef handler(event, context): pass",
        "import signal\nsignal.signal(signal.SIGTERM, lambda *a: None)\n"
        "def handler(event, context): {}; import time; time.sleep(60)",
    ],
)
def test_a_time_out_leaves_nothing_running(
    make_bundle: MakeBundle, ids: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.local.invoke.INIT_SECONDS", 0.3)
    # The process and a child of its own, which waits longer.
    write = (
        "import os, subprocess; child = subprocess.Popen(['sleep', '60']); "
        f"open({str(ids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')"
    )
    started = time.monotonic()
    message = failure(make_bundle(source.replace("{}", write)), timeout=0.4)
    assert message == (
        "the function timed out after 0.4 s",
        "`timeout` in the plugin's configuration says how long it may take",
    )
    assert time.monotonic() - started < 15
    for number in map(int, ids.read_text().split()):
        assert not is_running(number)


def is_running(number: int) -> bool:
    """Whether a process is there, and more than an entry that nobody has collected yet."""
    for _ in range(100):
        try:
            os.kill(number, 0)
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True


def test_a_process_in_a_session_of_its_own_ends_too(make_bundle: MakeBundle, ids: Path) -> None:
    folder = make_bundle(
        f"""
        import subprocess

        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            open({str(ids)!r}, "w").write(str(child.pid))
            return "done"
        """
    )
    assert invoke_bundle(folder, {}, env={}).reply == "done"
    assert not is_running(int(ids.read_text()))


LATE = {
    "stock": """
        import awslambdaric.lambda_runtime_client as client, time
        post = client.runtime_client.post_invocation_result

        class Late:
            def __getattr__(self, name): return getattr(client_before, name)
            def post_invocation_result(self, *rest):
                post(*rest)
                time.sleep(0.2)
                print("late")

        client_before, client.runtime_client = client.runtime_client, Late()

        def handler(event, context):
            return "early"
        """,
    "fast": """
        import time
        from endpoint_runtime.lambda_api.runtime_api import RuntimeApi
        respond = RuntimeApi.respond

        def late(*rest):
            taken = respond(*rest)
            time.sleep(0.2)
            print("late")
            return taken

        RuntimeApi.respond = late

        def handler(event, context):
            return "early"
        """,
}


def test_work_before_the_next_request_for_work_is_waited_for(
    make_bundle: MakeBundle, entry: str
) -> None:
    done = invoke_bundle(make_bundle(LATE[entry]), {}, env={})
    assert (done.reply, done.log) == ("early", b"late\n")


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        (
            {"PYTHON": "2.9"},
            "Python 2.9 is needed to run TestFunction, and none was found on this machine",
            "install it (`uv python install 2.9`), or invoke the plugin itself with another "
            "--runtime",
        ),
        (
            {"FORMAT": 2},
            "{} is a bundle of format 2, and this packager knows format 1",
            "build it again",
        ),
        (
            {"TIMEOUT": ...},
            "{} is not a bundle that can be read: "
            "endpoint_runtime/_bundle.py is missing or damaged",
            "build it again",
        ),
    ],
)
def test_what_can_t_be_run(
    make_bundle: MakeBundle, changes: dict[str, object], message: str, hint: str
) -> None:
    folder = make_bundle("", **changes)
    with pytest.raises(PackagerError) as raised:
        invoke_bundle(folder, {}, env={})
    assert (str(raised.value), raised.value.hint) == (message.format(folder), hint)
