"""Texts in several languages, and options of parameters."""

from __future__ import annotations

from enum import StrEnum

from dify_plugin._entity.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class I18nObject(Entity):
    """A text in several languages; what is missing is as in English."""

    _aliases: ClassVar[dict[str, str]] = {
        "zh_hans": "zh_Hans",
        "pt_br": "pt_BR",
        "ja_jp": "ja_JP",
        "en_us": "en_US",
    }
    _by_alias = True
    _after_all = ("fill_missing_translations",)

    zh_hans: str | None = None
    pt_br: str | None = None
    ja_jp: str | None = None
    en_us: str

    def fill_missing_translations(self) -> I18nObject:
        """Take the English text where there is no other."""
        for name in ("zh_hans", "pt_br", "ja_jp"):
            if not getattr(self, name):
                setattr(self, name, self.en_us)
        return self

    def to_dict(self) -> Any:
        """The texts by Dify's names of the languages."""
        return {
            "zh_Hans": self.zh_hans,
            "en_US": self.en_us,
            "pt_BR": self.pt_br,
            "ja_JP": self.ja_jp,
        }


class ParameterOption(Entity):
    """One of the values that a parameter may have."""

    _before: ClassVar[dict[str, str]] = {"value": "transform_id_to_str"}

    value: str
    label: I18nObject
    icon: str | None = None

    @classmethod
    def transform_id_to_str(cls, value: object) -> str:
        """Any value as text."""
        return value if isinstance(value, str) else str(value)


class ParameterAutoGenerate(Entity):
    """How a parameter's value is generated."""

    class Type(StrEnum):
        """The ways there are."""

        PROMPT_INSTRUCTION = "prompt_instruction"

    type: Type


class ParameterTemplate(Entity):
    """Whether a parameter's value is a template."""

    enabled: bool


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
