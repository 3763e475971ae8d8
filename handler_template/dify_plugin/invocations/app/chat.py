"""`session.app.chat`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ChatAppInvocation(BackwardsInvocation):
    """Chat apps."""

    def invoke(
        self,
        app_id: str,
        query: str,
        inputs: dict[str, Any],
        response_mode: str = "streaming",
        conversation_id: str | None = None,
        user: str | None = None,
    ) -> Any:
        """Ask an app: a generator of events, or one dict where `response_mode` is "blocking"."""
        return self._backend("apps", "app.chat.invoke").invoke(
            self.session,
            "chat",
            app_id,
            {
                "inputs": inputs,
                "query": query,
                "response_mode": response_mode,
                "conversation_id": conversation_id,
                "user": user,
            },
        )


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
