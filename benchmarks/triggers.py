"""What a trigger provider's cold start costs beside an endpoint with the same imports.

    python -m benchmarks.triggers [--rounds 30]

`plugins/github_trigger`, and a managed endpoint whose source imports what its provider does and
checks the same signature: started in turns, with a delivery that is verified and dispatched to no
event, which is answered as the plugin says. Both have their subscription, or endpoint, in a file
here. CPU time is that of all threads until the reply has come, by the fast entry.
"""

from __future__ import annotations

import argparse
import hmac
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi
from benchmarks.cold_start import Starter
from benchmarks.machine import describe_machine
from benchmarks.warm import target_python
from packager.host.interpreter import host_architecture
from tests.support.builders import http_2
from tests.support.managed_endpoints import FileEndpoints
from tests.support.plugin_writer import write_plugin

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "plugins" / "github_trigger"
SECRET = "s" * 40
# What the provider imports, and an endpoint that does of it what a dispatched delivery needs.
_ENDPOINT = """

from dify_plugin import Endpoint


class Hook(Endpoint):
    def _invoke(self, r, values, settings):
        secret = settings["secret"].encode()
        wanted = "sha256=" + hmac.new(secret, r.get_data(), "sha256").hexdigest()
        if not hmac.compare_digest(wanted, r.headers.get("X-Hub-Signature-256", "")):
            return Response(status=403)
        r.get_json(silent=True)
        return Response('{"ok": true}', content_type="application/json")
"""
_FILES = {
    "manifest.yaml": "name: hook\nversion: 0.0.1\nplugins: {endpoints: [group/hook.yaml]}\n",
    "group/hook.yaml": "settings: [{name: secret, type: secret-input, required: true}]\n"
    "endpoints: [{path: /, method: POST, extra: {python: {source: hook.py}}}]\n",
    "packager.toml": 'endpoints = "managed"\nendpoints_store = "file"\n',
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
}


def _built(plugin: Path, out: Path, python: str) -> Path:
    target = ("--runtime", python, "--arch", host_architecture(), "-o", str(out))
    command = [sys.executable, "-m", "packager", "build", str(plugin), *target]
    subprocess.run(command, check=True, capture_output=True)
    (bundle,) = (path for path in out.iterdir() if path.is_dir())
    return bundle


def main() -> None:
    """Measure, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds: int = parser.parse_args().rounds
    interpreter = target_python()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        provider = Path(shutil.copytree(EXAMPLE, folder / "github_trigger"))
        text = (provider / "packager.toml").read_text()
        (provider / "packager.toml").write_text(f'endpoints_store = "file"\n{text}')
        source = (provider / "provider" / "github.py").read_text()
        imports = source[: source.index("\nSCOPES")]
        write_plugin(folder / "hook", {**_FILES, "hook.py": imports + _ENDPOINT})
        bundles = {
            "an endpoint": _built(folder / "hook", folder / "out1", interpreter.python),
            "a provider": _built(provider, folder / "out2", interpreter.python),
        }
        kept = {
            "an endpoint": ("hook/hook", {"secret": SECRET}),
            "a provider": (
                "github_trigger/github_trigger",
                {"properties": {"webhook_secret": SECRET}, "workflows": []},
            ),
        }
        starter = Starter(ColdApi(), interpreter.path, interpreter.path)
        contender = contenders.Contender("", "", contenders.NEKO, entry="fast")
        body = json.dumps({"zen": "Keep it simple."})
        signature = hmac.new(SECRET.encode(), body.encode(), "sha256").hexdigest()
        runs: dict[str, tuple[Path, bytes, dict[str, str]]] = {}
        for name, (function, values) in kept.items():
            store = FileEndpoints(folder / f"{name}.sqlite", function)
            hook_id = store.put("bench", values)
            headers = {
                "x-github-event": "ping",
                "x-hub-signature-256": f"sha256={signature}",
                "content-type": "application/json",
            }
            event = http_2(method="POST", path=f"/e/{hook_id}", headers=headers, body=body)
            runs[name] = bundles[name], json.dumps(event).encode(), store.environment
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, (bundle, sent, environment) in runs.items():
                done = starter.start(contender, bundle, sent, **environment)
                assert json.loads(done.reply.body)["statusCode"] == 200, done.reply.body
                times[name].append(done.cpu)
    medians = {name: statistics.median(each) for name, each in times.items()}
    for key, value in describe_machine(interpreter).items():
        print(f"{key}: {value}")
    for name, median in medians.items():
        print(f"{name}: {median:.1f} ms of CPU (median of {rounds}, least {min(times[name]):.1f})")
    print(f"ratio: {medians['a provider'] / medians['an endpoint']:.2f}")


if __name__ == "__main__":
    main()
