"""LINE's messaging API with its SDK: signed webhooks, and replies."""

import logging
import traceback
from collections.abc import Mapping

from linebot.v3 import WebhookParser
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import (
    ApiClient,
    Configuration,
    MessagingApi,
    ReplyMessageRequest,
    TextMessage,
)
from linebot.v3.webhooks import MessageEvent, TextMessageContent
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class LineEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        parser = WebhookParser(settings["channel_secret"])
        try:
            events = parser.parse(r.get_data(as_text=True), r.headers["X-Line-Signature"])
        except InvalidSignatureError:
            return Response("a wrong signature", status=400)
        for event in events:
            if isinstance(event, MessageEvent) and isinstance(event.message, TextMessageContent):
                self._answer(event, settings)
        return Response("OK", status=200)

    def _answer(self, event: MessageEvent, settings: Mapping) -> None:
        configuration = Configuration(access_token=settings["access_token"])
        try:
            with ApiClient(configuration) as client:
                MessagingApi(client).reply_message(
                    ReplyMessageRequest(
                        reply_token=event.reply_token,
                        messages=[TextMessage(text="received")],
                    )
                )
        except Exception:
            logger.error(traceback.format_exc())
