"""`POST /`: Telegram's updates. A message is answered in the reply to its update.

(Telegram's Bot API: setWebhook, and "Making requests when getting updates".)
"""

import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any

from werkzeug import Request, Response

from dify_plugin import Endpoint

log = logging.getLogger(__name__)

MESSAGE_LIMIT = 4096  # characters, of sendMessage
SORRY = "I could not get an answer. Please try again later."


class Updates(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Check the token, then answer a message; whatever else Telegram sends is taken."""
        token = settings.get("secret_token")
        if not token:  # an empty one would let everybody in
            return Response("the setting secret_token is empty", 503)
        given = r.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
            return Response("wrong or missing X-Telegram-Bot-Api-Secret-Token", 401)
        try:
            update = json.loads(r.get_data())
        except ValueError:
            update = None
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return Response("the body must be an update", 400)
        message = update.get("message")
        if not isinstance(message, dict) or not isinstance(message.get("text"), str):
            return Response("", 200)
        chat = message["chat"]["id"]
        said = self._answer(chat, update["update_id"], message["text"], settings)
        return send(chat, said) if said else Response("", 200)

    def _answer(self, chat: int, update: int, text: str, settings: Mapping) -> str:
        """Ask the app in the chat's conversation; nothing for an update that came before."""
        storage, key = self.session.storage, f"chat-{chat}"
        known = json.loads(storage.get(key)) if storage.exist(key) else {}
        if update <= known.get("update", -1):
            return ""  # Telegram had no answer in time: the first delivery is being worked on
        conversation = known.get("conversation", "")
        if text.split()[:1] == ["/start"]:
            said, conversation = settings.get("greeting") or "", ""
        else:
            try:
                said, conversation = ask(self.session.app, settings, text, conversation)
            except Exception:
                log.exception("no answer to a message")
                said = SORRY
        kept = {"update": update, "conversation": conversation}
        storage.set(key, json.dumps(kept).encode())
        return said


def ask(app: Any, settings: Mapping, text: str, conversation: str) -> tuple[str, str]:
    """Return the app's answer and its conversation's id. Streamed: agents know no other way."""
    said = ""
    for event in app.chat.invoke(
        app_id=settings["app"]["app_id"],
        query=text,
        inputs={},
        response_mode="streaming",
        conversation_id=conversation,
    ):
        if event["event"] in ("message", "agent_message"):
            said += event["answer"]
        elif event["event"] == "message_replace":
            said = event["answer"]
        elif event["event"] == "error":
            raise RuntimeError(f"the app failed: {event.get('message')}")
        conversation = event.get("conversation_id") or conversation
    return said or SORRY, conversation


def send(chat: int, text: str) -> Response:
    content = {"method": "sendMessage", "chat_id": chat, "text": text[:MESSAGE_LIMIT]}
    return Response(json.dumps(content), mimetype="application/json")
