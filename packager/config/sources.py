"""Checks references to where a value is kept: the environment, Parameter Store, Secrets Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packager.config.refused import InvalidValue, found
from packager.model.options import AwsSource, EnvSource, SecretSource, SsmSource

SOURCE_KEYS = ("env", "ssm", "secret")
# "Keys start with a letter and are at least two characters" (Lambda, environment variables).
_ENV_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED = ("AWS_", "LAMBDA_")
_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:\d{{12}}:"
# Names, versions and labels: "PutParameter" and "LabelParameterVersion" of the SSM API. A path
# starts with a slash, and an ARN is how a parameter is named that another account shares.
_SSM_NAME = r"[A-Za-z0-9_.-]+|(?:/[A-Za-z0-9_.-]+)+"
_SSM = re.compile(
    rf"(?:(?:{_ARN.format('ssm')}parameter/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)|{_SSM_NAME})"
    r"(?::[A-Za-z0-9_.-]{1,100})?"
)
_MAX_SSM = 1011  # characters, of the whole ARN ("PutParameter")
_MAX_LEVELS = 15
_BEHIND_SSM = "/aws/reference/secretsmanager/"
# "CreateSecret" of the Secrets Manager API; `!` is in the names of secrets that AWS manages.
_SECRET = re.compile(
    rf"(?:{_ARN.format('secretsmanager')}secret:[A-Za-z0-9/_+=.@!-]+)|[A-Za-z0-9/_+=.@!-]{{1,512}}"
)


def _table_of(required: str, **patterns: str) -> dict[str, Any]:
    texts = {key: {"type": "string", "pattern": f"^(?:{each})$"} for key, each in patterns.items()}
    return {
        "type": "object",
        "properties": texts,
        "required": [required],
        "additionalProperties": False,
    }


# As JSON Schema: a whole document of settings, and the source of one value.
DOCUMENT_SCHEMA: Mapping[str, Any] = {
    "anyOf": [_table_of("ssm", ssm=_SSM.pattern), _table_of("secret", secret=_SECRET.pattern)]
}
SOURCE_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        _table_of("ssm", ssm=_SSM.pattern),
        _table_of("secret", secret=_SECRET.pattern, key=r"[\s\S]+"),
        _table_of("env", env=_ENV_NAME.pattern),
    ]
}


def is_reference(value: object) -> bool:
    """Return whether a value of the configuration says where the value is, instead of being it."""
    return isinstance(value, dict) and any(key in value for key in SOURCE_KEYS)


def read_reference(value: object) -> EnvSource | AwsSource:
    """Return the source that a table of the configuration names; raises `InvalidValue`."""
    if not isinstance(value, dict) or not is_reference(value):
        raise InvalidValue(
            'expected a source, {ssm = "/name"}, {secret = "name", key = "k"} or {env = "NAME"}, '
            f"not {found(value)}"
        )
    if "env" in value:
        return _env_source(value)
    if "ssm" in value:
        return _ssm_source(value)
    return _secret_source(value)


def read_document(value: object) -> AwsSource:
    """Return the source of `settings_from`: one document with all settings of a group in it."""
    if not isinstance(value, dict) or not ("ssm" in value or "secret" in value):
        raise InvalidValue(found(value))
    source = read_reference(value)
    if isinstance(source, EnvSource) or (isinstance(source, SecretSource) and source.key):
        raise InvalidValue("one with env or key")
    return source


def env_name(setting: str) -> str:
    """Return a name for the environment variable that holds `setting`."""
    name = re.sub(r"[^A-Z0-9]+", "_", setting.upper()).strip("_")
    return name if _ENV_NAME.fullmatch(name) and not name.startswith(_RESERVED) else "MY_" + name


def ssm_name(plugin: str, setting: str) -> str:
    """Return a name for the parameter that holds a plugin's `setting`."""
    parts = (re.sub(r"[^A-Za-z0-9_.-]+", "_", part) or "_" for part in (plugin, setting))
    return "/" + "/".join(parts)


def _alone(value: Mapping[str, Any], *keys: str) -> None:
    others = ", ".join(key for key in value if key not in keys)
    if others:
        form = {"env": '{env = "NAME"}', "ssm": '{ssm = "/name"}'}.get(
            keys[0], '{secret = "name", key = "k"}'
        )
        raise InvalidValue(f"expected {form} alone, not with {others}")


def _env_source(value: Mapping[str, Any]) -> EnvSource:
    _alone(value, "env")
    name = value["env"]
    if not isinstance(name, str) or not _ENV_NAME.fullmatch(name):
        raise InvalidValue(
            "expected the name of an environment variable: "
            "a letter, then one or more letters, digits and _"
        )
    if name.upper().startswith(_RESERVED):
        raise InvalidValue(f"the name {name} is reserved by Lambda; expected another")
    return EnvSource(name)


def _ssm_source(value: Mapping[str, Any]) -> SsmSource:
    _alone(value, "ssm")
    name = value["ssm"]
    if not isinstance(name, str) or not _SSM.fullmatch(name):
        without = isinstance(name, str) and "/" in name and _SSM.fullmatch("/" + name)
        raise InvalidValue(
            "expected the name of a parameter, "
            + (
                f"which starts with a slash: /{name}"
                if without
                else "such as /neko/api_key or /neko/api_key:3, or its ARN"
            )
        )
    if name.startswith(_BEHIND_SSM):
        raise InvalidValue(
            "a secret is read from Secrets Manager itself; "
            f'expected {{secret = "{name.removeprefix(_BEHIND_SSM)}"}}'
        )
    if len(name) > _MAX_SSM or name.count("/") > _MAX_LEVELS:
        raise InvalidValue(
            f"expected a name of at most {_MAX_LEVELS} levels and {_MAX_SSM} characters"
        )
    return SsmSource(name)


def _secret_source(value: Mapping[str, Any]) -> SecretSource:
    _alone(value, "secret", "key")
    name, key = value["secret"], value.get("key")
    if not isinstance(name, str) or not _SECRET.fullmatch(name):
        raise InvalidValue(
            "expected the name of a secret (letters, digits and /_+=.@-), or its ARN"
        )
    if "key" in value and (not isinstance(key, str) or not key):
        raise InvalidValue(f"expected a key of the secret's JSON, not {found(key)}")
    return SecretSource(name, key)
