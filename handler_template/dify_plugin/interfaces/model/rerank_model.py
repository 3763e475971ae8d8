"""The base of ranking models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "RerankModel"]


class RerankModel(AIModel):
    """One of the ranking models."""


__getattr__ = lazy(__name__)
