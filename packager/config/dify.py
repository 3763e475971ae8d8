"""Reads how Dify is reached: the address of its Service API, and the source of each app's key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from packager.config.refused import InvalidValue, found
from packager.config.sources import SOURCE_KEYS, is_reference, read_reference
from packager.errors import Code
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_positions import KeyPath
from packager.model.options import Source

ANY_APP = "*"  # the key of every app that has none of its own
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+")
# Code, message, key, hint, and where the fault is if that is another key.
Report = Callable[[Code, str, KeyPath, str | None, KeyPath | None], None]


def read_dify(value: object, path: KeyPath, report: Report) -> str | None:
    """Return the base URL of the table `dify`; None if it says none, or after a fault."""
    if not isinstance(value, dict):
        report("wrong-type", f"expected a table, not {found(value)}", path, None, None)
        return None
    for key in value:
        if key == "apps":
            report(
                "unknown-key",
                "there is no such key",
                (*path, key),
                "apps is a table beside dify",
                None,
            )
        elif key != "base_url":
            hint = did_you_mean(key, ["base_url"]) or "the key is base_url"
            report("unknown-key", "there is no such key", (*path, key), hint, None)
    if "base_url" not in value:
        return None
    try:
        return _base_url(value["base_url"])
    except InvalidValue as refused:
        report(
            "invalid-value",
            f"expected a URL such as https://dify.example.com/v1, not {refused}",
            (*path, "base_url"),
            None,
            None,
        )
        return None


def read_apps(value: object, path: KeyPath, report: Report) -> Mapping[str, Source]:
    """Return the sources of the table `apps` by app id; what is faulty is left out."""
    if not isinstance(value, dict):
        report("wrong-type", f"expected a table, not {found(value)}", path, None, None)
        return {}
    apps: dict[str, Source] = {}
    for app_id, each in value.items():
        own = (*path, app_id)
        try:
            if not is_reference(each):
                # A text may be the key itself: it is not repeated.
                what = "the key itself" if isinstance(each, str) else found(each)
                raise InvalidValue(
                    'expected the source of the app\'s API key, such as {ssm = "/dify/app-key"}, '
                    f"not {what}"
                )
            apps[app_id] = read_reference(each)
        except InvalidValue as refused:
            inside = [key for key in SOURCE_KEYS if isinstance(each, dict) and key in each]
            report("invalid-value", str(refused), own, None, (*own, inside[0]) if inside else None)
    return apps


def _base_url(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(found(value))
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise InvalidValue(found(value)) from None
    if parts.username or parts.password:
        raise InvalidValue("one with a password")
    host = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    if (
        parts.scheme not in ("http", "https")
        or not _HOST.fullmatch(host)
        or parts.query
        or parts.fragment
        or not value.isascii()
        or not value.isprintable()
        or " " in value
    ):
        raise InvalidValue(found(value))
    return value.rstrip("/")
