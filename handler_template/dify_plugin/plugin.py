"""What a plugin's `main.py` starts; here requests arrive without it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.config.config import DifyPluginEnv


class Plugin:
    """Stands in for the SDK's server. Making one is harmless, running it is a mistake."""

    def __init__(self, config: DifyPluginEnv) -> None:
        self.config = config

    def run(self) -> None:
        """Raise: the function's runtime serves the endpoints, there is no server to run."""
        raise RuntimeError("Plugin.run() starts Dify's plugin server, which this function replaces")


def __getattr__(name: str) -> Any:
    # The SDK's module holds these too, and plugins have been seen to import them from it.
    if name == "plugin_logger_handler":
        from dify_plugin.config.logger_format import plugin_logger_handler

        return plugin_logger_handler
    if name in ("DifyPluginEnv", "InstallMethod"):
        import dify_plugin.config.config as config

        return getattr(config, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
