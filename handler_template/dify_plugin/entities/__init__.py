"""Data that plugins and Dify exchange: the ones published endpoint plugins import."""

from __future__ import annotations

from dify_plugin.core.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class I18nObject(Entity):
    """A text in several languages; what is missing is as in English."""

    zh_hans: str
    pt_br: str
    ja_jp: str
    en_us: str

    def __init__(self, **data: Any) -> None:
        given = {name.lower(): value for name, value in data.items()}
        english = given.get("en_us")
        super().__init__(
            **{name: given.get(name) or english for name in self._fields() if english is not None}
        )

    def to_dict(self) -> dict[str, str]:
        """The texts by Dify's names of the languages."""
        return {
            "zh_Hans": self.zh_hans,
            "en_US": self.en_us,
            "pt_BR": self.pt_br,
            "ja_JP": self.ja_jp,
        }

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """The texts by Dify's names of the languages, as the SDK gives them."""
        texts = self.to_dict()
        return {name: texts[name] for name in ("zh_Hans", "pt_BR", "ja_JP", "en_US")}
