"""What `packager check` of a plugin of 100 endpoints takes: the whole command, in turns.

    python -m benchmarks.check [--endpoints 100] [--rounds 7]

The plugin is generated: each endpoint has a YAML file and a source of some 40 lines that imports a
module of the plugin, settings are 20, and requirements and a configuration are there. The time is
wall-clock time, the CPU time that of the command and of the interpreter that reads the sources.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from packager.host.interpreter import newest_supported

SECONDS = 1.0  # what it may take on an idle machine

_SOURCE = '''\
"""`POST /things/{n}/<int:id>`: takes a thing."""

import hmac
import json
from collections.abc import Mapping

from shared.replies import reply
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Thing{n}(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Check the key, then keep what came."""
        given = r.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given, settings["secret_0"]):
            return reply(401, {{"error": "no key"}})
        try:
            content = json.loads(r.get_data())
        except ValueError:
            return reply(400, {{"error": "no JSON"}})
        if not isinstance(content, dict):
            return reply(400, {{"error": "no object"}})
        self.session.storage.set(f"thing-{n}-{{values['id']}}", json.dumps(content).encode())
        return reply(200, {{"kept": sorted(content)}})
'''
_ENDPOINT = """\
path: "/things/{n}/<int:id>"
method: POST
extra:
  python:
    source: endpoints/thing_{n}.py
"""


def write_plugin(root: Path, endpoints: int) -> None:
    """Write a plugin with that many endpoints into `root`."""
    files = {
        "manifest.yaml": "version: 0.0.1\ntype: plugin\nauthor: me\nname: large\n"
        "plugins:\n  endpoints:\n    - group/large.yaml\n",
        "group/large.yaml": "settings:\n"
        + "".join(
            f"  - name: secret_{n}\n    type: secret-input\n    required: false\n"
            f"    label:\n      en_US: Secret {n}\n      zh_Hans: Secret {n}\n"
            for n in range(20)
        )
        + "endpoints:\n"
        + "".join(f"  - endpoints/thing_{n}.yaml\n" for n in range(endpoints)),
        "shared/replies.py": "import json\n\nfrom werkzeug import Response\n\n\n"
        "def reply(status, content):\n    return Response(json.dumps(content), status)\n",
        "requirements.txt": "dify_plugin>=0.4\nrequests\n",
        "packager.toml": 'memory = 256\n\n[settings]\nsecret_0 = { ssm = "/large/secret_0" }\n',
    }
    for n in range(endpoints):
        files[f"endpoints/thing_{n}.yaml"] = _ENDPOINT.format(n=n)
        files[f"endpoints/thing_{n}.py"] = _SOURCE.format(n=n)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if interpreter := newest_supported():
        print(json.dumps(describe_machine(interpreter)))
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "large")
        write_plugin(root, options.endpoints)
        walls, cpus = [], []
        for _ in range(options.rounds + 1):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            command = [sys.executable, "-m", "packager", "check", str(root), "--strict"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            walls.append(time.perf_counter() - start)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"packager check of {options.endpoints} endpoints, {options.rounds} rounds after one:")
    print(f"  wall {statistics.median(walls[1:]):.2f} s, least {min(walls[1:]):.2f} s")
    print(f"  CPU  {statistics.median(cpus[1:]):.2f} s, least {min(cpus[1:]):.2f} s")
    print(f"  {'under' if min(cpus[1:]) < SECONDS else 'OVER'} {SECONDS} s of CPU")


if __name__ == "__main__":
    main()
