"""Data that plugins and Dify exchange."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.entities.parameters import (
        I18nObject,
        ParameterAutoGenerate,
        ParameterOption,
        ParameterTemplate,
    )

__all__ = ["I18nObject", "ParameterAutoGenerate", "ParameterOption", "ParameterTemplate"]

__getattr__ = lazy(__name__)
