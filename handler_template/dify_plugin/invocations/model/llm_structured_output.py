"""The SDK's own place of the calls of `session.model.llm_structured_output`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import LLMStructuredOutputInvocation

__all__ = ["LLMStructuredOutputInvocation"]

__getattr__ = lazy(__name__)
