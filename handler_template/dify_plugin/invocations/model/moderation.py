"""The SDK's own place of the calls of `session.model.moderation`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import ModerationInvocation

__all__ = ["ModerationInvocation"]

__getattr__ = lazy(__name__)
