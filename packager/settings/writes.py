"""What is to be in one parameter or secret of AWS, and what that changes of what is there."""

from __future__ import annotations

import json
from dataclasses import field
from typing import Any, Literal

from packager.dataclass import dataclass
from packager.errors import PackagerError, Place
from packager.model.options import AwsSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import source_label
from packager.settings.aws import Parameter
from packager.settings.targets import target_of

Action = Literal["create", "change", "keep", "remove"]
Old = Parameter | str | bytes | None  # what a parameter or secret holds
_MAX_PARAMETER = 4096  # bytes of a parameter of the standard tier ("PutParameter")
_MAX_SECRET = 65536  # bytes ("CreateSecret")


@dataclass(frozen=True, slots=True)
class Value:
    """A checked value for a setting of a function, None to have none, and where it was given."""

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
class Write:
    """What is to be in one parameter or secret: its whole text, or entries of its JSON.

    Entries that are None are to go; with `removes` all of it is.
    """

    source: AwsSource
    key: str | None  # what encrypts it
    whole: str | None = field(default=None, repr=False)
    removes: bool = False
    entries: dict[str, Any] = field(default_factory=dict, repr=False)
    values: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The parameter's or secret's name, or its ARN."""
        return self.source.name

    @property
    def is_whole(self) -> bool:
        """Whether it is for one value, not for keys of a JSON object."""
        return self.whole is not None or self.removes

    def where(self, value: Value) -> str:
        """Return how messages call the place of one of its values."""
        key = _key_of(value)
        return source_label(self.source) + (f", key {key}" if key is not None else "")

    def changes(self, old: Old) -> list[Change]:
        """Return what becomes of each of its values, where `old` is there."""
        entries = self._entries(old)
        changes = []
        for value in self.values:
            key = _key_of(value)
            if key is None:
                action = _action(old if isinstance(old, bytes) else text_of(old), self.whole)
            else:
                action = _action(entries.get(key), self.entries[key])
            change = Change(value.setting.name, self.where(value), action)
            if change not in changes:
                changes.append(change)
        return changes

    def new_text(self, old: Old) -> str | None:
        """Return the text that is to be there in the place of `old`; None if nothing is.

        Raises `PackagerError` where `old` has no keys that could be set.
        """
        if self.is_whole:
            return self.whole
        before = self._entries(old)
        after = {
            key: value
            for key, value in (before | self.entries).items()
            if value is not None or key not in self.entries
        }
        if before == after:
            return text_of(old)
        return json.dumps(after, ensure_ascii=False)

    def _entries(self, old: Old) -> dict[str, Any]:
        """Return the JSON object that there is, so that only some of its keys are changed."""
        if old is None or self.is_whole:
            return {}
        try:
            entries = json.loads(text_of(old) or "")
        except (ValueError, RecursionError):
            entries = None
        if not isinstance(entries, dict):
            raise PackagerError(
                f"{source_label(self.source)} holds no JSON object; its keys can't be set",
                hint="delete it, or name another in the configuration",
            )
        return entries


def text_of(old: Old) -> str | None:
    """Return the text that a parameter or secret holds; None if it holds none."""
    if isinstance(old, Parameter):
        return old.value
    return old if isinstance(old, str) else None


def too_large(source: AwsSource, text: str) -> tuple[str, str | None] | None:
    """Return why `text` does not fit into `source`, and a hint; None if it fits."""
    limit, hint = _MAX_SECRET, None
    if isinstance(source, SsmSource):
        limit, hint = _MAX_PARAMETER, "keep it in a secret, which holds 64 KB"
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= limit:
        return None
    return f"{source_label(source)} would have {size} bytes; at most {limit} fit", hint


def _action(old: Any, new: Any) -> Action:
    if old == new:
        return "keep"
    if new is None:
        return "remove"
    return "create" if old is None else "change"


def _key_of(value: Value) -> str | None:
    target = target_of(value.plan, value.setting)
    return target[1] if target else None
