"""Compares a deployed function URL, and who may call it, with what the configuration says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from packager.deployed.policies import Statement, covers, statements_of
from packager.settings.aws import Aws, error_code

_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
_MISSING = "ResourceNotFoundException"


def url_drift(
    name: str, alias: Any, is_now: Mapping[str, Any], wanted: Mapping[str, Any], aws: Aws
) -> Iterator[tuple[str, str, str]]:
    """Yield the kind of what differs, what it is, and what to do about it.

    `is_now` is the function as deployed, `wanted` its properties in the template. The URL of a
    function with an `alias` is the alias's, and so are its permissions; one more of the function
    itself was made by hand, as is one where the template has none.
    """
    client = aws.client("lambda")
    itself = {"FunctionName": name}
    of = itself | ({"Qualifier": alias} if isinstance(alias, str) else {})
    config = wanted.get("FunctionUrlConfig")
    if config is None or of != itself:
        yield from _made_by_hand(client, itself)
    if config is not None:
        yield from _differing(client, of, config, is_now)
    elif of != itself:
        yield from _made_by_hand(client, of)


def _url(client: Any, of: Mapping[str, str]) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = client.get_function_url_config(**of)
    except Exception as error:
        if error_code(error) != _MISSING:
            raise
        return None
    return found


def _made_by_hand(client: Any, of: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield a URL that the template does not have, and whether everybody may call the function.

    Without a URL a permission on a condition is not everybody's.
    """
    url = _url(client, of)
    if url is not None:
        what = f"has a function URL with AuthType {url.get('AuthType')}, configured is none"
        yield "differs", what, "remove it: aws lambda delete-function-url-config"
    everyone = [each for each in _permissions(client, of) if "*" in each.resources]
    is_meant = [each for each in everyone if url is not None or not each.condition]
    yield from _everyones(is_meant, is_public=False)


def _differing(
    client: Any, of: Mapping[str, str], config: Mapping[str, Any], is_now: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    url = _url(client, of)
    if url is None:
        yield "differs", "has no function URL", "deploy it"
        return
    for key, default in (("AuthType", "NONE"), ("InvokeMode", "BUFFERED")):
        configured, found = config.get(key, default), url.get(key, default)
        if found != configured and isinstance(configured, str):
            what = f"{key} of its URL is {found}, configured is {configured}"
            yield "differs", what, "deploy it"
    everyone = [each for each in _permissions(client, of) if "*" in each.resources]
    yield from _everyones(everyone, is_public=config.get("AuthType") == "NONE")
    if config.get("InvokeMode") == "RESPONSE_STREAM" and is_now.get("VpcConfig", {}).get("VpcId"):
        what = "streams by a function URL inside a VPC, which buffers there"
        yield "stream-in-vpc", what, 'api = "rest" streams there'


def _everyones(statements: list[Statement], *, is_public: bool) -> Iterator[tuple[str, str, str]]:
    allowed = [action for each in statements for action in each.actions]
    if not is_public:
        if allowed:
            what = f"everybody may call it: {', '.join(allowed)}"
            yield "url-permission", what, "deploy it with a change, or remove the permission"
        return
    lacking = [each for each in _ACTIONS if not any(covers(action, each) for action in allowed)]
    if lacking:
        what = f"its URL answers 403: everybody lacks {' and '.join(lacking)}"
        yield "url-permission", what, "deploy it: SAM writes both"
    more = [action for action in allowed if action not in _ACTIONS]
    if more:
        what = f"everybody may do more than call its URL: {', '.join(more)}"
        yield "url-permission", what, "remove the permission"


def _permissions(client: Any, of: Mapping[str, str]) -> list[Statement]:
    """Return what the function's own policy allows, with principals in place of resources."""
    try:
        policy = json.loads(client.get_policy(**of)["Policy"])
    except Exception as error:
        if error_code(error) != _MISSING:
            raise
        return []
    entries = [
        {key: value for key, value in each.items() if key != "Resource"}
        for each in policy.get("Statement", ())
    ]
    return [each for each in statements_of({"Statement": entries}) if each.effect == "Allow"]
