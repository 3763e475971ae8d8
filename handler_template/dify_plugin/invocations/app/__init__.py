"""`session.app`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin._invocation import Session


class FetchAppInvocation(BackwardsInvocation):
    """What Dify knows of an app."""

    def get(self, app_id: str) -> dict[str, Any]:
        """Describe an app."""
        found: dict[str, Any] = self._backend("apps", "app.fetch_app").fetch(self.session, app_id)
        return found


class AppInvocations:
    """Dify's apps, by kind."""

    def __init__(self, session: Session) -> None:
        from dify_plugin.invocations.app.chat import ChatAppInvocation
        from dify_plugin.invocations.app.completion import CompletionAppInvocation
        from dify_plugin.invocations.app.workflow import WorkflowAppInvocation

        self.chat = ChatAppInvocation(session)
        self.completion = CompletionAppInvocation(session)
        self.workflow = WorkflowAppInvocation(session)
        self.fetch_app_invocation = FetchAppInvocation(session)

    def fetch_app(self, app_id: str) -> dict[str, Any]:
        """Describe an app."""
        return self.fetch_app_invocation.get(app_id)


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
