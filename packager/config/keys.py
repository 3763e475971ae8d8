"""The keys of the configuration: what each accepts. A new key is one line here, one in Options."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from packager.config.refused import InvalidValue, found
from packager.config.sources import read_document
from packager.contract import ENTRIES
from packager.inputs.gitignore import PatternError, Patterns
from packager.model.options import LOG_RETENTIONS, AwsSource

RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
ARCHITECTURES = ("arm64", "x86_64")
ADAPTERS = ("native", "mangum", "aws-wsgi")
STORAGES = ("dynamodb", "s3", "file", "memory")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `read` gives the value as Options holds it, or raises InvalidValue."""

    name: str
    expected: str
    read: Callable[[object], object]


def choice(name: str, values: tuple[str, ...]) -> Key:
    """A key that takes one of `values`."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in values:
            raise InvalidValue(found(value))
        return value

    return Key(name, "one of " + ", ".join(values), read)


def number_choice(name: str, values: tuple[int, ...], unit: str) -> Key:
    """A key that takes one of the whole numbers `values`, of `unit`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in values:
            raise InvalidValue(found(value))
        return value

    return Key(name, f"{unit}, one of " + ", ".join(map(str, values)), read)


def whole(name: str, least: int, most: int, unit: str) -> Key:
    """A key that takes a whole number of `unit`, from `least` to `most`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidValue(found(value))
        return value

    return Key(name, f"a whole number of {unit} from {least} to {most}", read)


def truth(name: str) -> Key:
    """A key that takes true or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidValue(found(value))
        return value

    return Key(name, "true or false", read)


def text(name: str, expected: str, pattern: str) -> Key:
    """A key that takes text which `pattern` matches wholly."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise InvalidValue(found(value))
        return value

    return Key(name, expected, read)


def texts(name: str, expected: str) -> Key:
    """A key that takes a list of texts, none of them empty."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not item.strip():
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(value)

    return Key(name, expected, read)


def globs(name: str) -> Key:
    """A key that takes a list of patterns in gitignore syntax."""
    lines = texts(name, "a list of globs")

    def read(value: object) -> object:
        read_texts = lines.read(value)
        try:
            Patterns(map(str, value if isinstance(value, list) else ()))
        except PatternError as error:
            raise InvalidValue(f"a list that {error}") from None
        return read_texts

    return Key(name, lines.expected, read)


def media_types(name: str) -> Key:
    """A key that takes a list of media types, in which `*` stands for any characters."""
    compiled = re.compile(r"[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+")  # RFC 6838, 4.2

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not compiled.fullmatch(item):
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(value)

    return Key(name, 'a list of media types, such as "application/vnd.x" or "image/*"', read)


def module_names(name: str) -> Key:
    """A key that takes a list of dotted names of modules."""
    compiled = re.compile(r"[\w-]+(\.[\w-]+)*")

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not compiled.fullmatch(item):
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(dict.fromkeys(value))

    return Key(name, 'a list of modules, such as "json" or "webhooks.signature"', read)


def table(name: str) -> Key:
    """A key that takes a table of whatever JSON can hold."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidValue(found(value))
        if not is_plain(value):
            raise InvalidValue("one with dates, nan or inf")
        return value

    return Key(name, "a table", read)


def entries(name: str) -> Key:
    """A key that takes a list of tables; what is in them is read elsewhere."""

    def read(value: object) -> list[object]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        return value

    return Key(name, "a list of tables", read)


def source_table(name: str) -> Key:
    """A key that takes a table which says where in AWS a document is."""

    def read(value: object) -> AwsSource:
        return read_document(value)

    return Key(name, 'a document\'s place, {ssm = "/name"} or {secret = "name or ARN"}', read)


def is_plain(value: object) -> bool:
    """Tell whether JSON could hold the value: TOML's dates, nan and inf can't be."""
    match value:
        case dict():
            return all(is_plain(each) for each in value.values())
        case list():
            return all(is_plain(each) for each in value)
        case float():
            return math.isfinite(value)
        case _:
            return isinstance(value, str | int)


KEYS = {
    key.name: key
    for key in (
        choice("runtime", RUNTIMES),
        choice("architecture", ARCHITECTURES),
        whole("memory", 128, 10240, "MiB"),  # "Configure Lambda function memory"
        whole("timeout", 1, 900, "seconds"),  # "Lambda quotas"
        choice("api", ("http", "rest", "url")),
        choice("routes", ("all", "declared")),
        number_choice("log_retention", LOG_RETENTIONS, "days"),
        table("template"),
        table("api_template"),
        # It travels in a header and in URLs.
        text(
            "hook_id", "1 to 128 of A-Z, a-z, 0-9, '.', '_', '~' and -", r"[A-Za-z0-9._~-]{1,128}"
        ),
        globs("include"),
        globs("exclude"),
        globs("keep"),
        choice("entry", ENTRIES),
        module_names("preload"),
        truth("snapstart"),
        # What an account may have is a quota that AWS raises on request.
        whole("provisioned_concurrency", 0, 100_000, "execution environments"),
        choice("adapter", ADAPTERS),
        truth("stream"),
        whole("stream_heartbeat", 0, 240, "seconds"),  # 5 minutes of silence end a REST stream
        choice("errors", ("opaque", "dify")),
        whole("max_body", 1, 10 * 1024 * 1024, "bytes"),  # "Amazon API Gateway quotas"
        media_types("binary_types"),
        media_types("text_types"),
        truth("gzip"),
        truth("diet"),
        choice("sdk", ("light", "real")),
        choice("storage", STORAGES),
        whole("storage_limit", 1, 1 << 50, "bytes"),
        # "Bucket naming rules"; a dot would make its name one that TLS does not verify.
        text(
            "storage_bucket",
            "a bucket's name: 3 to 63 of a-z, 0-9 and -",
            r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        ),
        text(
            "storage_prefix",
            "up to 200 of A-Z, a-z, 0-9, '/', '.', '_' and -, not starting with a slash",
            r"([A-Za-z0-9._-][A-Za-z0-9/._-]{0,199})?",
        ),
        # The characters that a base path mapping may have ("Use API mappings").
        text(
            "base_path",
            "a path such as /v1, without a slash at its end",
            r"(/[A-Za-z0-9$\-_.+!*'()]+)+",
        ),
        entries("events"),
        source_table("settings_from"),
        whole("settings_ttl", 0, 86400, "seconds"),
        # An id or ARN, an alias or its ARN ("DescribeKey" of the KMS API, KeyId).
        text(
            "kms_key",
            "a key's id or ARN, or an alias such as alias/neko",
            r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/|alias/)?[A-Za-z0-9/_-]{1,256}",
        ),
    )
}
