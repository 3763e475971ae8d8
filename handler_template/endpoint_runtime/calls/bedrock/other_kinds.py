"""Embeddings and ranking by Bedrock's models, each maker's in its own form.

Sources: the Amazon Bedrock User Guide, "Inference request parameters": Amazon Titan Embeddings
(text and multimodal), Cohere Embed, and "Rerank" of Amazon and Cohere.
"""

from __future__ import annotations

from time import time

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.values import embedding_usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Ask = Callable[[Mapping[str, Any]], dict[str, Any]]  # InvokeModel, with a body
    Data = Mapping[str, Any]

_COHERE_TEXTS = 96  # of one call


def embed(ask: Ask, name: str, data: Data) -> Iterator[dict[str, Any]]:
    """Yield the embeddings of texts, or of texts and images."""
    started = time()
    documents = data.get("documents")
    items = documents or [{"content": each, "content_type": "text"} for each in data["texts"]]
    if "titan-embed" in name:
        embeddings, tokens = _titan(ask, items)
    elif "cohere.embed" in name:
        embeddings, tokens = _cohere(ask, items, str(data.get("input_type") or "document"))
    else:
        raise CallError(f"{name} is no embedding model that is known here: Titan's and Cohere's")
    yield {
        "model": data["model"],
        "embeddings": embeddings,
        "usage": embedding_usage(tokens, time() - started),
    }


def rerank(ask: Ask, name: str, data: Data) -> Iterator[dict[str, Any]]:
    """Yield documents, ranked by a query."""
    docs = list(data["docs"])
    body = {"query": data["query"], "documents": docs, "top_n": data.get("top_n") or len(docs)}
    if "cohere.rerank" in name:
        body["api_version"] = 2
    elif "rerank" not in name:
        raise CallError(f"{name} is no ranking model that is known here: Amazon's and Cohere's")
    results = ask(body).get("results")
    if not isinstance(results, list):
        raise CallError("the answer has no list of results")
    least = data.get("score_threshold")
    found = [
        {
            "index": int(each["index"]),
            "text": docs[int(each["index"])],
            "score": float(each["relevance_score"]),
        }
        for each in results
    ]
    kept = [each for each in found if least is None or float(str(each["score"])) >= least]
    kept.sort(key=lambda each: -float(str(each["score"])))
    yield {"model": data["model"], "docs": kept}


def _titan(ask: Ask, items: list[Any]) -> tuple[list[Any], int]:
    embeddings, tokens = [], 0
    for item in items:
        key = "inputImage" if item["content_type"] == "image" else "inputText"
        found = ask({key: item["content"]})
        embeddings.append(found["embedding"])
        tokens += int(found.get("inputTextTokenCount") or 0)
    return embeddings, tokens


def _cohere(ask: Ask, items: list[Any], kind: str) -> tuple[list[Any], int]:
    if any(item["content_type"] != "text" for item in items):
        raise CallError("images are embedded by Titan's multimodal model alone")
    texts = [item["content"] for item in items]
    embeddings: list[Any] = []
    for start in range(0, len(texts), _COHERE_TEXTS):
        part = texts[start : start + _COHERE_TEXTS]
        found = ask({"texts": part, "input_type": f"search_{kind}"})["embeddings"]
        embeddings += found["float"] if isinstance(found, dict) else found
    return embeddings, 0
