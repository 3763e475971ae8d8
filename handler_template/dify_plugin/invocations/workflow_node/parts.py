"""`session.workflow_node`: nodes of Dify's workflows, not reachable from outside."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from dify_plugin._invocation import Session


class QuestionClassifierNodeInvocation(BackwardsInvocation):
    """Classifies a question."""

    def invoke(self, classes: Any, model: Any, query: str, instruction: str = "") -> NoReturn:
        """Call the node."""
        self._unavailable("workflow_node.question_classifier.invoke")


class ParameterExtractorNodeInvocation(BackwardsInvocation):
    """Extracts parameters of a text."""

    def invoke(self, parameters: Any, model: Any, query: str, instruction: str = "") -> NoReturn:
        """Call the node."""
        self._unavailable("workflow_node.parameter_extractor.invoke")


class WorkflowNodeInvocations:
    """The nodes."""

    def __init__(self, session: Session) -> None:
        self.question_classifier = QuestionClassifierNodeInvocation(session)
        self.parameter_extractor = ParameterExtractorNodeInvocation(session)


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
