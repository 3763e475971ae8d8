"""The SDK's own place of the calls of `session.model.tts`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import TTSInvocation

__all__ = ["TTSInvocation"]

__getattr__ = lazy(__name__)
