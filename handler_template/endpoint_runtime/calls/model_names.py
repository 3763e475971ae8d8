"""Which model of the endpoint answers for a model of Dify's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = "*"  # stands for every model that has no line of its own


def endpoint_name(names: Mapping[str, str], provider: str, model: str) -> str | None:
    """Return the name that the endpoint knows a model by; None where none is said.

    Looked up are `provider/model`, that with the last part of the provider alone (which Dify
    writes `author/plugin/provider`), the model alone, and `*`.
    """
    for name in (f"{provider}/{model}", f"{provider.rpartition('/')[2]}/{model}", model, ANY):
        if name in names:
            return names[name]
    return None
