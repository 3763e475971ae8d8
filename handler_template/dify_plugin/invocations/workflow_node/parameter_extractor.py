"""The SDK's own place of the calls of `session.workflow_node.parameter_extractor`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.workflow_node.parts import ParameterExtractorNodeInvocation

__all__ = ["ParameterExtractorNodeInvocation"]

__getattr__ = lazy(__name__)
