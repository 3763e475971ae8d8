"""Reads what parameters and secrets hold, and finds the values of settings in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from packager.model.options import AwsSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.value_sources import source_label
from packager.settings.aws import Aws
from packager.settings.targets import Target
from packager.settings.values import WrongValue, value_of_json, value_of_text

# What parameters and secrets hold, by kind and name.
Texts = Mapping[tuple[type, str], str | bytes]


def texts_of(sources: Sequence[AwsSource], aws: Aws) -> Texts:
    """Return what parameters and secrets hold; the missing ones are absent."""
    names = dict.fromkeys(each.name for each in sources if isinstance(each, SsmSource))
    found: dict[tuple[type, str], str | bytes] = {
        (SsmSource, name): parameter.value
        for name, parameter in aws.parameters(list(names)).items()
    }
    for name in dict.fromkeys(each.name for each in sources if isinstance(each, SecretSource)):
        text = aws.secret(name)
        if text is not None:
            found[SecretSource, name] = text
    return found


def value_at(setting: Setting, target: Target, texts: Texts) -> Any:
    """Return a setting's value at its place, None where there is none; raise `WrongValue`."""
    source, key = target
    text = texts.get((type(source), source.name))
    if text is None:
        return None
    if isinstance(text, bytes):
        raise WrongValue("is binary, expected text")
    if key is None:
        return value_of_text(setting, text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongValue(f"{source_label(source)} is not valid JSON") from None
    if not isinstance(document, dict):
        raise WrongValue(f"the JSON of {source_label(source)} is not an object")
    return value_of_json(setting, document.get(key))
