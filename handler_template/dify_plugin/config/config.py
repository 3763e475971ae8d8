"""How a plugin is installed, and the environment its `main.py` reads."""

from __future__ import annotations

from enum import Enum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DifyPluginEnv", "InstallMethod"]

__getattr__ = lazy(__name__)


class InstallMethod(Enum):
    """How Dify installed a plugin; here it is always `Serverless`."""

    Local = "local"
    Remote = "remote"
    Serverless = "serverless"


class DifyPluginEnv(Entity):
    """The SDK's settings: keyword arguments, the environment, defaults. Nothing reads them here."""

    _frozen = True

    MAX_REQUEST_TIMEOUT: int = 300
    MAX_INVOCATION_TIMEOUT: int = 250
    MAX_WORKER: int = 1000
    HEARTBEAT_INTERVAL: float = 10
    INSTALL_METHOD: InstallMethod = InstallMethod.Serverless
    REMOTE_INSTALL_URL: str | None = None
    REMOTE_INSTALL_HOST: str = "localhost"
    REMOTE_INSTALL_PORT: int = 5003
    REMOTE_INSTALL_KEY: str | None = None
    SERVERLESS_HOST: str = "0.0.0.0"  # noqa: S104 - the SDK's; nothing listens here
    SERVERLESS_PORT: int = 8080
    SERVERLESS_WORKER_CLASS: str = "gevent"
    SERVERLESS_WORKER_CONNECTIONS: int = 1000
    SERVERLESS_WORKERS: int = 5
    SERVERLESS_THREADS: int = 5
    DIFY_PLUGIN_DAEMON_URL: str = "http://localhost:5002"
    HTTPX_TIMEOUT: int = 5

    def __init__(self, **values: Any) -> None:
        import os

        environment = {name.upper(): value for name, value in os.environ.items()}
        fields = self.__entity_schema__().fields
        found = {name: environment[name] for name in fields if name in environment}
        super().__init__(**{**found, **values})

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(vars(self).values()))
