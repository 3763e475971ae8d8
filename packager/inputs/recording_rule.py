"""A werkzeug rule, for those few paths that only werkzeug can judge: it takes a while to import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.routing import BaseConverter, Map, Rule

CONVERTERS = tuple(sorted(name for name in Map.default_converters if name != "default"))


class RecordingRule(Rule):
    """A rule that remembers which converter each of its variables got."""

    def __init__(self, path: str, method: str) -> None:
        self.converters: dict[str, BaseConverter] = {}
        super().__init__(path, methods=[method])

    def get_converter(
        self,
        variable_name: str,
        converter_name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> BaseConverter:
        """Return the converter of a variable, as `Rule` has it made."""
        converter = super().get_converter(variable_name, converter_name, args, kwargs)
        re.compile(converter.regex)  # werkzeug does so at the first request only
        self.converters[variable_name] = converter
        return converter

    def bind_alone(self) -> None:
        """Raise whatever werkzeug does for a rule that is faulty."""
        Map([self])
