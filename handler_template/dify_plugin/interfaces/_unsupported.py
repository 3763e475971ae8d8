"""The base of what runs in Dify only, so that modules that hold some can be imported here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class OnlyInDify:
    """A model, an agent, a provider. It may be derived from; making one is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            f"{type(self).__name__} can't be made here: this function serves the plugin's "
            'endpoints; the real SDK makes it (sdk = "real")'
        )

    def __class_getitem__(cls, item: object) -> type:
        return cls
