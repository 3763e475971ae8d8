"""The SDK's own place of the calls of `session.model.rerank`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import RerankInvocation

__all__ = ["RerankInvocation"]

__getattr__ = lazy(__name__)
