"""`session.model.moderation`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.entities.model.moderation import ModerationModelConfig

__all__ = ["ModerationInvocation"]

__getattr__ = lazy(__name__)


class ModerationInvocation(BackwardsInvocation):
    """Moderation."""

    def invoke(self, model_config: ModerationModelConfig, text: str) -> bool:
        """Return whether a text is to be refused."""
        self._answered("moderation")
        from dify_plugin.entities.model.moderation import ModerationResult

        data = {**model_config.model_dump(), "text": text}
        found = self._first("moderation", ModerationResult, data, "moderation")
        return found.result  # type: ignore[no-any-return]
