"""The fast entry as a process: `start_fast`, its exit codes, signals, paths and logs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from packager.host.interpreter import Interpreter
from tests.support.hostile_api import RuntimeServer, answer, cut, event
from tests.support.loop_process import environment, fast_command, interpreters, start, write_bundle

PYTHON = Path(sys.executable)
INTERPRETERS = interpreters()
END = b"endpoint_runtime: the Runtime API answered GET invocation/next with status 403: 'not today'"
ECHO = "def handler(event, context):\n    return event\n"


def run_fast(
    bundle: Path,
    server: RuntimeServer | str,
    *,
    python: Path = PYTHON,
    command: list[str] | None = None,
    **env: str,
) -> subprocess.CompletedProcess[bytes]:
    address = server if isinstance(server, str) else server.address
    process = start(command or fast_command(bundle, python), bundle, environment(address, **env))
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def replies(server: RuntimeServer) -> list[Any]:
    return [json.loads(r.body) for r in server.requests if r.call.endswith("/response")]


IN_A_SECOND = "in 1000 ms"  # a deadline for work that does not end


def test_there_is_an_interpreter() -> None:
    assert INTERPRETERS


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=lambda i: i.python)
def test_it_serves_on_every_interpreter(tmp_path: Path, interpreter: Interpreter) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import sys\n"
        "def handler(event, context):\n"
        "    return [event, context.aws_request_id, sys.version_info[:2]]\n",
    )
    with RuntimeServer([event(b'"\xc3\xa4"', "a"), event(b"1.5", "b")]) as server:
        done = run_fast(bundle, server, python=interpreter.path)

    version = list(interpreter.version[:2])
    assert replies(server) == [["ä", "a", version], [1.5, "b", version]]
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", END + b"; exiting\n")
    assert (server.connections, server.violations) == (1, [])


def test_a_start_loads_few_modules(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import sys\ndef handler(event, context):\n    return sorted(sys.modules)\n",
    )
    with RuntimeServer([event()]) as server:
        run_fast(bundle, server)

    ((*loaded,),) = replies(server)
    bare = subprocess.run(
        [PYTHON, "-S", "-c", "import sys, os; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert sorted(set(loaded) - set(bare)) == [
        "__future__",
        "_json",
        "_socket",
        "endpoint_runtime",
        "endpoint_runtime.code_archive",
        "endpoint_runtime.json_codec",
        "endpoint_runtime.lambda_api",
        "endpoint_runtime.lambda_api.answers",
        "endpoint_runtime.lambda_api.context",
        "endpoint_runtime.lambda_api.left_behind",
        "endpoint_runtime.lambda_api.runtime_api",
        "endpoint_runtime.lambda_api.startup",
        "endpoint_runtime.lambda_handler",
        "endpoint_runtime.logs",
        "endpoint_runtime.logs.report",
        "endpoint_runtime.loop",
        "endpoint_runtime.process",
        "gc",
    ]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (answer("410 Gone", b"gone"), b"the Runtime API answered GET invocation/next with"),
        (answer("500 Oh", b"oh"), b"the Runtime API answered GET invocation/next with status 500"),
        (cut(event(length=9)), b"the Runtime API cut its answer to GET invocation/next short"),
        (b"\0\0\r\n\r\n", b"the Runtime API answered GET invocation/next with '\\x00\\x00'"),
    ],
    ids=["410", "500", "cut", "garbage"],
)
def test_it_gives_up_on_a_broken_api_in_one_line(tmp_path: Path, step: Any, line: bytes) -> None:
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    with RuntimeServer([step]) as server:
        done = run_fast(bundle, server)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"endpoint_runtime: " + line)
    assert done.stderr.endswith(b"; exiting\n")
    assert done.stderr.count(b"\n") == 1


def test_it_needs_an_address(tmp_path: Path) -> None:
    done = run_fast(write_bundle(tmp_path / "bundle", ECHO), "")

    assert (done.returncode, done.stderr) == (
        1,
        b"endpoint_runtime: AWS_LAMBDA_RUNTIME_API is '', expected host:port; exiting\n",
    )


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_it_starts_under_whatever_sh_is(tmp_path: Path, shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} here")
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    with RuntimeServer([event(b"1")]) as server:
        run_fast(bundle, server, command=[path, *fast_command(bundle, PYTHON)])

    assert replies(server) == [1]


def test_it_needs_an_interpreter(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    done = run_fast(bundle, "", command=[str(bundle / "start_fast")])

    assert done.returncode != 0
    assert b"names the Python interpreter" in done.stderr


def test_threads_of_the_plugin_do_not_hide_that_the_loop_has_failed(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import threading, time\n"
        "def handler(event, context):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n",
    )
    (bundle / "endpoint_runtime" / "app" / "late_work.py").write_text("1 / 0\n")
    with RuntimeServer([event()]) as server:
        done = run_fast(bundle, server)

    assert done.returncode == 1
    assert done.stderr.endswith(b"ZeroDivisionError: division by zero\n")


def test_threads_of_the_plugin_do_not_keep_it_from_exiting(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import threading, time\n"
        "def handler(event, context):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n",
    )
    with RuntimeServer([event(deadline=IN_A_SECOND)]) as server:
        before = time.monotonic()
        done = run_fast(bundle, server)

    assert (done.returncode, time.monotonic() - before < 10) == (1, True)


@pytest.mark.parametrize(
    ("source", "code", "err"),
    [
        ("raise SystemExit(7)", 7, b""),
        ("import sys; sys.exit('bye')", 1, b"bye\n"),
        ("exit(4)", 4, b""),
        ("quit()", 0, b""),
        ("import os; os._exit(9)", 9, b""),
    ],
)
def test_a_handler_that_exits_ends_the_process(
    tmp_path: Path, source: str, code: int, err: bytes
) -> None:
    bundle = write_bundle(tmp_path / "bundle", f"def handler(event, context):\n    {source}\n")
    with RuntimeServer([event()]) as server:
        done = run_fast(bundle, server)

    assert (done.returncode, done.stderr) == (code, err)
    assert server.calls() == ["GET invocation/next"]


def test_sigterm_while_waiting_ends_it_quickly_and_well(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import threading, time\n"
        "def handler(event, context):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    print('unfinished', end='')\n",
    )
    with RuntimeServer([event(deadline=IN_A_SECOND)], end=None) as server:
        command = fast_command(bundle, PYTHON)
        process = start(command, bundle, environment(server.address))
        assert server.used_up.wait(10)
        time.sleep(0.3)  # until it waits in earnest: Lambda takes down what has long been idle
        before = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out) == (0, b"unfinished")
    assert err.count(b"\n") == 1 and b"work after the answer was cut off" in err
    assert time.monotonic() - before < 5


@pytest.mark.parametrize("at", ["import", "handler"])
def test_sigterm_at_work_ends_it_at_once(tmp_path: Path, at: str) -> None:
    source = "import time, pathlib\n"
    work = "pathlib.Path('busy').touch(); time.sleep(60)"
    source += f"{work}\n{ECHO}" if at == "import" else f"def handler(event, context):\n    {work}\n"
    bundle = write_bundle(tmp_path / "bundle", source)
    with RuntimeServer([event()]) as server:
        process = start(fast_command(bundle, PYTHON), bundle, environment(server.address))
        while not (bundle / "busy").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)

    assert (process.returncode, err) == (-signal.SIGTERM, b"")


def test_a_plugins_own_sigterm_handler_is_called_while_waiting(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import signal, sys\n"
        "def bye(number, frame):\n"
        "    print('bye')\n"
        "    sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, bye)\n" + ECHO,
    )
    with RuntimeServer([], end=None) as server:
        process = start(fast_command(bundle, PYTHON), bundle, environment(server.address))
        assert server.used_up.wait(10)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)

    assert (process.returncode, out) == (5, b"bye\n")


PATHS = "import sys, os\ndef handler(event, context):\n    return %s\n"


def test_the_path_has_bundle_layers_library_and_the_managed_packages(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", PATHS % "[sys.path, os.environ.get('PYTHONPATH')]")
    with RuntimeServer([event()]) as server:
        run_fast(bundle, server, LAMBDA_RUNTIME_DIR="/var/runtime")

    ((path, python_path),) = replies(server)
    layers = f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    library = str(Path(os.__file__).parent)
    assert path[:3] == [str(bundle), layers, "/opt/python"]
    assert path[-2:] == [library + "/site-packages", "/var/runtime"]
    assert path.index(library) in range(3, len(path) - 2)
    assert (len(set(path)), python_path) == (len(path), "/var/runtime")


def test_a_python_path_of_the_users_is_kept_and_started_with_site(tmp_path: Path) -> None:
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "sitecustomize.py").write_text("import os\nos.environ['CUSTOM'] = '1'\n")
    bundle = write_bundle(
        tmp_path / "bundle", PATHS % "[sys.path[:2], os.environ['CUSTOM'], sys.flags.no_site]"
    )
    with RuntimeServer([event()]) as server:
        run_fast(bundle, server, PYTHONPATH=str(tmp_path / "extra"))

    assert replies(server) == [[[str(bundle), str(tmp_path / "extra")], "1", 0]]


def test_path_files_in_the_bundle_are_followed(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", "import there\n" + PATHS % "there.ANSWER")
    (bundle / "further").mkdir()
    (bundle / "further" / "there.py").write_text("ANSWER = 42\n")
    (bundle / "further.pth").write_text("further\n")
    with RuntimeServer([event()]) as server:
        run_fast(bundle, server)

    assert replies(server) == [42]


def test_it_starts_from_any_folder(tmp_path: Path) -> None:
    write_bundle(tmp_path / "a bundle", ECHO)
    with RuntimeServer([event(b"1")]) as server:
        command = ["./a bundle/start_fast", str(PYTHON), "x"]
        process = start(command, tmp_path, environment(server.address))
        process.communicate(timeout=20)

    assert replies(server) == [1]


@pytest.mark.parametrize(
    ("name", "called"),
    [("other.serve", "other"), ("/var/runtime/bootstrap.py", "own"), ("", "own")],
)
def test_the_handler_is_the_bundles_unless_another_is_named(
    tmp_path: Path, name: str, called: str
) -> None:
    bundle = write_bundle(tmp_path / "bundle", "def handler(event, context):\n    return 'own'\n")
    (bundle / "other.py").write_text("def serve(event, context):\n    return 'other'\n")
    with RuntimeServer([event()]) as server:
        run_fast(bundle, server, _HANDLER=name)

    assert replies(server) == [called]


@pytest.mark.parametrize(
    "env",
    [{"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, {"AWS_LAMBDA_MAX_CONCURRENCY": "16"}],
)
def test_what_only_the_stock_client_can_is_left_to_it(tmp_path: Path, env: Any) -> None:
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    command = [str(bundle / "start_fast"), "/bin/echo", "the stock client", "a  b"]
    done = run_fast(bundle, "", command=command, **env)

    assert done.stdout == b"the stock client a  b\n"


def test_a_concurrency_of_one_is_served(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    with RuntimeServer([event(b"1")]) as server:
        run_fast(bundle, server, AWS_LAMBDA_MAX_CONCURRENCY="1")

    assert replies(server) == [1]


def test_logging_is_configured_when_it_is_imported_during_a_request(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import sys\n"
        "def handler(event, context):\n"
        "    before = 'logging' in sys.modules\n"
        "    import logging.handlers\n"
        "    spec = logging.__spec__\n"
        "    logging.getLogger('x').warning('w')\n"
        "    return [before, len(logging.getLogger().handlers), vars(spec.loader)]\n",
    )
    with RuntimeServer([event(), event(request_id="b")]) as server:
        done = run_fast(bundle, server)

    (first, second) = replies(server)
    assert (first[:2], second[:2]) == ([False, 1], [True, 1])
    assert "exec_module" not in first[2]
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [(line[0], *line[2:]) for line in lines] == [
        ("[WARNING]", "id-1", "w"),
        ("[WARNING]", "b", "w"),
    ]


def test_output_appears_at_once(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import os\n"
        "def handler(event, context):\n"
        "    print('a', end='')\n"
        "    os.write(1, b'b')\n"
        "    context.log('c')\n"
        "    os.write(1, b'd')\n"
        "    os._exit(0)\n",
    )
    with RuntimeServer([event()]) as server:
        done = run_fast(bundle, server)

    assert done.stdout == b"abcd"


def test_a_closed_stdout_does_not_cost_the_error_report(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        "import os, sys\n"
        "def handler(event, context):\n"
        "    os.close(1)\n"
        "    raise ValueError('x')\n",
    )
    with RuntimeServer([event(), event(request_id="b")]) as server:
        done = run_fast(bundle, server)

    assert [r.call for r in server.requests if r.method == "POST"] == [
        "POST invocation/id-1/error",
        "POST invocation/b/error",
    ]
    assert done.returncode == 1
