"""A Slack bot: the challenge that Slack sends, and mentions that an app answers."""

import json
import logging
import traceback
from collections.abc import Mapping

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class SlackEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        if r.headers.get("X-Slack-Retry-Num"):
            return Response("ok", status=200)
        data = r.get_json()
        if data.get("type") == "url_verification":
            body = json.dumps({"challenge": data.get("challenge")})
            return Response(body, status=200, content_type="application/json")
        event = data.get("event") or {}
        if event.get("type") != "app_mention":
            return Response("ok", status=200)
        client = WebClient(token=settings["bot_token"])
        try:
            answer = self.session.app.chat.invoke(
                app_id=settings["app"]["app_id"],
                query=event["text"],
                inputs={},
                response_mode="blocking",
            )
            client.chat_postMessage(channel=event["channel"], text=answer["answer"])
        except SlackApiError:
            logger.exception("Slack refuses the message")
        except Exception:
            return Response(traceback.format_exc(), status=200, content_type="text/plain")
        return Response("ok", status=200)
