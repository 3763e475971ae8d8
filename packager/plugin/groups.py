"""Reads endpoint groups: their files, settings, and endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.suggestions import did_you_mean
from packager.inputs.url_rules import check_path
from packager.inputs.yaml_fields import TEXT_SCHEMA, expect_text, wrong_type
from packager.inputs.yaml_shapes import (
    TRUTH,
    Field,
    Record,
    Shape,
    anything,
    is_true,
    listing,
    text,
)
from packager.inputs.yaml_tree import YamlValue, read_yaml
from packager.model.plugin import METHODS, Endpoint, EndpointGroup
from packager.plugin.manifest import GROUP_FILE
from packager.plugin.settings import SETTINGS, read_settings

YAML = (".yaml", ".yml")
MAX_ENDPOINTS = 1000  # of a group; published ones have up to 20
EACH_METHOD = "declare one endpoint for each method; they may share path and source"
SOURCE = "the path of a Python file (.py)"
A_GROUP = "list a group's file here: a mapping with endpoints, which lists this one"
AN_ENDPOINT = "an endpoint: the path of its YAML file, or a mapping with path, method and extra"
_A_PATH = "a URL path that starts with /"
_A_METHOD = "one of " + ", ".join(METHODS)


def _check_method(method: YamlValue, diagnostics: Diagnostics) -> bool:
    if method.kind == "a list":
        diagnostics.error(
            "wrong-type",
            f"expected {_A_METHOD}, not a list",
            method.place,
            key=method.key,
            hint=EACH_METHOD,
        )
        return False
    if expect_text(method, diagnostics, _A_METHOD) is None:
        return False
    if method.text not in METHODS:
        upper = method.text.strip().upper()
        diagnostics.error(
            "invalid-value",
            f"{method.text!r} is not a method of an endpoint; expected {_A_METHOD}",
            method.place,
            key=method.key,
            hint=f"write {upper}"
            if upper in METHODS
            else did_you_mean(upper, METHODS) or EACH_METHOD,
        )
        return False
    return True


_PYTHON = Record(
    "a mapping",
    (
        Field(
            "source",
            text(SOURCE),
            "The Python file, from the plugin's folder: endpoints/hook.py",
            expected=SOURCE,
        ),
    ),
)
_EXTRA = Record("a mapping", (Field("python", _PYTHON.shape, expected="python.source, " + SOURCE),))
EXTRA = _EXTRA.shape
ENDPOINT = Record(
    "a mapping with path, method and extra",
    (
        Field(
            "path",
            # check_path says what is not a rule.
            Shape({"type": "string", "pattern": "^/"}, text(_A_PATH).check),
            "A werkzeug rule: /users/<name>, /files/<path:rest>",
            expected=_A_PATH,
        ),
        Field("method", Shape({"enum": list(METHODS)}, _check_method), expected=_A_METHOD),
        Field("hidden", TRUTH, "Whether Dify's page leaves it out."),
        Field("extra", EXTRA, expected="extra.python.source, " + SOURCE),
    ),
)
GROUP = Record(
    "a mapping with endpoints",
    (
        Field(
            "settings",
            anything(SETTINGS),
            "What a user configures: a list of settings, or a map from name to setting.",
        ),
        Field(
            "endpoints",
            listing(
                anything({"anyOf": [TEXT_SCHEMA, ENDPOINT.schema]}),
                "a list of endpoints",
                minItems=1,
                maxItems=MAX_ENDPOINTS,
            ),
            "The endpoints: paths of their YAML files, from the plugin's folder, or what such a "
            "file holds.",
            expected="a list of endpoints",
        ),
    ),
)


def files_listed(
    folder: PluginFolder,
    references: Sequence[YamlValue],
    what: str,
    kind: str,
    diagnostics: Diagnostics,
) -> dict[str, YamlValue]:
    """Return the YAML files that the manifest refers to, and where it first does; twice is a fault.

    `what` says what is expected there, `kind` what one of the files describes.
    """
    files: dict[str, YamlValue] = {}
    for reference in references:
        file = folder.resolve(reference, diagnostics, what=what, suffixes=YAML)
        if file is None:
            continue
        first = files.setdefault(file, reference)
        if first is not reference:
            diagnostics.error(
                "duplicate",
                f"the {kind} {file} is listed twice; first at {first.place}",
                reference.place,
                key=reference.key,
            )
    return files


def read_groups(
    folder: PluginFolder, references: Sequence[YamlValue], diagnostics: Diagnostics
) -> tuple[EndpointGroup, ...]:
    """Read the group files that the manifest refers to, in its order; faulty ones as far as sound.

    Every one is kept, though Dify's daemon keeps only the last: each becomes a function.
    """
    files = files_listed(folder, references, GROUP_FILE, "group", diagnostics)
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
    if top is None or not GROUP.shape.check(top, diagnostics):
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
    node = GROUP["endpoints"].take(group, diagnostics)
    if node is None:
        return ()
    items = node.items
    if not items:
        diagnostics.error(
            "no-endpoints",
            "the group has no endpoints; expected " + AN_ENDPOINT,
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
        wrong_type(item, AN_ENDPOINT, diagnostics)
        return None
    what = "the path of an endpoint's YAML file"
    file = folder.resolve(item, diagnostics, what=what, suffixes=YAML)
    if file is None:
        return None
    if file not in files:
        top = read_yaml(folder.root / file, folder.display_of(file), diagnostics)
        sound = top is not None and ENDPOINT.shape.check(top, diagnostics)
        files[file] = top if sound else None
    return files[file]


def _endpoint(folder: PluginFolder, node: YamlValue, diagnostics: Diagnostics) -> Endpoint | None:
    path = ENDPOINT["path"].take(node, diagnostics)
    method = ENDPOINT["method"].take(node, diagnostics)
    hidden = is_true(ENDPOINT["hidden"].take(node, diagnostics))
    source = source_of(folder, ENDPOINT["extra"].take(node, diagnostics), diagnostics)
    if path is None:
        return None
    if method is None or source is None:
        check_path(path.text, path.place, diagnostics)
        return None
    return Endpoint(
        path.text, method.text, source.file, hidden, node.place, path.place, source.place
    )


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file (posix path, relative to the plugin's root), and where it is named."""

    file: str
    place: Place


def source_of(
    folder: PluginFolder, extra: YamlValue | None, diagnostics: Diagnostics
) -> Source | None:
    """Return the file that `extra` names; None after a fault."""
    python = _EXTRA["python"].take(extra, diagnostics) if extra else None
    reference = _PYTHON["source"].take(python, diagnostics) if python else None
    if reference is None:
        return None
    file = folder.resolve(reference, diagnostics, what=SOURCE, suffixes=(".py",))
    return Source(file, reference.place) if file is not None else None
