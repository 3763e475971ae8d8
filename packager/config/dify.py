"""Reads how Dify is reached: the addresses of its APIs, and the sources of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from packager.config.key_types import Key, text
from packager.config.refused import InvalidPart, InvalidValue, found
from packager.config.sources import SOURCE_KEYS
from packager.config.tables import Report, read_table, secret, url
from packager.config.urls import base_url
from packager.inputs.toml_positions import KeyPath
from packager.model.calls import INNER_KEY, InnerDify
from packager.model.options import Options, Source

ANY_APP = "*"  # the key of every app that has none of its own
_ID = r"[A-Za-z0-9_-]{1,64}"
_OF_INNER = ("inner_url", "inner_key", "tenant_id", "user_id")


def _inner_url(value: object) -> str:
    """Return the address of Dify's api service; raises InvalidValue."""
    read = base_url(value)
    if read.endswith("/inner/api"):
        raise InvalidValue("one with /inner/api, which is added to it")
    return read


DIFY: tuple[Key, ...] = (
    url("base_url", "https://dify.example.com/v1"),
    url("inner_url", "http://dify-api:5001", _inner_url),
    secret("inner_key", "the inner API's key", "/dify/inner-key"),
    text("tenant_id", "an id", _ID),
    text("user_id", "an id", _ID),
)
_APP_KEY = secret("", "the app's API key", "/dify/app-key")
# What has to be said with inner_url, and how.
_NEEDED = {
    "inner_key": 'say where it is kept: inner_key = {ssm = "/dify/inner-key"}',
    "tenant_id": "say the id of the workspace, which Dify's database has in its table tenants",
}


def read_dify(value: object, path: KeyPath, report: Report) -> dict[str, Any]:
    """Return what is sound in the table `dify`, by its keys."""
    return read_table(DIFY, value, path, report, {"apps": "apps is a table beside dify"})


def inner_of(given: Mapping[str, Any]) -> tuple[InnerDify | None, dict[str, Source]]:
    """Return what the merged tables say of the inner API, and the source of its key by name."""
    if "inner_url" not in given:
        return None, {}
    inner = InnerDify(given["inner_url"], given.get("tenant_id", ""), given.get("user_id", ""))
    key = given.get("inner_key")
    return inner, {} if key is None else {INNER_KEY: key}


def check_inner(options: Options, report: Report) -> None:
    """Report what the inner API's address needs, and what is of no use without it."""
    given = {key for key in _OF_INNER if f"dify.{key}" in options.places}
    if options.dify_inner is None:
        for key in sorted(given - {"inner_url"}) if "inner_url" not in given else ():
            report("missing-key", "is for inner_url, and there is none", ("dify", key), None, None)
        return
    for key, hint in _NEEDED.items():
        if key not in given:
            report("missing-key", "missing", ("dify", key), hint, None)


def read_apps(value: object, path: KeyPath, report: Report) -> Mapping[str, Source]:
    """Return the sources of the table `apps` by app id; what is faulty is left out."""
    if not isinstance(value, dict):
        report("wrong-type", f"expected a table, not {found(value)}", path, None, None)
        return {}
    apps: dict[str, Source] = {}
    for app_id, each in value.items():
        own = (*path, app_id)
        try:
            apps[app_id] = cast(Source, _APP_KEY.read(each))
        except InvalidPart as refused:
            inside = [key for key in SOURCE_KEYS if key in each]
            report("invalid-value", str(refused), own, None, (*own, inside[0]))
        except InvalidValue as refused:
            message = f"expected {_APP_KEY.expected}, not {refused}"
            report("invalid-value", message, own, None, None)
    return apps
