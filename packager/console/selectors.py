"""Values of selectors as Dify stores them, for what a form offers."""

from __future__ import annotations

from typing import Any

from packager.model.plugin import Setting

_TYPES = ("llm", "text-embedding", "rerank", "speech2text", "tts", "moderation")
# What a choice of such a model has besides, until somebody says otherwise.
_MORE: dict[str, dict[str, Any]] = {
    "llm": {"mode": "chat", "completion_params": {}},
    "rerank": {"score_threshold": 0.0, "top_n": 3},
    "tts": {"voice": "default"},
}


def chosen_model(setting: Setting, name: str) -> dict[str, Any]:
    """Return the choice of the model `provider/model`, of the kind that the scope says."""
    provider, _, model = name.rpartition("/")
    scopes = (setting.scope or "").split("&")
    kind = next((each for each in _TYPES if each in scopes), "llm")
    return {"provider": provider, "model": model, "model_type": kind, **_MORE.get(kind, {})}


def chosen_tool(name: str) -> dict[str, Any]:
    """Return the choice of the tool `provider/tool`."""
    provider, _, tool = name.rpartition("/")
    return {
        "type": "builtin",
        "provider_name": provider,
        "tool_name": tool,
        "tool_label": tool,
        "enabled": True,
        "settings": {},
        "parameters": {},
        "schemas": [],
    }
