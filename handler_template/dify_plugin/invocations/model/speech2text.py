"""`session.model.speech2text`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from dify_plugin.entities.model.speech2text import Speech2TextModelConfig

__all__ = ["Speech2TextInvocation"]

__getattr__ = lazy(__name__)


class Speech2TextInvocation(BackwardsInvocation):
    """Speech to text."""

    def invoke(self, model_config: Speech2TextModelConfig, file: IO[bytes]) -> str:
        """Write down what is said in a file."""
        self._answered("speech2text")
        from binascii import hexlify

        from dify_plugin.entities.model.speech2text import Speech2TextResult

        data = {**model_config.model_dump(), "file": hexlify(file.read())}
        found = self._first("speech2text", Speech2TextResult, data, "speech2text")
        return found.result  # type: ignore[no-any-return]
