"""What plugins import as `dify_plugin`: the SDK's interface without its daemon, pydantic or gevent.

Contract: the standard library and werkzeug are all this package needs, it knows nothing of where it
runs, and every name is imported when it is asked for. Written after the interface of
langgenius/dify-plugin-sdks 0.10; docs/events.md says which calls answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.config.config import DifyPluginEnv
    from dify_plugin.core.session_context import get_current_session
    from dify_plugin.interfaces.agent.strategy import AgentProvider, AgentStrategy
    from dify_plugin.interfaces.endpoint import Endpoint
    from dify_plugin.interfaces.model import ModelProvider
    from dify_plugin.interfaces.model.large_language_model import LargeLanguageModel
    from dify_plugin.interfaces.model.moderation_model import ModerationModel
    from dify_plugin.interfaces.model.rerank_model import RerankModel
    from dify_plugin.interfaces.model.speech2text_model import Speech2TextModel
    from dify_plugin.interfaces.model.text_embedding_model import TextEmbeddingModel
    from dify_plugin.interfaces.model.tts_model import TTSModel
    from dify_plugin.interfaces.tool.tool import Tool, ToolProvider
    from dify_plugin.invocations.file import File
    from dify_plugin.plugin import Plugin

__all__ = [
    "AgentProvider",
    "AgentStrategy",
    "DifyPluginEnv",
    "Endpoint",
    "File",
    "LargeLanguageModel",
    "ModelProvider",
    "ModerationModel",
    "Plugin",
    "RerankModel",
    "Speech2TextModel",
    "TTSModel",
    "TextEmbeddingModel",
    "Tool",
    "ToolProvider",
    "get_current_session",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dify_plugin' has no attribute {name!r}", name=name)
    if name == "Endpoint":  # every plugin asks for it, most for nothing else
        from dify_plugin.interfaces.endpoint import Endpoint as value
    else:
        from dify_plugin._lazy_names import lazy

        return lazy(__name__, {"File": "dify_plugin.invocations.file"})(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
