"""How long after a model's first text arrives the client of a streaming endpoint has it.

    python -m benchmarks.first_token [--rounds 40]

A stand-in of the model's endpoint writes the time into what it streams, a plugin under `packager
serve` passes it on, and the client looks at the same clock: the way there, through the plugin and
to the client is all in it. Nothing fails on a slow day.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.warm import target_python
from tests.support.plugin_writer import write_plugin
from tests.support.served import served

PAUSE = 0.02  # seconds between the two texts of an answer
SOURCE = """\
from dify_plugin import Endpoint
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        config = LLMModelConfig(provider="p", model="m", mode="chat")
        chunks = self.session.model.llm.invoke(config, [UserPromptMessage(content="hi")])
        texts = (each.delta.message.content for each in chunks)
        return Response((f"{text}\\n" for text in texts if text), content_type="text/plain")
"""
CONFIGURATION = 'stream = true\napi = "url"\n[models]\nbase_url = "{url}/v1"\n'


class Model(BaseHTTPRequestHandler):
    """Streams two texts: the times at which it sends them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer a chat."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(2):
            time.sleep(PAUSE)
            self._send({"delta": {"content": f"{time.time():.6f}"}})
        self._send({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, choice: dict[str, object]) -> None:
        piece = f"data: {json.dumps({'choices': [{'index': 0, **choice}]})}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def delays(port: int) -> list[float]:
    """Return how late each text of one answer was, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/duck/1")
    response = connection.getresponse()
    late = []
    while line := response.readline():
        late.append((time.time() - float(line)) * 1000)
    connection.close()
    return late


def main() -> None:
    """Measure, and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    print(json.dumps(describe_machine(target_python())))
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{model.server_address[1]}"
    with tempfile.TemporaryDirectory() as name:
        files = {"endpoints/duck.py": SOURCE, "packager.toml": CONFIGURATION.format(url=url)}
        files["group/tiny.yaml"] = "endpoints: [endpoints/duck.yaml]\n"
        plugin = write_plugin(Path(name) / "tiny", files)
        with served(plugin, "--runtime", target_python().python, "--no-reload") as server:
            delays(server.port)  # the environment is warm from here on
            found = [delays(server.port) for _ in range(rounds)]
            server.stop()
    model.shutdown()
    for what, late in (("first", [each[0] for each in found]), ("second", [e[1] for e in found])):
        most = statistics.quantiles(late, n=20, method="inclusive")[-1]
        print(f"{what:7} median {statistics.median(late):.2f} ms, 95 % within {most:.2f} ms")


if __name__ == "__main__":
    main()
