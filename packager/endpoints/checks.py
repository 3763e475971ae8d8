"""Finds what is wrong with an endpoint before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction, Values
from packager.endpoints.given import Given
from packager.endpoints.store import MOST_BYTES, STANDARD_BYTES
from packager.errors import SETTING_UNSET, Diagnostics, PackagerError, Place
from packager.model.options import AwsSource, SecretSource
from packager.plugin.value_sources import source_label
from packager.settings.choices import warn_of_choice
from packager.settings.remote_values import texts_of, value_at
from packager.settings.targets import Target
from packager.settings.values import WrongValue


def check_required(
    function: ManagedFunction,
    values: Values,
    given: Mapping[str, Given],
    place: Place | None,
    diagnostics: Diagnostics,
) -> None:
    """Note every required setting that neither has a value nor a default that steps in."""
    for setting in function.declaration.settings:
        name = setting.name
        has = values.plain.get(name) is not None or name in values.references
        told = name in given and given[name].wrong
        if setting.required and setting.default is None and not has and not told:
            diagnostics.error(
                SETTING_UNSET,
                "is required and not set",
                place,
                key=name,
                hint="give it a value, or say where it is: {ssm: /name}, {secret: name}",
            )


def check_choices(
    function: ManagedFunction,
    given: Mapping[str, Given],
    place: Place | None,
    diagnostics: Diagnostics,
) -> None:
    """Warn of each app, model and tool that is chosen and that nothing configured answers."""
    for name, each in given.items():
        setting = function.declaration.setting(name)
        if setting is None or each.wrong:
            continue
        at = each.place or place, name
        warn_of_choice(setting, each.value, function.declaration.choices, at, diagnostics)


def check_size(
    function: ManagedFunction,
    endpoint: Endpoint,
    given: Mapping[str, Given],
    place: Place | None,
    diagnostics: Diagnostics,
) -> None:
    """Note an endpoint that its store does not take, at its largest value."""
    store = function.declaration.store if function.aws is not None else "file"
    size, most = function.store.size(endpoint), MOST_BYTES[store]
    if size > most:
        largest = max(given.values(), key=lambda each: len(repr(each.value)), default=None)
        diagnostics.error(
            "too-large",
            f"{endpoint.name} would have {size} bytes in its store ({store}); at most {most} fit",
            largest.place if largest is not None and largest.place is not None else place,
            hint="keep the large values elsewhere, and say where: {secret: name, key: k}",
        )
    elif store == "ssm" and size > STANDARD_BYTES:
        diagnostics.warn(
            "advanced-parameter",
            f"{endpoint.name} has {size} bytes: over {STANDARD_BYTES} its parameter is of the "
            "advanced tier, which AWS charges for by the month",
            place,
        )


def check_references(
    function: ManagedFunction,
    references: Mapping[tuple[str, AwsSource], Place | None],
    diagnostics: Diagnostics,
) -> None:
    """Read the values that settings refer to, and note those that are missing or wrong.

    `references` are settings' names and sources, with where each was written. What may not be read
    from here is warned of. On this machine nothing is read.
    """
    aws = function.aws
    if aws is None:
        return
    for (name, source), place in references.items():
        setting = function.declaration.setting(name)
        if setting is None:
            continue
        label = source_label(source)
        try:
            value = value_at(setting, _target(source), texts_of([source], aws))
        except WrongValue as wrong:
            diagnostics.error("invalid-value", f"{label}: {wrong}", place, key=name)
        except PackagerError as refused:
            diagnostics.warn(
                "unchecked-value", f"its value could not be checked: {refused}", place, key=name
            )
        else:
            if value is None:
                diagnostics.error(
                    "invalid-value",
                    f"there is no {label}",
                    place,
                    key=name,
                    hint="write it first; the function's role must be allowed to read it, too",
                )


def _target(source: AwsSource) -> Target:
    if isinstance(source, SecretSource):
        return SecretSource(source.name), source.key
    return source, None
