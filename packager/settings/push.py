"""Decides what to write to AWS for the values of settings, and writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from packager.errors import Diagnostics, PackagerError, Place
from packager.model.options import AwsSource, EnvSource, LiteralSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import source_label, source_of
from packager.settings.aws import Aws, Parameter
from packager.settings.targets import target_of
from packager.settings.values import text_of_value

Action = Literal["create", "change", "keep"]
_MAX_PARAMETER = 4096  # bytes of a parameter of the standard tier ("PutParameter")
_MAX_SECRET = 65536  # bytes ("CreateSecret")


@dataclass(frozen=True, slots=True)
class Value:
    """A checked value for a setting of a function, and where it was given."""

    plan: FunctionPlan
    setting: Setting
    value: Any = field(repr=False)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one setting's value. `where` names its place in AWS."""

    setting: str
    where: str
    action: Action


@dataclass(slots=True)
class _Write:
    """What is to be in one parameter or secret: its whole text, or entries of its JSON."""

    source: AwsSource
    key: str | None  # what encrypts it
    whole: str | None = field(default=None, repr=False)
    entries: dict[str, Any] = field(default_factory=dict, repr=False)
    values: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.source.name


class Push:
    """The values of settings, on their way to AWS."""

    def __init__(self, values: Sequence[Value], diagnostics: Diagnostics) -> None:
        """Find each value's place; what has none, or can't go there, is an error."""
        self._writes: dict[tuple[type, str], _Write] = {}
        self._old: dict[int, Parameter | str | bytes | None] = {}  # by the id of a write
        self._order = [value.setting.name for value in values]
        for value in values:
            self._add(value, diagnostics)
        for write in self._writes.values():
            if write.whole is not None and write.entries:
                names = " and ".join(each.setting.name for each in write.values)
                diagnostics.error(
                    "conflicting-values",
                    f"{names} can't both be in {source_label(write.source)}: "
                    "one is the whole of it, one is a key in it",
                    write.values[0].place,
                )

    def compare(self, aws: Aws) -> list[Change]:
        """Read what there is, and give what would become of it; raises `PackagerError`.

        Nothing may be written that would not fit, or would destroy something.
        """
        parameters = aws.parameters(
            [w.name for w in self._writes.values() if isinstance(w.source, SsmSource)]
        )
        changes: list[Change] = []
        for write in self._writes.values():
            old: Parameter | str | bytes | None = (
                parameters.get(write.name)
                if isinstance(write.source, SsmSource)
                else aws.secret(write.name)
            )
            if old is None and write.name.startswith("arn:"):
                raise PackagerError(
                    f"there is no {source_label(write.source)}",
                    hint="AWS chooses ARNs: create it, or name it by its name in the configuration",
                )
            self._old[id(write)] = old
            changes += _changes(write, old)
            problem = _too_large(write.source, _new_text(write, old))
            if problem:
                raise PackagerError(problem[0], hint=problem[1])
        return sorted(changes, key=lambda change: self._order.index(change.setting))

    def write(self, aws: Aws) -> None:
        """Write what `compare` found to differ; a `PackagerError` says what was written before."""
        done: list[str] = []
        for write in self._writes.values():
            old = self._old[id(write)]
            text = _new_text(write, old)
            if text == _text(old):
                continue
            try:
                if isinstance(write.source, SsmSource):
                    # A parameter that is there keeps its type: AWS lets nobody change it.
                    kind = old.type if isinstance(old, Parameter) else "SecureString"
                    aws.put_parameter(write.name, text, kind, write.key)
                else:
                    aws.put_secret(write.name, text, new=old is None, key=write.key)
            except PackagerError as error:
                if done:
                    error.args = (f"{error} (written before: {', '.join(done)})",)
                raise
            done.append(source_label(write.source))

    def _add(self, value: Value, diagnostics: Diagnostics) -> None:
        target = target_of(value.plan, value.setting)
        problem = _no_target(value) if target is None else _unwritable(target[0])
        if problem or target is None:
            message, hint = problem or ("", None)
            diagnostics.error(
                "invalid-value", message, value.place, key=value.setting.name, hint=hint
            )
            return
        source, key = target
        write = self._writes.setdefault(
            (type(source), source.name), _Write(source, value.plan.options.kms_key)
        )
        write.values.append(value)
        if key is None:
            text = text_of_value(value.setting, value.value)
            clash = write.whole is not None and write.whole != text
            write.whole = text
            problem = _too_large(source, text)
            if problem:
                diagnostics.error(
                    "invalid-value",
                    problem[0],
                    value.place,
                    key=value.setting.name,
                    hint=problem[1],
                )
            if isinstance(source, SsmSource) and text == "":
                diagnostics.error(
                    "invalid-value",
                    "a parameter can't hold empty text",
                    value.place,
                    key=value.setting.name,
                    hint="leave the setting out, or keep it in a secret's JSON",
                )
        else:
            clash = key in write.entries and write.entries[key] != value.value
            write.entries[key] = value.value
        if clash:
            diagnostics.error(
                "conflicting-values",
                f"another setting is in the same place, {_where(write, value)}, with another value",
                value.place,
                key=value.setting.name,
            )


