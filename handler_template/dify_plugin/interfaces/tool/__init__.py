"""Bases of tools, so that modules that hold some can be imported: tools don't run here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_MESSAGE = "tools run in Dify; this function serves the plugin's endpoints"


class Tool:
    """A tool. Making one is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(_MESSAGE)


class ToolProvider:
    """A provider of tools. Making one is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(_MESSAGE)
