"""The SDK's own place of the calls of `session.workflow_node.question_classifier`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.workflow_node.parts import QuestionClassifierNodeInvocation

__all__ = ["QuestionClassifierNodeInvocation"]

__getattr__ = lazy(__name__)
