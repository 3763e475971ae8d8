"""`session.workflow_node`: nodes of Dify's workflows."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin._invocation import Session


class QuestionClassifierNodeInvocation(BackwardsInvocation):
    """Classifies a question."""

    def invoke(self, classes: Any, model: Any, query: str, instruction: str = "") -> Any:
        """Return the node's response, whose outputs have the class."""
        self._answered("node_question_classifier")
        return self._first(
            "node_question_classifier",
            _response(),
            {"classes": classes, "model": model, "query": query, "instruction": instruction},
            "workflow node question classifier",
        )


class ParameterExtractorNodeInvocation(BackwardsInvocation):
    """Extracts parameters of a text."""

    def invoke(self, parameters: Any, model: Any, query: str, instruction: str = "") -> Any:
        """Return the node's response, whose outputs are the parameters."""
        self._answered("node_parameter_extractor")
        return self._first(
            "node_parameter_extractor",
            _response(),
            {"parameters": parameters, "model": model, "query": query, "instruction": instruction},
            "workflow node parameter extractor",
        )


class WorkflowNodeInvocations:
    """The nodes."""

    def __init__(self, session: Session) -> None:
        self.question_classifier = QuestionClassifierNodeInvocation(session)
        self.parameter_extractor = ParameterExtractorNodeInvocation(session)


def _response() -> Any:
    from dify_plugin.entities.workflow_node import NodeResponse

    return NodeResponse


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
