"""`GET /v1/models`: the one model that stands for the app."""

import json
from collections.abc import Mapping

from openai_api.access import refusal
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Models(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """List it, as OpenAI's API lists models."""
        refused = refusal(r, settings.get("api_key") or "")
        if refused is not None:
            return refused
        name = settings.get("model") or "dify"
        model = {"id": name, "object": "model", "created": 0, "owned_by": "dify"}
        content = json.dumps({"object": "list", "data": [model]})
        return Response(content, mimetype="application/json")
