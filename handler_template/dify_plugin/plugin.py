"""What a plugin's `main.py` starts; here requests arrive without it."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.config.config import DifyPluginEnv


class Plugin:
    """Stands in for the SDK's server. Making one is harmless, running it is a mistake."""

    def __init__(self, config: DifyPluginEnv) -> None:
        self.config = config

    def run(self) -> None:
        """Raise: the function's runtime serves the endpoints, there is no server to run."""
        raise RuntimeError("Plugin.run() starts Dify's plugin server, which this function replaces")


__getattr__ = lazy(__name__)
