"""The SDK's own place of the calls of `session.model.speech2text`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import Speech2TextInvocation

__all__ = ["Speech2TextInvocation"]

__getattr__ = lazy(__name__)
