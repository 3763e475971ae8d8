"""Answers a mention: asks the Dify app, and posts what it says into the thread."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from bot import conversation as conversations

log = logging.getLogger(__name__)

MENTION = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")
POST_LIMIT = 3500  # characters of a message; Slack cuts what is longer than 4,000
SORRY = "I could not get an answer. Please try again later."


def text_of(event: Mapping[str, Any]) -> str:
    """Return what was said to the bot, without its name. Slack escapes three characters."""
    text = MENTION.sub("", str(event.get("text") or "")).strip()
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def answer(session: Any, settings: Mapping[str, Any], team: str, event: Mapping[str, Any]) -> None:
    """Ask the app and post its answer, or an apology; the conversation is kept before it is shown.

    Runs after Slack has its answer: whatever goes wrong is for the log.
    """
    # Imported here: what Slack asks at first, and its retries, are answered without it.
    from slack_sdk import WebClient

    channel = str(event.get("channel") or "")
    thread = str(event.get("thread_ts") or event.get("ts") or "")
    key = conversations.key_of(team, channel, thread)
    try:
        conversation = conversations.load(session.storage, key)
        said = ask(session.app, settings["app"]["app_id"], conversation, event)
        conversations.save(session.storage, key, conversation)
    except Exception:
        log.exception("no answer to a mention")
        said = SORRY
    client = WebClient(
        token=settings["bot_token"],
        base_url=settings.get("api_url") or WebClient.BASE_URL,
        timeout=10,
    )
    try:
        for start in range(0, len(said), POST_LIMIT):
            part = said[start : start + POST_LIMIT]
            client.chat_postMessage(channel=channel, thread_ts=thread, text=part)
    except Exception:
        log.exception("the answer could not be posted")
        return
    log.info("answered a mention")


def ask(
    app: Any, app_id: str, conversation: conversations.Conversation, event: Mapping[str, Any]
) -> str:
    """Put the question to the app, in its conversation, and note both in `conversation`."""
    query, user = text_of(event), str(event.get("user") or "")
    try:
        said, identity = stream(app, app_id, query, conversation.conversation_id)
    except Exception as error:
        if not conversation.conversation_id or "not exist" not in str(error).lower():
            raise
        # Dify has deleted the conversation; here it is still known.
        said, identity = stream(app, app_id, f"{conversation.retold()}\n{user}: {query}", "")
    conversation.conversation_id = identity
    conversation.add(user, query)
    conversation.add("bot", said)
    return said or SORRY


def stream(app: Any, app_id: str, query: str, conversation_id: str) -> tuple[str, str]:
    """Return the app's answer and its conversation's id; streamed: agents know no other way."""
    said = ""
    for event in app.chat.invoke(
        app_id=app_id,
        query=query,
        inputs={},
        response_mode="streaming",
        conversation_id=conversation_id,
    ):
        if event["event"] in ("message", "agent_message"):
            said += event["answer"]
        elif event["event"] == "message_replace":
            said = event["answer"]
        elif event["event"] == "error":
            raise RuntimeError(f"the app failed: {event.get('message')}")
        conversation_id = event.get("conversation_id") or conversation_id
    return said, conversation_id
