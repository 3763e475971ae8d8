"""Reads the table `models`: which endpoint answers calls of models, and by which names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from packager.config.key_types import Key, choice, text
from packager.config.refused import InvalidPart, InvalidValue, found
from packager.config.tables import Report, read_table, secret, url
from packager.inputs.toml_positions import KeyPath
from packager.model.calls import ModelProvider, Models
from packager.model.options import Options, Source

# Ids and ARNs of models and inference profiles ("InvokeModel" of the Bedrock API, modelId).
_BEDROCK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_-]{0,2047}")


def _read_names(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise InvalidValue(found(value))
    for name, each in value.items():
        if not isinstance(each, str) or not each.strip() or not each.isprintable():
            message = f"expected the endpoint's name of a model, not {found(each)}"
            raise InvalidPart(message, name)
    return value


MODELS: tuple[Key, ...] = (
    choice("provider", get_args(ModelProvider)),
    url("base_url", "https://api.openai.com/v1"),
    secret("api_key", "the endpoint's API key", "/models/api-key"),
    text("region", "a region such as eu-central-1", r"[a-z]{2,5}(-[a-z]+)+-\d"),
    Key(
        "names",
        "a table of the endpoint's names of models",
        _read_names,
        {"type": "object", "additionalProperties": {"type": "string", "pattern": r"\S"}},
    ),
)


def read_models(value: object, path: KeyPath, report: Report) -> dict[str, Any]:
    """Return what is sound in a table `models`, by its keys; the key's source is `api_key`."""
    return read_table(MODELS, value, path, report)


def models_of(given: Mapping[str, Any]) -> tuple[Models | None, dict[str, Source]]:
    """Return what the merged tables say of models, and the sources of keys by their names."""
    if not given:
        return None, {}
    key = given.get("api_key")
    models = Models(
        given.get("provider", "openai"),
        given.get("base_url"),
        given.get("region"),
        given.get("names", {}),
    )
    return models, {} if key is None else {"models.api_key": key}


def check_models(options: Options, report: Report) -> None:
    """Report keys of `models` that contradict each other, or are missing; by their own paths."""
    models = options.models
    if models is None:
        return
    bedrock = models.provider == "bedrock"
    for key in ("base_url", "api_key") if bedrock else ("region",):
        if f"models.{key}" in options.places:
            whose = "an OpenAI-compatible endpoint" if bedrock else "Amazon Bedrock"
            report("conflicting-keys", f"is for {whose}", ("models", key), None, None)
    if not bedrock and models.base_url is None and "models.base_url" not in options.places:
        hint = 'say it: base_url = "https://api.openai.com/v1"; or provider = "bedrock"'
        report("missing-key", "missing", ("models", "base_url"), hint, None)
    if bedrock and not models.names:
        hint = 'for example "*" = "eu.amazon.nova-lite-v1:0"; the role allows no other models'
        report("missing-key", "missing; which models are called?", ("models", "names"), hint, None)
    for name, each in models.names.items() if bedrock else ():
        if not _BEDROCK_ID.fullmatch(each):
            message = "expected the id or the ARN of a model or an inference profile"
            report("invalid-value", message, ("models", "names", name), None, None)
