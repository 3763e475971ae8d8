"""Decides what to write to AWS for the values of settings, and writes it."""

from __future__ import annotations

from collections.abc import Sequence

from packager.errors import Diagnostics, PackagerError
from packager.model.options import AwsSource, EnvSource, LiteralSource, SsmSource
from packager.plugin.value_sources import source_label, source_of
from packager.settings.aws import Aws, Parameter
from packager.settings.targets import target_of
from packager.settings.values import text_of_value
from packager.settings.writes import Change, Old, Value, Write, text_of, too_large


class Push:
    """The values of settings, on their way to AWS."""

    def __init__(self, values: Sequence[Value], diagnostics: Diagnostics) -> None:
        """Find each value's place; what has none, or can't go there, is an error."""
        self._writes: dict[tuple[type, str], Write] = {}
        self._old: dict[int, Old] = {}  # by the id of a write
        self._order = [value.setting.name for value in values]
        for value in values:
            self._add(value, diagnostics)
        for write in self._writes.values():
            if write.is_whole and write.entries:
                names = " and ".join(each.setting.name for each in write.values)
                diagnostics.error(
                    "conflicting-values",
                    f"{names} can't both be in {source_label(write.source)}: "
                    "one is the whole of it, one is a key in it",
                    write.values[0].place,
                )

    def compare(self, aws: Aws) -> list[Change]:
        """Read what there is, and return what would become of it; raises `PackagerError`.

        Nothing may be written that would not fit, or would destroy something.
        """
        parameters = aws.parameters(
            [w.name for w in self._writes.values() if isinstance(w.source, SsmSource)]
        )
        changes: list[Change] = []
        for write in self._writes.values():
            old: Old = (
                parameters.get(write.name)
                if isinstance(write.source, SsmSource)
                else aws.secret(write.name)
            )
            self._old[id(write)] = old
            changes += write.changes(old)
            text = write.new_text(old)
            if text is None:
                continue
            if old is None and write.name.startswith("arn:"):
                raise PackagerError(
                    f"there is no {source_label(write.source)}",
                    hint="AWS chooses ARNs: create it, or name it by its name in the configuration",
                )
            problem = too_large(write.source, text)
            if problem:
                raise PackagerError(problem[0], hint=problem[1])
        return sorted(changes, key=lambda change: self._order.index(change.setting))

    def write(self, aws: Aws) -> None:
        """Write what `compare` found to differ; a `PackagerError` says what was written before."""
        done: list[str] = []
        for write in self._writes.values():
            old = self._old[id(write)]
            text = write.new_text(old)
            if old is None if text is None else text == text_of(old):
                continue
            try:
                if text is None:
                    _delete(write.source, aws)
                elif isinstance(write.source, SsmSource):
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
            (type(source), source.name), Write(source, value.plan.options.kms_key)
        )
        write.values.append(value)
        if key is not None:
            clash = key in write.entries and write.entries[key] != value.value
            write.entries[key] = value.value
        else:
            text = None if value.value is None else text_of_value(value.setting, value.value)
            clash = write.is_whole and write.whole != text
            write.whole, write.removes = text, text is None
            self._check_whole(source, text, value, diagnostics)
        if clash:
            diagnostics.error(
                "conflicting-values",
                f"another setting is in the same place, {write.where(value)}, with another value",
                value.place,
                key=value.setting.name,
            )

    def _check_whole(
        self, source: AwsSource, text: str | None, value: Value, diagnostics: Diagnostics
    ) -> None:
        problem = None if text is None else too_large(source, text)
        if isinstance(source, SsmSource) and text == "":
            problem = (
                "a parameter can't hold empty text",
                "leave the setting out, or keep it in a secret's JSON",
            )
        if problem:
            diagnostics.error(
                "invalid-value", problem[0], value.place, key=value.setting.name, hint=problem[1]
            )


def _delete(source: AwsSource, aws: Aws) -> None:
    if isinstance(source, SsmSource):
        aws.delete_parameter(source.name)
    else:
        aws.delete_secret(source.name)


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
