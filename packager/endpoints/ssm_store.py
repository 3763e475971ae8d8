"""Keeps endpoints in Parameter Store: a SecureString of JSON each, below the function's prefix.

Parameter Store writes under one condition alone: that there is no such parameter yet. So a name is
claimed by a parameter of its own, and for the rest versions are compared before a write and after
it: who comes second is told so. endpoint_runtime/managed/ssm.py reads the parameters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from packager.contract import NAME_DIGITS, NAME_PARAMETER, ROOT_ITEM
from packager.endpoints.documents import document_text, endpoint_of_text
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.store import (
    Change,
    Clash,
    NameTaken,
    RootTaken,
    WrittenInPart,
    changed,
)
from packager.errors import PackagerError
from packager.settings.aws import Aws, error_code, explained

# How old what a command left behind is that was killed while it made an endpoint.
_LEFT_BEHIND = timedelta(minutes=1)


class _Exists(Exception):
    """There is such a parameter already."""


class ParameterStore:
    """The endpoints below `prefix`, which ends in a slash; `kms_key` encrypts what is written."""

    def __init__(self, aws: Aws, prefix: str, kms_key: str | None) -> None:
        self._aws = aws
        self._prefix = prefix
        self._key = {"KeyId": kms_key} if kms_key else {}

    @property
    def label(self) -> str:
        """The prefix."""
        return f"parameters {self._prefix}*"

    def all(self) -> list[Endpoint]:
        """Return every endpoint: ten in a call."""
        with explained(f"{self.label} can't be read"):
            pages = self._aws.client("ssm").get_paginator("get_parameters_by_path")
            found = [
                each
                for page in pages.paginate(Path=self._prefix.rstrip("/"), WithDecryption=True)
                for each in page["Parameters"]
            ]
        by_name = {each["Name"].removeprefix(self._prefix): each for each in found}
        root = by_name.pop(ROOT_ITEM, {}).get("Value")
        return [_endpoint(name, each, root) for name, each in by_name.items()]

    def get(self, hook_id: str) -> Endpoint | None:
        """Return the endpoint of a hook id; None where there is none."""
        if not hook_id.isalnum() or hook_id == ROOT_ITEM:
            return None
        found = self._read(hook_id, ROOT_ITEM)
        if hook_id not in found:
            return None
        return _endpoint(hook_id, found[hook_id], found.get(ROOT_ITEM, {}).get("Value"))

    def named(self, name: str) -> Endpoint | None:
        """Return the endpoint of a name; None where there is none."""
        claim = self._read(_name_parameter(name)).get(_name_parameter(name))
        return None if claim is None else self.get(claim["Value"])

    def root(self) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        return self._read(ROOT_ITEM).get(ROOT_ITEM, {}).get("Value")

    def size(self, endpoint: Endpoint) -> int:
        """Return the bytes of an endpoint's parameter."""
        return len(document_text(endpoint).encode())

    def write(self, changes: Sequence[Change]) -> None:
        """Write one of `changes` after the other."""
        done: list[str] = []
        for change in changes:
            before, after = change.before, change.after
            try:
                if before is not None and after is not None:
                    self._replace(before, after)
                elif after is not None:
                    self._create(after)
                elif before is not None:
                    self._delete(before)
            except PackagerError as error:
                if done:
                    raise WrittenInPart(done, error) from error
                raise
            done.append(change.name)

    def _create(self, after: Endpoint) -> None:
        with ExitStack() as undo:
            self._claim(after, undo.callback)
            if after.root:
                self._claim_root(after, undo.callback)
            self._put_new(after.hook_id, document_text(after))
            undo.callback(self._remove, after.hook_id)
            # Who took the name meanwhile for one that was left behind has it.
            if self._value(_name_parameter(after.name)) != after.hook_id:
                raise NameTaken(after.name)
            undo.pop_all()

    def _replace(self, before: Endpoint, after: Endpoint) -> None:
        self._check(before)
        moved, renamed = after.hook_id != before.hook_id, after.name != before.name
        with ExitStack() as undo:
            if renamed:
                self._claim(after, undo.callback)
            if after.root and not before.root:
                self._claim_root(after, undo.callback)
            if moved:
                self._put_new(after.hook_id, document_text(after))
                undo.callback(self._remove, after.hook_id)
                self._check(before)  # what was written since is not in it
            else:
                self._overwrite(before, after)
            undo.pop_all()
        if moved:
            if not renamed:
                self._put(_name_parameter(after.name), after.hook_id)
            if after.root and before.root:
                self._put(ROOT_ITEM, after.hook_id)
            self._remove(before.hook_id)
        if renamed:
            self._release(_name_parameter(before.name), before.hook_id)
        if before.root and not after.root:
            self._release(ROOT_ITEM, before.hook_id)

    def _overwrite(self, before: Endpoint, after: Endpoint) -> None:
        version = self._put(after.hook_id, document_text(after))
        if version == before.revision + 1:
            return
        if version == 1:  # it was deleted since, and is there again
            self._remove(after.hook_id)
            raise Clash(f"{before.name} was deleted by somebody else meanwhile; so it stays")
        theirs = f"{self._prefix}{after.hook_id}:{version - 1}"
        raise Clash(
            f"{before.name} was changed by somebody else at the same moment: what this wrote is "
            f"version {version} of its parameter, and what they wrote is in effect no more",
            hint=f"it is kept as {theirs}; look at both, and edit it again",
        )

    def _delete(self, before: Endpoint) -> None:
        self._check(before)
        self._remove(before.hook_id)
        self._release(_name_parameter(before.name), before.hook_id)
        if before.root:
            self._release(ROOT_ITEM, before.hook_id)

    def _check(self, before: Endpoint) -> None:
        """Raise `Clash` where an endpoint is no longer what it was."""
        now = self._read(before.hook_id).get(before.hook_id)
        if now is None or now["Version"] != before.revision:
            raise changed(before.name)

    def _claim(self, endpoint: Endpoint, undo: Callable[..., Any]) -> None:
        """Take the name for the endpoint, or raise `NameTaken`."""
        parameter = _name_parameter(endpoint.name)
        if not self._put_new(parameter, endpoint.hook_id):
            claim = self._read(parameter).get(parameter)
            holder = self.get(claim["Value"]) if claim else None
            if claim is None or (holder is not None and holder.name == endpoint.name):
                raise NameTaken(endpoint.name)
            if datetime.now(UTC) - claim["LastModifiedDate"] < _LEFT_BEHIND:
                raise Clash(f"somebody else is making an endpoint named {endpoint.name}")
            if self._put(parameter, endpoint.hook_id) != claim["Version"] + 1:
                raise NameTaken(endpoint.name)
        undo(self._release, parameter, endpoint.hook_id)

    def _claim_root(self, endpoint: Endpoint, undo: Callable[..., Any]) -> None:
        if not self._put_new(ROOT_ITEM, endpoint.hook_id):
            holder = self._value(ROOT_ITEM)
            if holder is not None and self.get(holder) is not None:
                raise RootTaken
            self._put(ROOT_ITEM, endpoint.hook_id)  # it said what is no more
        undo(self._release, ROOT_ITEM, endpoint.hook_id)

    def _release(self, parameter: str, hook_id: str) -> None:
        """Delete what says which endpoint has a name or the root, if that is this one."""
        if self._value(parameter) == hook_id:
            self._remove(parameter)

    def _put_new(self, name: str, value: str) -> bool:
        """Write a parameter that is not there yet; return whether that was so."""
        try:
            self._put(name, value, overwrite=False)
        except _Exists:
            return False
        return True

    def _put(self, name: str, value: str, *, overwrite: bool = True) -> int:
        """Write a parameter, and return its version."""
        with explained(f"parameter {self._prefix}{name} can't be written", hidden=value):
            try:
                answer = self._aws.client("ssm").put_parameter(
                    Name=self._prefix + name,
                    Value=value,
                    Type="SecureString",
                    Overwrite=overwrite,
                    # The standard tier, which costs nothing, for all that fits into it.
                    Tier="Intelligent-Tiering",
                    **self._key,
                )
            except Exception as error:
                if error_code(error) == "ParameterAlreadyExists":
                    raise _Exists from None
                raise
        version: int = answer["Version"]
        return version

    def _remove(self, name: str) -> None:
        with explained(f"parameter {self._prefix}{name} can't be deleted"):
            try:
                self._aws.client("ssm").delete_parameter(Name=self._prefix + name)
            except Exception as error:
                if error_code(error) != "ParameterNotFound":
                    raise

    def _value(self, name: str) -> str | None:
        value: str | None = self._read(name).get(name, {}).get("Value")
        return value

    def _read(self, *names: str) -> dict[str, dict[str, Any]]:
        """Return the parameters that there are, by their names below the prefix."""
        with explained(f"{self.label} can't be read"):
            answer = self._aws.client("ssm").get_parameters(
                Names=[self._prefix + name for name in names], WithDecryption=True
            )
        return {each["Name"].removeprefix(self._prefix): each for each in answer["Parameters"]}


def _name_parameter(name: str) -> str:
    return NAME_PARAMETER + hashlib.sha256(name.encode()).hexdigest()[:NAME_DIGITS]


def _endpoint(hook_id: str, parameter: dict[str, Any], root: str | None) -> Endpoint:
    return endpoint_of_text(hook_id, parameter["Value"], hook_id == root, parameter["Version"])
