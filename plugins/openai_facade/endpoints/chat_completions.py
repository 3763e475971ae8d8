"""`POST /v1/chat/completions`: OpenAI's chat API over a Dify app, whole or streamed."""

import json
import logging
from collections.abc import Mapping

from openai_api.access import error, refusal
from openai_api.completion import BadRequest, Completion, query_of
from werkzeug import Request, Response

from dify_plugin import Endpoint

log = logging.getLogger(__name__)


class ChatCompletions(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Ask the app; what it says is handed on as it comes where the client streams."""
        refused = refusal(r, settings.get("api_key") or "")
        if refused is not None:
            return refused
        try:
            asked = json.loads(r.get_data())
            if not isinstance(asked, dict):
                raise BadRequest("the body must be a JSON object")
            query = query_of(asked.get("messages"))
        except ValueError as fault:
            message = str(fault) if isinstance(fault, BadRequest) else "the body must be JSON"
            return error(400, message, "invalid_request_error")

        events = self.session.app.chat.invoke(
            app_id=settings["app"]["app_id"],
            query=query,
            inputs={},
            response_mode="streaming",
        )
        completion = Completion(events, settings.get("model") or "dify")
        try:
            if not asked.get("stream"):
                content = json.dumps(completion.whole(), ensure_ascii=False)
                return Response(content, mimetype="application/json")
            # The call begins with the first piece: until then a failure still has a status.
            pieces = completion.pieces()
            first = next(pieces, None)
        except Exception:
            log.exception("the app did not answer")
            return error(502, "the app did not answer", "server_error")
        options = asked.get("stream_options")
        with_usage = isinstance(options, dict) and options.get("include_usage") is True
        return Response(
            completion.chunks(first, pieces, with_usage=with_usage),
            headers={"Cache-Control": "no-store"},
            mimetype="text/event-stream",
        )
