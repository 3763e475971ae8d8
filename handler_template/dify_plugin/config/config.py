"""How a plugin is installed, and the environment its `main.py` reads."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class InstallMethod(Enum):
    """How Dify installed a plugin; here it is always `Serverless`."""

    Local = "local"
    Remote = "remote"
    Serverless = "serverless"


class DifyPluginEnv:
    """The SDK's settings with their defaults, keyword arguments first; nothing reads them here."""

    MAX_REQUEST_TIMEOUT = 300
    MAX_INVOCATION_TIMEOUT = 250
    MAX_WORKER = 1000
    HEARTBEAT_INTERVAL = 10.0
    INSTALL_METHOD = InstallMethod.Serverless
    REMOTE_INSTALL_URL: str | None = None
    REMOTE_INSTALL_HOST = "localhost"
    REMOTE_INSTALL_PORT = 5003
    REMOTE_INSTALL_KEY: str | None = None
    DIFY_PLUGIN_DAEMON_URL = "http://localhost:5002"
    HTTPX_TIMEOUT = 5

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
