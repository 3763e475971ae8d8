"""Finds defaults that their settings don't take."""

from __future__ import annotations

from collections.abc import Iterable

from packager.config.settings import wanted_of
from packager.errors import DEFAULT_FAILS, Code, Diagnostics
from packager.formatting import shortened
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan

_MAX_SHOWN = 50  # options in a message


def warn_of_defaults(plans: Iterable[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note each default that its setting does not take: Dify shows it to a user, who picks another.

    Where nothing gives another value, every request is answered with 500.
    """
    for plan in plans:
        options = plan.options
        for setting in plan.group.settings:
            problem = _problem(setting)
            if problem is None:
                continue
            given = setting.name in options.settings or options.settings_from
            fails = not given and not options.is_managed
            unused: Code = "default-not-an-option" if setting.type == "select" else "wrong-type"
            diagnostics.warn(
                DEFAULT_FAILS if fails else unused,
                problem + (": every request is answered with 500" if fails else ""),
                setting.default_place or setting.place,
                key=setting.name,
                hint=_hint(setting),
            )


def _problem(setting: Setting) -> str | None:
    if setting.default is None or wanted_of(setting, setting.default) is None:
        return None
    if setting.type == "secret-input":  # nothing of it is said
        return "the default is not text"
    if setting.type != "select":
        wanted = wanted_of(setting, setting.default)
        return f"the default {shortened(repr(setting.default))} is not {wanted}"
    default = setting.default
    chosen = default if setting.multiple and isinstance(default, list) else [default]
    wrong = next(each for each in chosen if each not in setting.options)
    shown = [*setting.options[:_MAX_SHOWN], *(["…"] if len(setting.options) > _MAX_SHOWN else [])]
    return f"the default {shortened(repr(wrong))} is not among the options: {', '.join(shown)}"


def _hint(setting: Setting) -> str | None:
    if setting.type == "number" and isinstance(setting.default, str):
        try:
            float(setting.default)
        except ValueError:
            return None
        return f"write {setting.default.strip()}, without quotes"
    return None
