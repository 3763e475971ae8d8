"""Says what a run on this machine lacks: values of settings, keys of apps, AWS credentials."""

from __future__ import annotations

from collections.abc import Mapping

from packager.analysis.sdk_use import FAKE_DIFY
from packager.contract import LOCAL_SETTINGS
from packager.dataclass import dataclass
from packager.errors import (
    APP_KEY_UNSET,
    SETTING_UNSET,
    UNANSWERED_CALL,
    UNANSWERED_CHOICE,
    Diagnostic,
    Diagnostics,
)
from packager.model.options import EnvSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings, place_of, setting_source, source_of
from packager.settings.local_file import LocalSettings
from packager.settings.unset import toml_key


@dataclass(frozen=True, slots=True)
class RunValues:
    """What a run has: `local` values, if there is a file of them, in place of all that AWS keeps;
    the `variables` that settings may come from; whether it may call AWS, and whether Dify's
    stand-in answers calls."""

    variables: Mapping[str, str]
    local: LocalSettings | None = None
    credentials: bool = False
    fake_dify: bool = False


def concerns(diagnostic: Diagnostic, values: RunValues) -> bool:
    """Whether a warning of `check` regards this run: not one of keys that it has or needs not, nor
    of calls and choices of models and tools where Dify's stand-in answers any."""
    if diagnostic.code in (UNANSWERED_CALL, UNANSWERED_CHOICE):
        return not values.fake_dify
    answered = values.fake_dify or (values.local is not None and values.local.apps)
    return diagnostic.code != APP_KEY_UNSET or not answered


def warn_of_lacking(plan: FunctionPlan, values: RunValues, diagnostics: Diagnostics) -> None:
    """Note every value that the function `plan` needs and this run does not have."""
    for setting in all_settings(plan):
        is_key = setting not in plan.group.settings
        if is_key and values.fake_dify:
            continue
        if not _is_here(setting, is_key, values):
            _warn_of_setting(plan, setting, is_key, values, diagnostics)


def _is_here(setting: Setting, is_key: bool, values: RunValues) -> bool:
    if values.local is None:
        return False
    if not is_key:
        return setting.name in values.local.settings
    if not setting.name.startswith("apps."):
        return setting.name in values.local.keys
    app_id = setting.name.removeprefix("apps.")
    return app_id in values.local.apps or "*" in values.local.apps


def _warn_of_setting(
    plan: FunctionPlan,
    setting: Setting,
    is_key: bool,
    values: RunValues,
    diagnostics: Diagnostics,
) -> None:
    own = source_of(plan, setting)
    source = own or plan.options.settings_from
    needed = setting.required and not (setting.has_default and setting.default is not None)
    key = setting.name if is_key else f"settings.{setting.name}"
    wanted = setting.name.removeprefix("apps.") if is_key else setting.name
    of_key = "apps" if setting.name.startswith("apps.") else "keys"
    here = f"put a value into {LOCAL_SETTINGS}, under [{of_key if is_key else 'settings'}]: "
    here += f"{toml_key(wanted)} = ..."
    here += f"; {FAKE_DIFY}" if is_key else ""
    if source is None:
        if needed:
            diagnostics.warn(
                SETTING_UNSET,
                f"the required setting {setting.name} has no value in this run: every request "
                "will be answered with 500",
                setting.place,
                hint=here,
            )
    elif isinstance(source, EnvSource):
        if needed and not values.variables.get(source.name):
            diagnostics.warn(
                SETTING_UNSET,
                f"comes from the variable {source.name}, which this run does not have",
                place_of(plan, setting),
                key=key,
                hint=f"set it in this shell, in .env or by --env-file, or {here}",
            )
    elif isinstance(source, SsmSource | SecretSource):
        told = setting_source(plan, setting)
        if values.local is not None:
            if needed:
                diagnostics.warn(
                    SETTING_UNSET,
                    f"is not in the file that stands in for AWS ({told})",
                    place_of(plan, setting),
                    key=key,
                    hint=here,
                )
        elif not values.credentials:
            diagnostics.warn(
                SETTING_UNSET if needed else "no-credentials",
                f"comes from AWS ({told}), and this run has no credentials",
                place_of(plan, setting),
                key=key,
                hint=f"{here}; or hand this shell's credentials on with --aws",
            )
