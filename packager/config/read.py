"""Decides the options of every group: command line over group table, plugin table, default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from packager.config.calls.merged import TABLES as CALLS_TABLES
from packager.config.calls.merged import Calls, check_calls
from packager.config.consistency import (
    check_deferred,
    check_endpoints,
    check_entry,
    check_trigger,
    fit_python,
)
from packager.config.declared import COMMAND_LINE, check_declared, fit_declared
from packager.config.deferred import read_deferred
from packager.config.deferred_keys import read_trigger, read_worker
from packager.config.events import read_events
from packager.config.files import read_config_files
from packager.config.keys import GROUPS, KEYS, TABLES
from packager.config.refused import InvalidPart, InvalidValue, found
from packager.config.settings import read_source
from packager.config.sources import SOURCE_KEYS, is_reference
from packager.config.tables import Report
from packager.dataclass import dataclass
from packager.errors import Code, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable
from packager.inputs.toml_positions import KeyPath
from packager.model.declared import Declared
from packager.model.deferred import DeferredRoute, TriggerOptions
from packager.model.events import EventMapping
from packager.model.options import Options, Source
from packager.model.plugin import EndpointGroup

NOTHING = Declared()


@dataclass(slots=True)
class _Layer:
    """What one table says, checked."""

    values: dict[str, Any] = field(default_factory=dict)
    settings: dict[tuple[str, str], Source] = field(default_factory=dict)  # by group and name
    calls: Calls = field(default_factory=Calls)
    events: dict[str, tuple[EventMapping, ...]] = field(default_factory=dict)  # by group
    deferred: dict[str, tuple[DeferredRoute, ...]] = field(default_factory=dict)  # by group
    places: dict[str, Place] = field(default_factory=dict)


def read_configuration(
    folder: PluginFolder,
    groups: Sequence[EndpointGroup],
    diagnostics: Diagnostics,
    overrides: Mapping[str, object] | None = None,
    *,
    complete: bool = True,
    declared: Declared = NOTHING,
) -> Mapping[str, Options]:
    """Return the options of each of `groups`, by name, from the plugin's `folder`.

    `overrides` are keys the command line gave, in the form of a table, `declared` is what the
    manifest says. `complete` is false when groups or settings may be missing from `groups`: then
    unknown names are not faults.
    """
    files = read_config_files(folder.root, folder.display, diagnostics)
    reader = _Reader(groups, diagnostics, complete, folder.root)
    plugin_layer = _Layer()
    group_layers: dict[str, _Layer] = {}
    if files.table is not None:
        plugin_layer = reader.layer(files.table, (), files.table.values, groups)
        group_layers = reader.group_layers(files.table)
    command_line = ConfigTable(dict(overrides or {}), COMMAND_LINE)
    top_layer = reader.layer(command_line, (), command_line.values, groups)

    options: dict[str, Options] = {}
    for group in groups:
        layers = (plugin_layer, group_layers.get(group.name, _Layer()), top_layer)
        values: dict[str, Any] = {}
        settings: dict[str, Source] = {}
        calls = Calls()
        places: dict[str, Place] = {}
        for layer in layers:
            values |= layer.values
            if group.name in layer.events:
                values["events"] = layer.events[group.name]
            if group.name in layer.deferred:
                values["deferred"] = layer.deferred[group.name]
            own = {name: each for (of, name), each in layer.settings.items() if of == group.name}
            settings |= own
            calls.lay(layer.calls)
            places |= {
                key: place
                for key, place in layer.places.items()
                if not key.startswith("settings.") or key.removeprefix("settings.") in own
            }
        values |= calls.options()
        if group.provider is not None:
            values["endpoints"] = "managed"  # its subscriptions are: there is no single one
            values["deferred"] = (values.get("trigger", TriggerOptions()).route,)
        options[group.name] = Options(**values, settings=settings, places=places)
    _check_fit(options, diagnostics)
    check_trigger(groups, options, diagnostics)
    options = fit_declared(options, declared, configured=files.table is not None)
    fitted = fit_python(options, files, diagnostics)
    check_declared(fitted, declared, diagnostics)
    return fitted


@dataclass(frozen=True, slots=True)
class _Reader:
    groups: Sequence[EndpointGroup]
    diagnostics: Diagnostics
    complete: bool
    root: Path

    def layer(
        self,
        table: ConfigTable,
        path: KeyPath,
        values: Mapping[str, Any],
        groups: Sequence[EndpointGroup],
    ) -> _Layer:
        """Check the keys of one table, which apply to `groups`."""
        layer = _Layer()
        top = not path
        for name, value in values.items():
            key_path = (*path, name)
            place = table.place(key_path)
            if name in KEYS:
                try:
                    layer.values[name] = KEYS[name].read(value)
                    layer.places[name] = place
                    # Faults found later may be in one entry of it.
                    whole = isinstance(value, dict) or name == "preload"
                    for inner in _paths_in(value) if whole else ():
                        below = ".".join(map(str, (name, *inner)))
                        layer.places[below] = table.place((*key_path, *inner))
                    if name in ("events", "deferred"):
                        self.entries(table, key_path, groups, layer)
                    elif name == "worker":
                        layer.values[name] = read_worker(value, key_path, self.report(table))
                    elif name == "trigger":
                        layer.values[name] = read_trigger(value, key_path, self.report(table))
                except InvalidPart as refused:
                    self.error("invalid-value", str(refused), table, (*key_path, *refused.inside))
                except InvalidValue as refused:
                    message = f"expected {KEYS[name].expected}, not {refused}"
                    self.error("invalid-value", message, table, key_path)
            elif name == "settings":
                self.settings(table, key_path, value, groups, layer)
            elif name in CALLS_TABLES:
                self.calls(name, table, key_path, value, layer)
            elif name != "groups" or not top:
                known = [*KEYS, *TABLES, *([GROUPS.name] if top else [])]
                hint = did_you_mean(name, known) or "the keys are " + ", ".join(known)
                self.error("unknown-key", "there is no such key", table, key_path, hint)
        return layer

    def entries(
        self,
        table: ConfigTable,
        path: KeyPath,
        groups: Sequence[EndpointGroup],
        layer: _Layer,
    ) -> None:
        """Check the entries of `events` or `deferred`, which the layer has as they were written."""
        report = self.report(table)
        name, whole = str(path[-1]), self.complete
        entries = layer.values.pop(name)
        if name == "events":
            layer.events = read_events(entries, table, path, groups, report, complete=whole)
        else:
            layer.deferred = read_deferred(entries, table, path, groups, report, complete=whole)

    def calls(
        self, name: str, table: ConfigTable, path: KeyPath, value: object, layer: _Layer
    ) -> None:
        """Check one of the tables that say what answers calls."""
        layer.calls.read(name, value, path, self.root, self.report(table))
        layer.places |= {
            ".".join((name, *map(str, inner))): table.place((*path, *inner))
            for inner in ((), *_paths_in(value))
        }

    def settings(
        self,
        table: ConfigTable,
        path: KeyPath,
        values: object,
        groups: Sequence[EndpointGroup],
        layer: _Layer,
    ) -> None:
        if not isinstance(values, dict):
            self.error("wrong-type", f"expected a table, not {found(values)}", table, path)
            return
        names = [setting.name for group in groups for setting in group.settings]
        for name, value in values.items():
            key_path = (*path, name)
            if name not in names and self.complete:
                self.error(
                    "unknown-setting",
                    f"no endpoint group declares the setting {name!r}"
                    if len(groups) != 1
                    else f"the group {groups[0].name} declares no setting {name!r}",
                    table,
                    key_path,
                    did_you_mean(name, names)
                    or ("the settings are " + ", ".join(dict.fromkeys(names)) if names else None),
                )
            for group in groups:
                for setting in group.settings:
                    if setting.name != name:
                        continue
                    try:
                        layer.settings[group.name, name] = read_source(setting, value)
                        layer.places[f"settings.{name}"] = table.place(key_path)
                    except InvalidValue as refused:
                        place_path = key_path
                        if isinstance(value, dict) and is_reference(value):
                            inside = next(key for key in SOURCE_KEYS if key in value)
                            place_path = (*key_path, inside)
                        self.error(
                            "invalid-value", str(refused), table, key_path, place_path=place_path
                        )

    def group_layers(self, table: ConfigTable) -> dict[str, _Layer]:
        """Check the tables below `groups`, each for its group."""
        tables = table.values.get("groups", {})
        if not isinstance(tables, dict):
            self.error("wrong-type", f"expected a table, not {found(tables)}", table, ("groups",))
            return {}
        by_name = {group.name: group for group in self.groups}
        layers: dict[str, _Layer] = {}
        for name, values in tables.items():
            path = ("groups", name)
            if name not in by_name:
                if self.complete:
                    hint = did_you_mean(name, by_name) or "the groups are " + ", ".join(by_name)
                    self.error(
                        "unknown-group", f"there is no endpoint group {name!r}", table, path, hint
                    )
            elif not isinstance(values, dict):
                self.error("wrong-type", f"expected a table, not {found(values)}", table, path)
            else:
                layers[name] = self.layer(table, path, values, [by_name[name]])
        return layers

    def report(self, table: ConfigTable) -> Report:
        """Return what notes an error at a key of the table."""

        def report(
            code: Code, message: str, path: KeyPath, hint: str | None, place: KeyPath | None
        ) -> None:
            self.error(code, message, table, path, hint, place_path=place)

        return report

    def error(
        self,
        code: Code,
        message: str,
        table: ConfigTable,
        path: KeyPath,
        hint: str | None = None,
        *,
        place_path: KeyPath | None = None,
    ) -> None:
        self.diagnostics.error(
            code, message, table.place(place_path or path), key=table.key(path), hint=hint
        )


def _paths_in(value: object) -> Iterator[KeyPath]:
    """Yield the path of each entry in a table or a list, and of those in them."""
    entries: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, inner in entries:
        yield (key,)
        yield from ((key, *path) for path in _paths_in(inner))


def _check_fit(options: Mapping[str, Options], diagnostics: Diagnostics) -> None:
    """Note keys that contradict each other; a key that several groups share is reported once."""
    for option in options.values():
        check_entry(option, diagnostics)
        check_calls(option, diagnostics)
    check_endpoints(options, diagnostics)
    check_deferred(options, diagnostics)