def _no_target(value: Value) -> tuple[str, str | None]:
    source = source_of(value.plan, value.setting)
    if isinstance(source, EnvSource):
        return (
            f"comes from the environment variable {source.name}, which is given at the deployment",
            None,
        )
    if isinstance(source, LiteralSource):
        return "is written in the configuration", None
    return (
        "has no place in AWS",
        f'say where, in packager.toml: settings.{value.setting.name} = {{ssm = "/..."}}, or '
        'settings_from = {secret = "..."} for all',
    )


def _unwritable(source: AwsSource) -> tuple[str, str | None] | None:
    if isinstance(source, SsmSource):
        if source.name.startswith("arn:"):
            return f"{source.name} is named by its ARN; it is written in the account it is of", None
        if ":" in source.name:
            return (
                f"{source.name} is one version, which never changes",
                "write the name without version or label into the configuration",
            )
    return None


def _changes(write: _Write, old: Parameter | str | bytes | None) -> list[Change]:
    text = _text(old)
    changes = []
    entries = _entries(write, old)
    for value in write.values:
        target = target_of(value.plan, value.setting)
        key = target[1] if target else None
        action: Action = "keep"
        if key is None:
            if text != write.whole:
                action = "create" if text is None else "change"
        elif key not in entries:
            action = "create"
        elif entries[key] != write.entries[key]:
            action = "change"
        change = Change(value.setting.name, _where(write, value), action)
        if change not in changes:
            changes.append(change)
    return changes


def _where(write: _Write, value: Value) -> str:
    target = target_of(value.plan, value.setting)
    key = target[1] if target else None
    return source_label(write.source) + (f", key {key}" if key is not None else "")


def _new_text(write: _Write, old: Parameter | str | bytes | None) -> str:
    if write.whole is not None:
        return write.whole
    entries = _entries(write, old)
    if entries == entries | write.entries and old is not None:
        return _text(old) or ""
    return json.dumps(entries | write.entries, ensure_ascii=False)


def _entries(write: _Write, old: Parameter | str | bytes | None) -> dict[str, Any]:
    """Return the JSON object that there is, so that only some of its keys are changed."""
    if old is None or write.whole is not None:
        return {}
    try:
        entries = json.loads(_text(old) or "")
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise PackagerError(
            f"{source_label(write.source)} holds no JSON object; its keys can't be set",
            hint="delete it, or name another in the configuration",
        )
    return entries


def _text(old: Parameter | str | bytes | None) -> str | None:
    if isinstance(old, Parameter):
        return old.value
    return old if isinstance(old, str) else None


def _too_large(source: AwsSource, text: str) -> tuple[str, str | None] | None:
    """Say, with a hint, that `text` does not fit into `source`; None if it does."""
    limit, hint = _MAX_SECRET, None
    if isinstance(source, SsmSource):
        limit, hint = _MAX_PARAMETER, "keep it in a secret, which holds 64 KB"
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= limit:
        return None
    return f"{source_label(source)} would have {size} bytes; at most {limit} fit", hint
