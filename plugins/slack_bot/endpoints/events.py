"""`POST /`: Slack's Events API. Answers within its 3 seconds; what takes longer comes after."""

import json
import threading
import time
from collections.abc import Mapping

from bot.signature import is_signed
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Events(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Check the signature, then take the event; a mention is answered in its own thread."""
        body = r.get_data()  # the bytes as they came: they are what is signed
        secret = settings.get("signing_secret")
        if not secret:  # an empty one would let everybody in
            return Response("the setting signing_secret is empty", 503)
        sent = r.headers.get("X-Slack-Request-Timestamp", "")
        if not is_signed(secret, sent, body, r.headers.get("X-Slack-Signature", ""), time.time()):
            return Response("wrong or missing X-Slack-Signature", 401)
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            return Response("the body must be a JSON object", 400)

        if content.get("type") == "url_verification":
            return Response(str(content.get("challenge", "")), mimetype="text/plain")
        if "X-Slack-Retry-Num" in r.headers:
            # Slack had no answer in time. The first delivery is being worked on: not twice.
            return Response("", 200, {"X-Slack-No-Retry": "1"})
        event = content.get("event")
        if isinstance(event, dict) and is_mention(event):
            # Imported here: only a mention needs it.
            from bot.answering import answer

            arguments = (self.session, settings, str(content.get("team_id") or ""), event)
            threading.Thread(target=answer, args=arguments, name="slack-answer").start()
        return Response("", 200)


def is_mention(event: Mapping) -> bool:
    """Return whether somebody spoke to the bot. Bots don't count: two of them would never end."""
    by_bot = event.get("bot_id") or event.get("subtype") == "bot_message"
    return event.get("type") == "app_mention" and not by_bot
