"""`POST /v1/embeddings`: OpenAI's embeddings by a model of the workspace's."""

import base64
import json
import logging
import struct
from collections.abc import Mapping

from openai_api.access import error, refusal
from werkzeug import Request, Response

from dify_plugin import Endpoint
from dify_plugin.entities.model.text_embedding import TextEmbeddingModelConfig

log = logging.getLogger(__name__)


class Embeddings(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Embed the texts of the request."""
        refused = refusal(r, settings.get("api_key") or "")
        if refused is not None:
            return refused
        selected = settings.get("embedding")
        if not selected:
            return error(404, "no embedding model is configured", "invalid_request_error")
        asked = r.get_json(silent=True)
        texts = asked.get("input") if isinstance(asked, Mapping) else None
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
            return error(400, "input must be a text, or a list of texts", "invalid_request_error")
        config = TextEmbeddingModelConfig(provider=selected["provider"], model=selected["model"])
        try:
            result = self.session.model.text_embedding.invoke(config, texts)
        except Exception:
            log.exception("the model did not answer")
            return error(502, "the model did not answer", "server_error")
        packed = asked.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": index, "embedding": _packed(each) if packed else each}
            for index, each in enumerate(result.embeddings)
        ]
        tokens = result.usage.total_tokens
        answer = {
            "object": "list",
            "data": data,
            "model": selected["model"],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return Response(json.dumps(answer), mimetype="application/json")


def _packed(numbers: list[float]) -> str:
    """Return an embedding as OpenAI's own client asks for it: 32-bit floats in base64."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
