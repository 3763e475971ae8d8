"""`GET /events`: the recent notifications as JSON, newest first, where the settings show them."""

from collections.abc import Mapping

import orjson
from webhooks import recent
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Events(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """List them all, or with `?event=push` those of one kind."""
        if not settings.get("show_events"):
            return reply(403, {"error": "the setting show_events is off"})
        event = r.args.get("event")
        found = [each for each in recent.notifications() if event in (None, each["event"])]
        return reply(200, {"events": found})


def reply(status: int, content: dict) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(content), status, headers, mimetype="application/json")
