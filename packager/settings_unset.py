"""Finds required settings that nothing gives a value."""

from __future__ import annotations

from collections.abc import Iterable

from packager.config_settings import env_name
from packager.errors import FaultCollector
from packager.model import FunctionPlan


def warn_of_unset(plans: Iterable[FunctionPlan], faults: FaultCollector) -> None:
    """Note every required setting of `plans` without a source and without a default.

    It is no error: such a function builds, and answers each request with 500 until it is set.
    """
    for plan in plans:
        for setting in plan.group.settings:
            given = setting.name in plan.options.settings
            if setting.required and not given and setting.default is None:
                faults.warn(
                    f"the required setting {setting.name} gets no value: "
                    "every request will be answered with 500",
                    setting.place,
                    hint=f"say where it is from, in packager.toml under [settings]: "
                    f'{_key(setting.name)} = {{env = "{env_name(setting.name)}"}}',
                )


def _key(name: str) -> str:
    """Give a setting's name as a key of TOML."""
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
