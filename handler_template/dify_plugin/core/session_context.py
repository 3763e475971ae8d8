"""What a session knows besides its ids, and the session of a model call: none outside Dify."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class InvokeCredentials(Entity):
    """Credentials of tools by provider: none outside Dify."""

    _factories: ClassVar[dict[str, Any]] = {"tool_credentials": dict}

    tool_credentials: dict[str, str]

    def get_credential_id(self, provider: str) -> str | None:
        """The id of a provider's credentials, None where there are none."""
        return self.tool_credentials.get(provider)


class SessionContext(Entity):
    """What a session knows besides its ids."""

    _factories: ClassVar[dict[str, Any]] = {"credentials": InvokeCredentials}

    credentials: InvokeCredentials


def get_current_session() -> Any:
    """None: model plugins don't run here."""
    return None
