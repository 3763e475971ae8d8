"""A stand-in of Dify's plugin daemon, as far as plugins in the real SDK call back to it over HTTP.

What it answers is by the rules of `packager.local.fake_dify.apps`, so that a plugin in the SDK and
its bundle before `FakeDify` get the same. The transport is that of a serverless installation:
`_http_backwards_invoke` in src/dify_plugin/core/runtime.py of langgenius/dify-plugin-sdks; what
the calls mean is internal/core/io_tunnel/backwards_invocation of langgenius/dify-plugin-daemon and
api/core/plugin/backwards_invocation of langgenius/dify.
"""

from __future__ import annotations

import contextlib
import json
import threading
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from packager.local.fake_dify.apps import Workspace
from packager.local.fake_dify.calls import FakeCalls
from packager.local.fake_dify.refusals import ApiRefusal
from packager.local.fake_dify.script import Script

_CALLS = "/backwards-invocation/transaction"
_UPLOADS = "/files/upload/for-plugin"
_MISSING = "load data failed, please check if the key is correct or you have not set it"


class Failed(Exception):
    """What a call is answered with where it can't be done."""


class FakeDaemon:
    """The stand-in; `url` is what DIFY_PLUGIN_DAEMON_URL takes. `user` is who calls apps."""

    def __init__(
        self,
        modes: Mapping[str, str] | None = None,
        *,
        user: str = "default",
        script: Script | None = None,
    ) -> None:
        self.workspace = Workspace(modes or {})
        self.fake_calls = FakeCalls(script)
        self.storage: dict[str, bytes] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []  # type and request, in order
        self._user = user
        daemon = self

        class Handler(_Handler):
            running = daemon

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeDaemon:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answers(self, kind: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what a call is answered with, one dict after the other; or raises an ApiRefusal."""
        self.calls.append((kind, request))
        match kind:
            case "storage":
                yield {"data": self._stored(request)}
            case "app":
                answer = self._app(request)
                if isinstance(answer, dict):
                    yield answer
                    return
                for event in answer:
                    if event is not None:  # pings end here
                        yield event
            case "fetch_app":
                yield self.workspace.parameters(request["app_id"])
            case "upload_file":
                yield {"url": self.url + _UPLOADS}
            case _:
                yield from self._calls(kind, request)

    def _calls(self, kind: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the answers of a model, a tool or a node, with the daemon's words for errors."""
        words = {
            "llm": "read llm model",
            "llm_structured_output": "read llm with structured output model",
            "tts": "read tts model",
            "tool": "read tool response",
            "multimodal_embedding": "invoke multimodal embedding model",
            "multimodal_rerank": "invoke multimodal rerank model",
            "node_parameter_extractor": "invoke parameter extractor",
            "node_question_classifier": "invoke question classifier",
            "system_summary": "invoke summary",
        }
        try:
            yield from self.fake_calls.answers(kind, request)
        except ApiRefusal as refused:
            said = words.get(kind, f"invoke {kind.replace('_', '-')} model")
            raise Failed(f"{said} failed: request failed: {refused}") from None

    def _stored(self, request: dict[str, Any]) -> str | bool:
        key = request["key"]
        if not isinstance(key, str):
            raise Failed("the key is not text")
        match request["opt"]:
            case "get":
                if key not in self.storage:
                    raise Failed(_MISSING)
                return hexlify(self.storage[key]).decode()
            case "set":
                if len(key) > 256:
                    raise Failed("save data failed: key length must be less than 256 characters")
                self.storage[key] = unhexlify(request["value"])
            case "del":
                self.storage.pop(key, None)
            case "exist":
                return key in self.storage
        return "ok"

    def _app(self, request: dict[str, Any]) -> Any:
        """Call an app: its mode decides, and where it has none what the call looks like."""
        app_id = request["app_id"]
        if not isinstance(app_id, str):
            raise Failed("app not found")
        mode = self.workspace.mode(app_id)
        if mode is None:
            mode = "chat" if "query" in request else "workflow"
        body = {
            "inputs": _as_uploads(request["inputs"]),
            "response_mode": request["response_mode"],
            "user": request.get("user") or self._user,
        }
        if mode == "workflow":
            return self.workspace.workflow(app_id, body)
        if mode == "completion":
            return self.workspace.completion(app_id, body)
        for_chats = {
            "query": request.get("query") or "",
            "conversation_id": request.get("conversation_id") or "",
        }
        return self.workspace.chat(app_id, body | for_chats)


class _Handler(BaseHTTPRequestHandler):
    running: FakeDaemon
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == _UPLOADS:
            file = self.running.workspace.upload("", self._form(body) | {"user": "daemon"})
            # Dify gives plugins the extension with its dot, and clients of the Service API without.
            file["extension"] = f".{file['extension'] or 'bin'}"
            self._send(201, json.dumps(file).encode())
            return
        assert self.path == _CALLS, self.path
        sent = json.loads(body)
        assert (sent["event"], sent["data"]["type"]) == ("session", "invoke"), sent
        call = sent["data"]["data"]
        lines = b"".join(
            json.dumps(
                {
                    "session_id": sent["session_id"],
                    "event": "backwards_response",
                    "data": {"backwards_request_id": call["backwards_request_id"], **data},
                }
            ).encode()
            + b"\n"
            for data in self._events(call["type"], call["request"])
        )
        self._send(200, lines)

    def _events(self, kind: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            for data in self.running.answers(kind, request):
                yield {"event": "response", "message": "", "data": data}
        except (Failed, ApiRefusal) as fault:
            yield {"event": "error", "message": str(fault), "data": None}
            return
        yield {"event": "end", "message": "", "data": None}

    def _form(self, content: bytes) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = BytesParser(policy=HTTP).parsebytes(head + content).iter_parts()
        return {
            "file": {
                "filename": part.get_filename(),
                "mime_type": part.get_content_type(),
                "content": part.get_payload(decode=True),
            }
        }

    def _send(self, status: int, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _as_uploads(value: Any) -> Any:
    """Return inputs with the files of plugins as the stand-in's apps know uploads."""
    if isinstance(value, dict):
        if value.get("transfer_method") == "tool_file":
            value = {**value, "transfer_method": "local_file"}
            value["upload_file_id"] = value.pop("tool_file_id", None)
        return {name: _as_uploads(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_uploads(each) for each in value]
    return value
