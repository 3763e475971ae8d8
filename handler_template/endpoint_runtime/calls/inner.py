"""Calls that a self-hosted Dify answers by its inner API, which is for its plugin daemon.

Sources: api/controllers/inner_api/plugin/plugin.py of langgenius/dify, and of
langgenius/dify-plugin-daemon internal/core/dify_invocation (requests and answers) and
internal/core/io_tunnel/backwards_invocation/task.go (what a plugin is told of errors).
"""

from __future__ import annotations

import os

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.keys import KeyHeader
from endpoint_runtime.calls.server import Server, json_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Exchange
    from endpoint_runtime.settings.keys import Keys

# By the SDK's kind of call: the route, whether it is answered as a stream, and how the daemon
# names it where it fails.
_ROUTES = {
    "llm": ("llm", True, "read llm model"),
    "llm_structured_output": (
        "llm/structured-output",
        True,
        "read llm with structured output model",
    ),
    "text_embedding": ("text-embedding", False, "invoke text-embedding model"),
    "multimodal_embedding": ("multimodal-embedding", False, "invoke multimodal embedding model"),
    "rerank": ("rerank", False, "invoke rerank model"),
    "multimodal_rerank": ("multimodal-rerank", False, "invoke multimodal rerank model"),
    "tts": ("tts", True, "read tts model"),
    "speech2text": ("speech2text", False, "invoke speech2text model"),
    "moderation": ("moderation", False, "invoke moderation model"),
    "tool": ("tool", True, "read tool response"),
    "node_parameter_extractor": ("parameter-extractor", False, "invoke parameter extractor"),
    "node_question_classifier": ("question-classifier", False, "invoke question classifier"),
    "system_summary": ("summary", False, "invoke summary"),
    "app": ("app", True, "read app"),
    "upload_file": ("../upload/file/request", False, "upload file"),
    "fetch_app": ("../fetch/app/info", False, "fetch app"),
}
_KEY = "dify.inner_key"
# What `plugin_inner_api_only` (api/controllers/inner_api/wraps.py of langgenius/dify) answers to
# another key than its own.
_NOT_FOUND = 404
_HEADER = "X-Inner-Api-Key"
STAND_IN = "PACKAGER_DIFY"
_MAGIC = 0x0F  # with which each part of a stream begins
_PREFIX = 4  # bytes: the magic number, a reserved one, the header's length
MAX_PART = 64 << 20  # bytes


class Inner:
    """The inner API that the bundle's DIFY_INNER names, or the stand-in's; threads share one."""

    name = "Dify's inner API"

    def __init__(self, where: Mapping[str, Any] | None, keys: Keys) -> None:
        stand_in = os.environ.get(STAND_IN)
        if stand_in or where is None:
            where = {"url": (stand_in or "").removesuffix("/v1"), "tenant": "stand-in", "user": ""}
        self._who = {"tenant_id": where["tenant"], "user_id": where["user"]}
        self._headers = {_HEADER: "stand-in"} if stand_in else {}
        key = None if stand_in else KeyHeader(keys, _KEY, _HEADER, "", renew_at=_NOT_FOUND)
        self._server = Server(f"{where['url']}/inner/api", key)

    def answers(self, kind: str) -> bool:
        """Return whether it has calls of a kind (the SDK's InvokeType)."""
        return kind in _ROUTES

    def invoke(
        self, session: Session, kind: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers to a call; raises CallError, with the daemon's words."""
        route, streams, words = _ROUTES[kind]
        body = {name: value for name, value in data.items() if name != "model_type"}
        body |= {**self._who, "type": kind}
        if isinstance(body.get("file"), bytes):  # hexadecimal digits
            body["file"] = body["file"].decode()
        if kind in ("rerank", "multimodal_rerank"):  # numbers of Go's
            body |= {name: body.get(name) or 0 for name in ("score_threshold", "top_n")}
        with self._sent(session, route, body) as exchange:
            if not streams:
                yield _data(exchange.read_json(), words)
                return
            for part in read_parts(exchange.chunks()):
                yield _data(json_object(part), words)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _sent(self, session: Session, route: str, body: Mapping[str, Any]) -> Exchange:
        try:
            return self._server.send(session, _path(route), body, headers=self._headers)
        except CallError as fault:
            if fault.status == _NOT_FOUND:
                fault.detail = (
                    f"{fault.message} (Dify answers so where {_KEY} is not its own,"
                    f" and an older one has no {_path(route)})"
                )
            raise


def _path(route: str) -> str:
    return f"/invoke/{route}" if route[:3] != "../" else route[2:]


def read_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the documents of a stream as they come.

    Each is preceded by its length (`length_prefixed_response` in api/libs/helper.py of
    langgenius/dify) or, from an older Dify, followed by an empty line. Raises CallError.
    """
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        while rest:
            size = _size(rest)
            if size is None or len(rest) < size[0] + size[1]:
                break
            start, length = size
            part = bytes(rest[start : start + length]).strip()
            del rest[: start + length]
            if part and not part.startswith(b"event:"):
                yield part.removeprefix(b"data:").strip()
        if len(rest) > MAX_PART:
            raise CallError(f"a part of the answer has more than {MAX_PART} bytes")
    if rest.strip():
        raise CallError("the answer ended in the middle")


def _size(rest: bytearray) -> tuple[int, int] | None:
    """Return where the first document begins and how long it is; None if that has not come."""
    if rest[0] != _MAGIC:
        end = rest.find(b"\n\n")
        return None if end < 0 else (0, end + 2)
    if len(rest) < _PREFIX + 4:
        return None
    start = _PREFIX + int.from_bytes(rest[2:4], "little")
    return start, int.from_bytes(rest[4:8], "little")


def _data(document: Mapping[str, Any], words: str) -> dict[str, Any]:
    error = document.get("error")
    if error:
        raise CallError(f"{words} failed: request failed: {error}")
    data = document.get("data")
    if not isinstance(data, dict):
        raise CallError(f"{words} failed: data is nil")
    return data
