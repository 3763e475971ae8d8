"""`POST /v1/chat/completions`: OpenAI's chat API over a Dify app or a model, whole or streamed."""

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
        """Ask the app, or the model that is named; the answer is handed on as it comes."""
        refused = refusal(r, settings.get("api_key") or "")
        if refused is not None:
            return refused
        try:
            asked = json.loads(r.get_data())
        except ValueError:
            return error(400, "the body must be JSON", "invalid_request_error")
        try:
            if not isinstance(asked, dict):
                raise BadRequest("the body must be a JSON object")
            completion = self._asked(asked, settings)
        except ValueError as fault:
            message = str(fault) if isinstance(fault, BadRequest) else "a message is not valid"
            return error(400, message, "invalid_request_error")
        if completion is None:
            message = f"the model {asked.get('model')!r} does not exist"
            return error(404, message, "invalid_request_error", "model_not_found")
        try:
            if not asked.get("stream"):
                content = json.dumps(completion.whole(), ensure_ascii=False)
                return Response(content, mimetype="application/json")
            # The call begins with the first piece: until then a failure still has a status.
            pieces = completion.pieces()
            first = next(pieces, None)
        except Exception:
            who = "app" if type(completion) is Completion else "model"
            log.exception("the %s did not answer", who)
            return error(502, f"the {who} did not answer", "server_error")
        options = asked.get("stream_options")
        with_usage = isinstance(options, dict) and options.get("include_usage") is True
        return Response(
            completion.chunks(first, pieces, with_usage=with_usage),
            headers={"Cache-Control": "no-store"},
            mimetype="text/event-stream",
        )

    def _asked(self, asked: Mapping, settings: Mapping) -> Completion | None:
        """Return the answer of the app or the model that a request is for; None for neither.

        Nothing is called yet. Raises BadRequest.
        """
        selected, app = settings.get("llm"), settings.get("app")
        wanted = asked.get("model")
        if selected and (not app or wanted == selected["model"]):
            from openai_api.model_chat import (
                ModelCompletion,
                model_config,
                prompt_messages,
                prompt_tools,
                stop_words,
            )

            chunks = self.session.model.llm.invoke(
                model_config(selected, asked),
                prompt_messages(asked.get("messages")),
                tools=prompt_tools(asked.get("tools")) or None,
                stop=stop_words(asked),
                stream=True,
            )
            return ModelCompletion(chunks, selected["model"])
        if not app:
            return None
        events = self.session.app.chat.invoke(
            app_id=app["app_id"],
            query=query_of(asked.get("messages")),
            inputs={},
            response_mode="streaming",
        )
        return Completion(events, settings.get("model") or "dify")
