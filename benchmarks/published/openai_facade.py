"""A Dify app as an OpenAI model: the list of models, and completions, streamed or whole."""

import json
import time
import uuid
from collections.abc import Generator, Mapping
from typing import Any

from werkzeug import Request, Response

from dify_plugin import Endpoint


class OpenAiFacade(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        if r.headers.get("Authorization") != f"Bearer {settings['api_key']}":
            return self._json({"error": {"message": "a wrong key", "type": "auth"}}, 401)
        if r.method == "GET":
            model = {"id": settings["app"]["app_id"], "object": "model", "owned_by": "dify"}
            return self._json({"object": "list", "data": [model]})
        data = r.get_json()
        if not data.get("messages"):
            return self._json({"error": {"message": "no messages", "type": "invalid"}}, 400)
        answer = self.session.app.chat.invoke(
            app_id=settings["app"]["app_id"],
            query=data["messages"][-1]["content"],
            inputs={},
            response_mode="streaming" if data.get("stream") else "blocking",
        )
        if not data.get("stream"):
            return self._json(self._completion(data["model"], answer["answer"]))

        def generator() -> Generator[str, None, None]:
            for part in answer:
                chunk = self._completion(data["model"], part.get("answer", ""))
                yield f"data: {json.dumps(chunk)}\n\n"
            yield "data: [DONE]\n\n"

        return Response(generator(), content_type="text/event-stream")

    def _completion(self, model: str, text: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}],
        }

    def _json(self, body: dict[str, Any], status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")
