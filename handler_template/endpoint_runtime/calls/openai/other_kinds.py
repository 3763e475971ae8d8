"""Embeddings, ranking, moderation and speech of an OpenAI-compatible endpoint.

Sources: OpenAI's API reference ("Embeddings", "Moderations", "Audio"); ranking, which OpenAI has
not, is that of Jina and Cohere, as vLLM, LiteLLM, Xinference and others serve it.
"""

from __future__ import annotations

from binascii import hexlify, unhexlify
from time import time

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.values import embedding_usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Server

    Data = Mapping[str, Any]
    Answers = Iterator[dict[str, Any]]


def embed(server: Server, session: Session, name: str, data: Data) -> Answers:
    """Yield the embeddings of texts."""
    started = time()
    body = {"model": name, "input": data["texts"], "encoding_format": "float"}
    found = server.read_json(session, "/embeddings", body)
    items = _items(found, "data")
    items.sort(key=lambda each: int(each.get("index", 0)))
    if len(items) != len(data["texts"]):
        raise CallError(f"{len(items)} embeddings came for {len(data['texts'])} texts")
    tokens = int((found.get("usage") or {}).get("total_tokens") or 0)
    yield {
        "model": data["model"],
        "embeddings": [each["embedding"] for each in items],
        "usage": embedding_usage(tokens, time() - started),
    }


def rerank(server: Server, session: Session, name: str, data: Data) -> Answers:
    """Yield documents, ranked by a query."""
    body = {"model": name, "query": data["query"], "documents": data["docs"]}
    if data.get("top_n"):
        body["top_n"] = data["top_n"]
    found = server.read_json(session, "/rerank", body)
    yield ranked(data, _items(found, "results"))


def ranked(data: Data, results: list[Any]) -> dict[str, Any]:
    """Return the best of the documents, the very best first; `results` have index and score."""
    least = data.get("score_threshold")
    docs = [
        {
            "index": int(each["index"]),
            "text": data["docs"][int(each["index"])],
            "score": float(each.get("relevance_score", each.get("score", 0))),
        }
        for each in results
        if 0 <= int(each["index"]) < len(data["docs"])
    ]
    docs = [each for each in docs if least is None or each["score"] >= least]
    docs.sort(key=lambda each: -each["score"])
    return {"model": data["model"], "docs": docs[: data.get("top_n") or None]}


def moderate(server: Server, session: Session, name: str, data: Data) -> Answers:
    """Yield whether a text is to be refused."""
    body = {"model": name, "input": data["text"]}
    found = server.read_json(session, "/moderations", body)
    yield {"result": any(bool(each.get("flagged")) for each in _items(found, "results"))}


def transcribe(server: Server, session: Session, name: str, data: Data) -> Answers:
    """Yield what is said in a file, which the SDK hands over in hexadecimal digits."""
    from endpoint_runtime.http_client.form_data import form_data

    body, kind = form_data({"model": name}, "speech.mp3", unhexlify(data["file"]), "audio/mpeg")
    found = server.read_json(session, "/audio/transcriptions", body, kind=kind)
    yield {"result": str(found.get("text", ""))}


def speak(server: Server, session: Session, name: str, data: Data) -> Answers:
    """Yield the sound of a text, piece by piece, in hexadecimal digits."""
    body = {
        "model": name,
        "input": data["content_text"],
        "voice": data.get("voice") or "alloy",
        "response_format": "mp3",
    }
    with server.send(session, "/audio/speech", body) as exchange:
        for chunk in exchange.chunks():
            yield {"result": hexlify(chunk).decode()}


def _items(found: Data, name: str) -> list[Any]:
    items = found.get(name)
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise CallError(f"the answer has no list of {name}")
    return items
