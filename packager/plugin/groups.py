"""Reads endpoint groups: their files, settings, and endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.suggestions import did_you_mean
from packager.inputs.url_rules import check_path
from packager.inputs.yaml_fields import (
    expect_bool,
    expect_entry,
    expect_list,
    expect_mapping,
    expect_text,
    wrong_type,
)
from packager.inputs.yaml_tree import YamlValue, read_yaml
from packager.model.plugin import METHODS, Endpoint, EndpointGroup
from packager.plugin.manifest import GROUP_FILE
from packager.plugin.settings import read_settings

YAML = (".yaml", ".yml")
MAX_ENDPOINTS = 1000  # of a group; published ones have up to 20
EACH_METHOD = "declare one endpoint for each method; they may share path and source"
SOURCE = "the path of a Python file (.py)"
A_GROUP = "list a group's file here: a mapping with endpoints, which lists this one"
ENDPOINT = "an endpoint: the path of its YAML file, or a mapping with path, method and extra"


def read_groups(
    folder: PluginFolder, references: Sequence[YamlValue], diagnostics: Diagnostics
) -> tuple[EndpointGroup, ...]:
    """Read the group files that the manifest refers to, in its order; faulty ones as far as sound.

    Every one is kept, though Dify's daemon keeps only the last: each becomes a function.
    """
    files: dict[str, YamlValue] = {}
    for reference in references:
        file = folder.resolve(reference, diagnostics, what=GROUP_FILE, suffixes=YAML)
        if file is None:
            continue
        first = files.setdefault(file, reference)
        if first is not reference:
            diagnostics.error(
                "duplicate",
                f"the group {file} is listed twice; first at {first.place}",
                reference.place,
                key=reference.key,
            )
    names = group_names(list(files))
    groups = [
        _group(folder, file, names[file], reference, diagnostics)
        for file, reference in files.items()
    ]
    found = tuple(group for group in groups if group is not None)
    if groups and not found:
        diagnostics.error(
            "no-group",
            "the plugin declares no endpoint group, only endpoints",
            references[0].place,
            key=references[0].key,
            hint=A_GROUP,
        )
    return found


def group_names(files: Sequence[str]) -> dict[str, str]:
    """Return each group file its group's name: the stem, or the path where two stems agree."""
    stems = [PurePosixPath(file).stem for file in files]
    times = Counter(stems)
    return {
        file: stem if times[stem] == 1 else str(PurePosixPath(file).with_suffix(""))
        for file, stem in zip(files, stems, strict=True)
    }


def _group(
    folder: PluginFolder, file: str, name: str, reference: YamlValue, diagnostics: Diagnostics
) -> EndpointGroup | None:
    """Read a group's file; None, and a warning, for one that is an endpoint's.

    Dify takes that as a group without endpoints: there is nothing to call, so there is no function.
    """
    top = read_yaml(folder.root / file, folder.display_of(file), diagnostics)
    if top is None or expect_mapping(top, diagnostics, "a mapping with endpoints") is None:
        return EndpointGroup(name, file, (), (), reference.place)
    if "endpoints" not in top.entries and {"path", "method"} <= {*top.entries}:
        diagnostics.warn(
            "no-group",
            f"{file} is an endpoint where a group belongs; Dify takes it as a group without "
            "endpoints, and there is no function for it",
            reference.place,
            key=reference.key,
            hint=A_GROUP,
        )
        return None
    return EndpointGroup(
        name=name,
        file=file,
        settings=read_settings(top, diagnostics),
        endpoints=_endpoints(folder, top, diagnostics),
        place=reference.place,
    )


def _endpoints(
    folder: PluginFolder, group: YamlValue, diagnostics: Diagnostics
) -> tuple[Endpoint, ...]:
    node = expect_entry(group, "endpoints", diagnostics, "a list of endpoints")
    items = expect_list(node, diagnostics, "a list of endpoints") if node else None
    if node is None or items is None:
        return ()
    if not items:
        diagnostics.error(
            "no-endpoints",
            "the group has no endpoints; expected " + ENDPOINT,
            node.place,
            key=node.key,
        )
    if len(items) > MAX_ENDPOINTS:
        diagnostics.error(
            "too-large",
            f"the group has {len(items)} endpoints; at most {MAX_ENDPOINTS} are possible",
            node.place,
            key=node.key,
        )
        return ()
    endpoints: list[Endpoint] = []
    files: dict[str, YamlValue | None] = {}
    for item in items:
        declared = _declaration(folder, item, files, diagnostics)
        endpoint = _endpoint(folder, declared, diagnostics) if declared else None
        if endpoint is not None:
            endpoints.append(endpoint)
    return tuple(endpoints)


def _declaration(
    folder: PluginFolder,
    item: YamlValue,
    files: dict[str, YamlValue | None],
    diagnostics: Diagnostics,
) -> YamlValue | None:
    """Return what declares an endpoint; `files` are those that were read, each once."""
    if item.kind == "a mapping":
        return item
    if item.kind in ("a list", "nothing"):
        wrong_type(item, ENDPOINT, diagnostics)
        return None
    what = "the path of an endpoint's YAML file"
    file = folder.resolve(item, diagnostics, what=what, suffixes=YAML)
    if file is None:
        return None
    if file not in files:
        top = read_yaml(folder.root / file, folder.display_of(file), diagnostics)
        wanted = "a mapping with path, method and extra"
        sound = top is not None and expect_mapping(top, diagnostics, wanted) is not None
        files[file] = top if sound else None
    return files[file]


def _endpoint(folder: PluginFolder, node: YamlValue, diagnostics: Diagnostics) -> Endpoint | None:
    wanted = "a URL path that starts with /"
    path = expect_entry(node, "path", diagnostics, wanted)
    path_text = expect_text(path, diagnostics, wanted) if path else None
    method = _method(node, diagnostics)
    hidden = expect_bool(node.entries.get("hidden"), diagnostics)
    reference = _source_reference(node, diagnostics)
    source = (
        folder.resolve(reference, diagnostics, what=SOURCE, suffixes=(".py",))
        if reference
        else None
    )
    if path is None or path_text is None:
        return None
    if method is None or reference is None or source is None:
        check_path(path_text, path.place, diagnostics)
        return None
    return Endpoint(path_text, method, source, hidden, node.place, path.place, reference.place)


def _method(node: YamlValue, diagnostics: Diagnostics) -> str | None:
    wanted = "one of " + ", ".join(METHODS)
    method = expect_entry(node, "method", diagnostics, wanted)
    if method is None:
        return None
    if method.kind == "a list":
        diagnostics.error(
            "wrong-type",
            f"expected {wanted}, not a list",
            method.place,
            key=method.key,
            hint=EACH_METHOD,
        )
        return None
    if expect_text(method, diagnostics, wanted) is None:
        return None
    if method.text not in METHODS:
        upper = method.text.strip().upper()
        diagnostics.error(
            "invalid-value",
            f"{method.text!r} is not a method of an endpoint; expected {wanted}",
            method.place,
            key=method.key,
            hint=f"write {upper}"
            if upper in METHODS
            else did_you_mean(upper, METHODS) or EACH_METHOD,
        )
        return None
    return method.text


def _source_reference(node: YamlValue, diagnostics: Diagnostics) -> YamlValue | None:
    current = node
    for name, wanted in (
        ("extra", "extra.python.source, " + SOURCE),
        ("python", "python.source, " + SOURCE),
        ("source", SOURCE),
    ):
        entry = expect_entry(current, name, diagnostics, wanted)
        if entry is None:
            return None
        if name != "source" and expect_mapping(entry, diagnostics) is None:
            return None
        current = entry
    return current
