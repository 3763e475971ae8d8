"""`session.model.llm` and `session.model.summary`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.entities.model.llm import LLMModelConfig
    from dify_plugin.entities.model.message import PromptMessage, PromptMessageTool

__all__ = ["LLMInvocation", "SummaryInvocation"]

__getattr__ = lazy(__name__)


class LLMInvocation(BackwardsInvocation):
    """Language models."""

    def invoke(
        self,
        model_config: LLMModelConfig | dict[str, Any],
        prompt_messages: list[PromptMessage],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
    ) -> Any:
        """Ask a model: a generator of chunks, or one result where `stream` is false."""
        self._answered("llm")
        from dify_plugin.entities.model import llm

        config = model_config_of(model_config)
        data = asked(config, prompt_messages, tools, stop, stream)
        chunks = self._backwards_invoke("llm", llm.LLMResultChunk, data)
        return chunks if stream else whole(llm.LLMResult, config.model, chunks)


class SummaryInvocation(BackwardsInvocation):
    """Dify's summaries."""

    def invoke(self, text: str, instruction: str, min_summarize_length: int = 1024) -> str:
        """Shorten a text; a short one is given back as it is."""
        if len(text) < min_summarize_length:
            return text
        self._answered("system_summary")
        from dify_plugin.entities.model.llm import SummaryResult

        data = {"text": text, "instruction": instruction}
        found = self._first("system_summary", SummaryResult, data, "summary")
        return found.summary  # type: ignore[no-any-return]


def model_config_of(given: LLMModelConfig | dict[str, Any]) -> LLMModelConfig:
    """Return a model's configuration, made of a dict where it is given as one."""
    if not isinstance(given, dict):
        return given
    from dify_plugin.entities.model.llm import LLMModelConfig

    return LLMModelConfig(**given)


def asked(
    config: LLMModelConfig,
    messages: list[PromptMessage],
    tools: list[PromptMessageTool] | None,
    stop: list[str] | None,
    stream: bool,
) -> dict[str, Any]:
    """Return what a call says, as the SDK sends it."""
    return {
        **config.model_dump(),
        "prompt_messages": [each.model_dump() for each in messages],
        "tools": [each.model_dump() for each in tools] if tools else None,
        "stop": stop,
        "stream": stream,
    }


# What the last chunk says of these holds for the whole answer; tokens are added.
_LAST = ("completion_price", "prompt_price", "total_price", "currency", "latency")
_ADDED = ("prompt_tokens", "completion_tokens", "total_tokens")


def whole(kind: Any, model: str, chunks: Any) -> Any:
    """Return the result that chunks add up to, by the SDK's rules.

    Tool calls and prices are those of the last chunk that has some; tokens are added.
    """
    from dify_plugin.entities.model.llm import LLMUsage
    from dify_plugin.entities.model.message import AssistantPromptMessage

    message, used = AssistantPromptMessage(content=""), LLMUsage.empty_usage()._as_given()
    structured: Any = None
    texts: list[str] = []
    for chunk in chunks:
        said = chunk.delta.message
        if isinstance(said.content, str):
            texts.append(said.content)
        if said.tool_calls:
            message.tool_calls = said.tool_calls
        if chunk.delta.usage:
            given = chunk.delta.usage._as_given()
            used |= {name: given[name] for name in _LAST}
            used |= {name: used[name] + given[name] for name in _ADDED}
        structured = getattr(chunk, "structured_output", None) or structured
    message.content = "".join(texts)
    result = kind(model=model, message=message, usage=LLMUsage(**used))
    if structured:
        result.structured_output = structured
    return result
