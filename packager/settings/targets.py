"""Where in AWS the values of settings are, and which of those places have one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from packager.errors import PackagerError
from packager.model.options import AwsSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import source_of
from packager.settings.aws import Aws

# A parameter or secret, and a key in its JSON; None for the whole of it.
Target = tuple[AwsSource, str | None]


def target_of(plan: FunctionPlan, setting: Setting) -> Target | None:
    """Return where in AWS a setting's value is, and its key in the JSON there, if it is in one."""
    match source_of(plan, setting), plan.options.settings_from:
        case SsmSource() as source, _:
            return source, None
        case SecretSource(name, key), _:
            return SecretSource(name), key
        case None, (SsmSource() | SecretSource()) as document:
            return document, setting.name
    return None


def targets_with_values(targets: Iterable[Target], aws: Aws) -> set[Target]:
    """Return those that have a value in AWS; none of those that may not be read."""
    found: set[Target] = set()
    texts: dict[AwsSource, str | bytes | None] = {}
    for target in targets:
        source, key = target
        if source not in texts:
            texts[source] = _text_in(source, aws)
        text = texts[source]
        if text is None:
            continue
        if key is None:
            found.add(target)
            continue
        with suppress(ValueError):
            document = json.loads(text)
            if isinstance(document, dict) and document.get(key) is not None:
                found.add(target)
    return found


def _text_in(source: AwsSource, aws: Aws) -> str | bytes | None:
    try:
        if isinstance(source, SecretSource):
            return aws.secret(source.name)
        parameter = aws.parameters([source.name]).get(source.name)
    except PackagerError:  # whoever may write need not be allowed to read
        return None
    return parameter.value if parameter else None
