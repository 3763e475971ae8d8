"""`GET /v1/models`: the app, under the name that a setting says, and the models that are set."""

import json
from collections.abc import Mapping

from openai_api.access import refusal
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Models(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """List them, as OpenAI's API lists models."""
        refused = refusal(r, settings.get("api_key") or "")
        if refused is not None:
            return refused
        names = [settings.get("model") or "dify"] if settings.get("app") else []
        names += [settings[each]["model"] for each in ("llm", "embedding") if settings.get(each)]
        models = [
            {"id": name, "object": "model", "created": 0, "owned_by": "dify"}
            for name in dict.fromkeys(names)
        ]
        content = json.dumps({"object": "list", "data": models})
        return Response(content, mimetype="application/json")
