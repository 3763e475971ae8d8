"""What Dify can add to a notification, where the settings name it: a model, an app, tools.

A delivery counts as taken whether or not these answer: each failure is logged and left at that.
"""

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)

SHORTEN_FROM = 500  # characters; a shorter description is left as it is


def assist(session: Any, settings: Mapping[str, Any], notification: dict[str, str]) -> None:
    """Add `summary` and `comment` to the notification, and hand it to the tools."""
    text = notification.get("text", "")
    if settings.get("model") and len(text) >= SHORTEN_FROM:
        _try("model", lambda: notification.update(summary=_shorten(session, settings, text)))
    if settings.get("app"):
        _try("app", lambda: notification.update(comment=_ask(session, settings, notification)))
    for tool in settings.get("tools") or ():
        _try("tool", lambda tool=tool: _use(session, tool, _as_text(notification)))


def _try(what: str, work: Any) -> None:
    try:
        work()
    except Exception:  # of any kind: it is another service's
        log.exception("the %s of the settings did not answer", what)


# What these call is a choice of the settings, and is warned of where one is made.
def _shorten(session: Any, settings: Mapping[str, Any], text: str) -> str:
    # Imported here: only who has chosen a model pays for it.
    from dify_plugin.entities.model.message import SystemPromptMessage, UserPromptMessage

    result = session.model.llm.invoke(  # packager: ignore[unanswered-call]
        model_config=settings["model"],
        prompt_messages=[
            SystemPromptMessage(content="Say in one sentence what this change or issue is about."),
            UserPromptMessage(content=text),
        ],
        stream=False,
    )
    return result.message.content


def _ask(session: Any, settings: Mapping[str, Any], notification: dict[str, str]) -> str:
    reply = session.app.chat.invoke(  # packager: ignore[app-key-unset]
        app_id=settings["app"]["app_id"],
        query=_as_text(notification),
        inputs={},
        response_mode="blocking",
    )
    return reply["answer"]


def _use(session: Any, tool: Mapping[str, Any], text: str) -> None:
    given = tool.get("parameters") or {}
    parameters = {
        name: value.replace("{text}", text) if isinstance(value, str) else value
        for name, value in given.items()
    }
    answers = session.tool.invoke_builtin_tool(  # packager: ignore[unanswered-call]
        tool["provider_name"], tool["tool_name"], parameters
    )
    for _ in answers:  # a generator: the tool runs as it is read
        pass


def _as_text(notification: Mapping[str, str]) -> str:
    names = ("title", "summary" if "summary" in notification else "text", "url")
    return "\n".join(notification[name] for name in names if notification.get(name))
