"""`session.model.llm_structured_output`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.llm import asked, model_config_of, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.entities.model.llm import LLMModelConfig
    from dify_plugin.entities.model.message import PromptMessage, PromptMessageTool

__all__ = ["LLMStructuredOutputInvocation"]

__getattr__ = lazy(__name__)


class LLMStructuredOutputInvocation(BackwardsInvocation):
    """Language models that answer by a schema."""

    def invoke(
        self,
        model_config: LLMModelConfig | dict[str, Any],
        prompt_messages: list[PromptMessage],
        structured_output_schema: dict[str, Any],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
    ) -> Any:
        """Ask a model: a generator of chunks, or one result where `stream` is false."""
        self._answered("llm_structured_output")
        from dify_plugin.entities.model import llm

        config = model_config_of(model_config)
        data = asked(config, prompt_messages, tools, stop, stream)
        data["structured_output_schema"] = structured_output_schema
        kind = llm.LLMResultChunkWithStructuredOutput
        chunks = self._backwards_invoke("llm_structured_output", kind, data)
        return chunks if stream else whole(llm.LLMResultWithStructuredOutput, config.model, chunks)
