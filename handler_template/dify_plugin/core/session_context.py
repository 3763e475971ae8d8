"""The session of a model call that is under way: there is none outside Dify."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def get_current_session() -> Session | None:
    """None: model plugins don't run here."""
    return None
