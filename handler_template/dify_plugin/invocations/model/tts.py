"""`session.model.tts`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from dify_plugin.entities.model.tts import TTSModelConfig

__all__ = ["TTSInvocation"]

__getattr__ = lazy(__name__)


class TTSInvocation(BackwardsInvocation):
    """Text to speech."""

    def invoke(
        self, model_config: TTSModelConfig, content_text: str
    ) -> Generator[bytes, None, None]:
        """Speak a text: the sound, piece by piece."""
        self._answered("tts")
        return self._spoken({**model_config.model_dump(), "content_text": content_text})

    def _spoken(self, data: dict[str, Any]) -> Generator[bytes, None, None]:
        from binascii import unhexlify

        from dify_plugin.entities.model.tts import TTSResult

        for piece in self._backwards_invoke("tts", TTSResult, data):
            yield unhexlify(piece.result)
