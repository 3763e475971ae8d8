"""`POST /echo`: gives back the JSON it gets."""

import hmac
import json
from collections.abc import Mapping

from endpoints.cors import CORS
from werkzeug import Request, Response

from dify_plugin import Endpoint


def reply(status: int, value: object) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False), status, CORS, content_type="application/json"
    )


class Echo(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Echo a JSON body to callers that know the API key, if there is one."""
        api_key = settings.get("api_key")
        if api_key:
            given = r.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), api_key.encode()):
                return reply(401, {"error": "wrong or missing API key"})
        try:
            value = json.loads(r.get_data())
        except ValueError:
            return reply(400, {"error": "the body must be JSON"})
        return reply(200, {"echo": value})
