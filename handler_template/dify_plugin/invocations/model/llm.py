"""The SDK's own place of the calls of `session.model.llm`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import LLMInvocation, SummaryInvocation

__all__ = ["LLMInvocation", "SummaryInvocation"]

__getattr__ = lazy(__name__)
