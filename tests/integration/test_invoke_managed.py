"""neko with three endpoints: by `packager invoke --endpoint`, AWS's emulator and WSGI, by both
entries and both adapters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from packager.bundle.read import read_bundle
from packager.contract import ENDPOINTS_PATH
from packager.host.interpreter import Interpreter, host_architecture
from packager.local.environment import endpoint_store, endpoint_variables
from packager.local.request_event import Payload, make_event
from tests.support.examples import NEKO, Command
from tests.support.rie import emulator

GREETINGS = {"Pepper": "Miau", "Salt & co": "Purr", "größe": "Nyan"}
KINDS = {
    "fast": "",
    "stock": 'entry = "stock"\n',
    "mangum": 'adapter = "mangum"\n',
    "aws-wsgi": 'adapter = "aws-wsgi"\n',
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_endpoint_has_its_own_settings(
    command: Command,
    interpreter: Interpreter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plugin = Path(shutil.copytree(NEKO, tmp_path / "neko"))
    configuration = f'endpoints = "managed"\narchitecture = "{host_architecture()}"\n{KINDS[kind]}'
    (plugin / "packager.toml").write_text(configuration)
    for name, greeting in GREETINGS.items():
        given = tmp_path / "given.yaml"
        given.write_text(f"greeting: {greeting}\napi_key: key of {greeting}\n", encoding="utf-8")
        made = command("endpoints", "create", plugin, "--name", name, "--file", given)
        assert made.returncode == 0, made.stderr.decode()
    out = tmp_path / "out"
    built = command("build", plugin, "-o", out, "--runtime", interpreter.python)
    assert built.returncode == 0, built.stderr.decode()
    payload: Payload = "1.0" if kind == "aws-wsgi" else "2.0"
    bundle = read_bundle(out / "NekoFunction")
    store = endpoint_store(bundle)
    assert store is not None
    paths = {each.name: f"{ENDPOINTS_PATH}{each.hook_id}/neko" for each in store.all()}

    for name, greeting in GREETINGS.items():
        asked = ("--endpoint", name, "--request", "GET /neko", "--payload", payload)
        done = command("invoke", out, *asked)
        log = done.stderr.decode()
        assert done.returncode == 0, log
        assert f"<title>{greeting}</title>" in done.stdout.decode()
        assert f"GET [{name}] /neko 200" in log
        assert "/e/" not in log

    missing = command("invoke", out, "--endpoint", "Peper", "--request", "GET /neko")
    assert missing.returncode == 2
    assert missing.stderr.decode().splitlines() == [
        "error: neko has no endpoint Peper on this machine",
        "  hint: did you mean Pepper?",
    ]
    nowhere = command("invoke", out, "--request", "GET /neko", "-i", "--payload", payload)
    assert nowhere.stdout.decode().startswith("HTTP/1.1 404 Not Found\n")

    with emulator(bundle.folder, tmp_path / "emulator.log", endpoint_variables(bundle)) as emulated:
        for name, greeting in GREETINGS.items():
            answer = emulated.invoke(make_event("GET", paths[name], [], b"", payload))
            assert int(answer["statusCode"]) == 200
            assert f"<title>{greeting}</title>" in answer["body"]
        unknown = emulated.invoke(
            make_event("GET", f"{ENDPOINTS_PATH}{'a' * 24}/neko", [], b"", payload)
        )
        assert int(unknown["statusCode"]) == 404
        assert "/e/" not in emulated.log

    for name, greeting in GREETINGS.items():
        served = subprocess.run(
            [interpreter.path, "-c", SERVE, bundle.folder, paths[name]],
            env=endpoint_variables(bundle),
            capture_output=True,
            check=False,
        )
        assert served.returncode == 0, served.stderr.decode()
        assert served.stdout.startswith(b"200 OK\n")
        assert f"<title>{greeting}</title>".encode() in served.stdout


SERVE = """
import sys
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

bundle, path = sys.argv[1:]
sys.path[:] = [bundle, *[each for each in sys.path[1:] if "site-packages" not in each]]
from endpoint_runtime.lambda_handler import application

environ = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
setup_testing_defaults(environ)

def start_response(status, headers, exc_info=None):
    print(status, flush=True)
    return sys.stdout.buffer.write

body = validator(application)(environ, start_response)
for each in body:
    sys.stdout.buffer.write(each)
body.close()
"""
