"""Dify's inner API, as its stand-in has it: what Dify's daemon calls for plugins.

Routes, requests and answers are those of api/controllers/inner_api/plugin/plugin.py and of
`length_prefixed_response` in api/libs/helper.py, both of langgenius/dify.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from packager.local.fake_dify.calls import FakeCalls
from packager.local.fake_dify.refusals import ApiRefusal

PREFIX = "/inner/api/invoke/"
_MAGIC = 0x0F
_HEADER = 0x0A  # bytes of the header that follow the first four
# Kinds of calls by their routes, and whether they are answered as a stream.
ROUTES = {
    "llm": ("llm", True),
    "llm/structured-output": ("llm_structured_output", True),
    "text-embedding": ("text_embedding", False),
    "multimodal-embedding": ("multimodal_embedding", False),
    "rerank": ("rerank", False),
    "multimodal-rerank": ("multimodal_rerank", False),
    "tts": ("tts", True),
    "speech2text": ("speech2text", False),
    "moderation": ("moderation", False),
    "tool": ("tool", True),
    "parameter-extractor": ("node_parameter_extractor", False),
    "question-classifier": ("node_question_classifier", False),
    "summary": ("system_summary", False),
}


def inner_answer(
    calls: FakeCalls, path: str, key: str, body: dict[str, Any]
) -> dict[str, Any] | Iterator[bytes]:
    """Return what the inner API answers: an object, or the parts of a stream.

    Raises `ApiRefusal` for what it does not know: a key, a route, a tenant.
    """
    found = ROUTES.get(path.removeprefix(PREFIX))
    if not key or found is None:
        raise ApiRefusal(404, "not_found", "The requested URL was not found on the server.")
    if not body.get("tenant_id"):
        raise ApiRefusal(400, "bad_request", "tenant_id is required")
    kind, streams = found
    if streams:
        return map(_framed, _documents(calls, kind, body))
    [document] = _documents(calls, kind, body)
    return document


def _documents(calls: FakeCalls, kind: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        for data in calls.answers(kind, body):
            yield {"data": data, "error": ""}
    except ApiRefusal as refused:
        yield {"data": None, "error": str(refused)}


def _framed(document: dict[str, Any]) -> bytes:
    content = json.dumps(document).encode() + b"\n\n"
    return struct.pack("<BBHI6x", _MAGIC, 0, _HEADER, len(content)) + content
