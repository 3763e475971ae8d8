"""`session.app.completion`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CompletionAppInvocation(BackwardsInvocation):
    """Completion apps."""

    def invoke(
        self,
        app_id: str,
        inputs: dict[str, Any],
        response_mode: str = "blocking",
        user: str | None = None,
    ) -> Any:
        """Run an app: one dict, or a generator of events where `response_mode` is "streaming"."""
        return self._backend("apps", "app.completion.invoke").invoke(
            self.session,
            "completion",
            app_id,
            {"inputs": inputs, "response_mode": response_mode, "user": user},
        )


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
