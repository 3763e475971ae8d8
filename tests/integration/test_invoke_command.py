"""`packager invoke` as a user runs it: its stdout, its stderr, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from packager.bundle.read import BuiltBundle
from packager.cli.invoke import names_for_log
from packager.contract import LITERALS
from packager.host.interpreter import Interpreter, host_architecture
from packager.local.request_event import make_event
from tests.support.examples import NEKO, NEKO_ENV, ROOT, Build, Command
from tests.support.plugin_writer import write_plugin
from tests.support.trouble import CONFIGURATION, FILES

TIMES = re.compile(r"^Init Duration: \d+\.\d ms  Duration: \d+\.\d ms$", re.MULTILINE)


@pytest.mark.parametrize("form", ["NekoFunction", "NekoFunction.zip", "."])
def test_a_bundle_in_each_of_its_forms(command: Command, neko_out: Path, form: str) -> None:
    done = command("invoke", neko_out / form, "--request", "GET /duck/42")
    assert (done.returncode, done.stdout) == (0, b"42 <br>")
    log, times = done.stderr.decode().splitlines()
    assert re.fullmatch(r"\[INFO\]\t\S+Z\t[0-9a-f-]{36}\tGET /duck/<app_id> 200 \d+\.\d ms", log)
    assert TIMES.fullmatch(times)


def test_a_plugin_is_built_for_this_machine(command: Command, interpreter: Interpreter) -> None:
    done = command(
        "invoke", NEKO, "--runtime", interpreter.python, "--request", "GET /duck/7", cwd=Path("/")
    )
    assert (done.returncode, done.stdout) == (0, b"7 <br>"), done.stderr.decode()
    assert TIMES.search(done.stderr.decode())


def test_status_and_headers_come_first(command: Command, neko: Path) -> None:
    done = command("invoke", neko, "-i", "--payload", "1.0", "--request", "PUT /mood/happy")
    assert (done.returncode, done.stdout.decode()) == (
        0,
        "HTTP/1.1 204 No Content\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Set-Cookie: mood=happy; HttpOnly; Path=/; SameSite=Lax\n"
        "Set-Cookie: last=put; Path=/; SameSite=Lax\n"
        "\n",
    )


def test_the_raw_reply(command: Command, neko: Path) -> None:
    done = command("invoke", neko, "--format", "json", "--request", "/duck/42")
    assert (done.returncode, json.loads(done.stdout)) == (
        0,
        {
            "statusCode": 200,
            "headers": {"Content-Type": "text/html"},
            "body": "42 <br>",
            "isBase64Encoded": False,
        },
    )


def test_a_binary_body_comes_out_as_it_is(command: Command, neko: Path) -> None:
    done = command("invoke", neko, "--request", "GET /qr?format=png")
    assert (done.returncode, done.stdout[:8], done.stdout[-8:-4]) == (
        0,
        b"\x89PNG\r\n\x1a\n",
        b"IEND",
    )


def test_any_status_is_a_reply(command: Command, neko: Path) -> None:
    done = command("invoke", neko, "--request", "GET /nowhere")
    assert (done.returncode, b"404 Not Found" in done.stdout) == (0, True)


@pytest.mark.parametrize("via", ["env file", "environment"])
def test_settings_come_from_the_environment(
    command: Command, neko: Path, tmp_path: Path, via: str
) -> None:
    arguments: list[object] = ["invoke", neko, "--request", "/echo"]
    arguments += ["-H", "Authorization: Bearer a long random text", "-d", "@-"]
    env_file = tmp_path / "env"
    env_file.write_text(f"NEKO_API_KEY='{NEKO_ENV['NEKO_API_KEY']}'\n")
    body = '["にゃ"]'.encode()
    if via == "env file":
        done = command(
            *arguments, "--env-file", env_file, stdin=body, NEKO_API_KEY="another in the shell"
        )
    else:
        done = command(*arguments, stdin=body, **NEKO_ENV)
    assert (done.returncode, done.stdout) == (0, '{"echo": ["にゃ"]}'.encode())


def test_an_event_from_a_file_or_stdin(command: Command, neko: Path, tmp_path: Path) -> None:
    event = json.dumps(make_event("GET", "/duck/9", payload="1.0"))
    path = tmp_path / "event.json"
    path.write_text(event)
    from_file = command("invoke", neko, "--event", path)
    from_stdin = command("invoke", neko, "--event", "-", stdin=event.encode())
    assert (from_file.stdout, from_stdin.stdout) == (b"9 <br>", b"9 <br>")


def test_an_event_that_is_not_http_fails(command: Command, neko: Path) -> None:
    done = command("invoke", neko, "--event", "-", stdin=b'{"detail-type": "x"}')
    assert (done.returncode, done.stdout) == (1, b"")
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("error: the function failed: ")
    assert "an EventBridge event" in last


def test_a_failing_endpoint_is_a_reply_without_its_secret(command: Command, trouble: Path) -> None:
    done = command("invoke", trouble, "--request", "GET /raise", TROUBLE_TOKEN="very-secret")
    assert done.returncode == 0
    assert b"500 Internal Server Error" in done.stdout
    assert b"not for callers" not in done.stdout
    log = done.stderr.decode()
    assert "RuntimeError: not for callers: ***" in log
    assert 'endpoints/raise.py", line 8, in _invoke' in log
    assert "very-secret" not in log


def test_a_process_that_ends_is_said(command: Command, trouble: Path) -> None:
    done = command("invoke", trouble, "--request", "GET /exit")
    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        "going\nerror: the function's process ended before it answered: exit status 7\n",
    )


def test_a_time_out_is_said_and_nothing_is_left(
    command: Command, build: Build, tmp_path: Path, entry: str
) -> None:
    # A plugin of its own: a time that is short on a busy machine would fail all the other requests.
    configuration = f'entry = "{entry}"\ntimeout = 5\n{CONFIGURATION}'
    plugin = write_plugin(tmp_path / "hasty", {**FILES, "packager.toml": configuration})
    done = command("invoke", build(plugin), "--request", "GET /sleep")
    assert (done.returncode, done.stdout) == (1, b"")
    waiting, error, hint = done.stderr.decode().splitlines()
    assert error == "error: the function timed out after 5 s"
    assert hint == "  hint: `timeout` in the plugin's configuration says how long it may take"
    assert gone(waiting)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_an_interrupted_command_leaves_nothing(trouble: Path, number: int, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "packager", "invoke", trouble, "--request", "GET /sleep"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        waiting = process.stderr.readline()
        process.send_signal(number)
        assert process.wait(10) == code
        assert process.stderr.read() == ""
    assert gone(waiting)


def gone(line: str) -> bool:
    """Whether the processes that a line names have ended, or are about to."""
    numbers = re.fullmatch(r"waiting as (\d+) with (\d+)\n?", line)
    assert numbers, line
    for number in numbers.groups():
        for _ in range(100):
            try:
                state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                break
            if state == "Z":
                break
            time.sleep(0.02)
        else:
            return False
    return True


def test_compiled_code_for_another_machine_is_noted(
    command: Command, tmp_path: Path, interpreter: Interpreter
) -> None:
    here = host_architecture()
    other = "arm64" if here == "x86_64" else "x86_64"
    out = tmp_path / "out"
    command("build", NEKO, "-o", out, "--runtime", interpreter.python, "--arch", other)
    done = command("invoke", out, "--request", "GET /duck/42")
    # markupsafe works without its compiled part.
    assert (done.returncode, done.stdout) == (0, b"42 <br>"), done.stderr.decode()
    assert done.stderr.decode().splitlines()[0] == (
        f"warning: NekoFunction holds compiled code for {other}, which this machine ({here}) "
        "can't run"
    )


def test_a_plugin_sees_the_bundle_and_the_standard_library_alone(
    command: Command, trouble: Path, entry: str
) -> None:
    done = command("invoke", trouble, "--request", "GET /seen", NOT_FOR_THE_FUNCTION="x")
    seen = json.loads(done.stdout)
    root, plugin = str(trouble.resolve()), str(trouble.resolve() / "plugin")
    assert seen["path"][0] == plugin
    assert seen["folder"] == plugin
    assert seen["exit"] == ["exit", "quit"]
    assert "NOT_FOR_THE_FUNCTION" not in seen["environment"]
    assert {"HOME", "VIRTUAL_ENV"}.isdisjoint(seen["environment"])
    elsewhere = {
        name: file
        for name, file in seen["modules"].items()
        if "site-packages" in file or file.startswith(str(ROOT) + os.sep)
    }
    # What starts the client is the one file of ours, and stands for /var/runtime/bootstrap.py.
    assert list(elsewhere) == (["__main__"] if entry == "stock" else [])
    assert not [path for path in seen["path"] if path.endswith("site-packages")][1:]
    inside = {name.split(".")[0] for name, file in seen["modules"].items() if file.startswith(root)}
    assert {"endpoint_runtime", "dify_plugin", "werkzeug"} <= inside


def test_a_bundle_stays_as_it_was(command: Command, neko: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in neko.rglob("*")}
    command("invoke", neko, "--request", "GET /neko")
    assert {path: path.stat().st_mtime_ns for path in neko.rglob("*")} == before


def test_a_bundle_that_is_named_by_a_relative_path_keeps_its_paths_in_the_log(
    command: Command, neko: Path
) -> None:
    done = command(
        *("invoke", neko.name, "--request", "GET /duck/42", "--format", "json"), cwd=neko.parent
    )
    assert done.returncode == 0
    assert b"/var/task" not in done.stderr


@pytest.mark.parametrize(
    ("path", "folder", "said"),
    [
        ("out", "out/F", ()),
        ("out/F", "out/F", ()),
        ("plugin", "/tmp/packager-x/F", ("plugin/", "/var/task/")),
        ("out/F.zip", "/tmp/packager-x/F", ("/var/task/",)),
    ],
)
def test_what_the_log_calls_a_bundles_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, folder: str, said: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugin").mkdir()
    marker = tmp_path / "out" / "F" / LITERALS
    marker.parent.mkdir(parents=True)
    marker.write_text("")
    with zipfile.ZipFile(tmp_path / "out" / "F.zip", "w") as archive:
        archive.writestr(LITERALS, "")
    bundle = BuiltBundle(Path(folder), "F", "3.13", "x86_64", 3, ())

    names = names_for_log(Path(path), bundle)

    assert tuple(name.decode() for _, name in names) == said
    assert all(Path(old.decode()).is_absolute() for old, _ in names)
