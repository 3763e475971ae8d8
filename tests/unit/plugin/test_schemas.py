"""The schemas of a plugin's YAML files give the verdicts of what reads them."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packager.cli.author.schema import SCHEMAS, schema_text
from packager.errors import Diagnostic, Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_tree import YamlValue, parse_yaml, read_yaml
from packager.plugin.groups import read_groups
from packager.plugin.load import load_plugin
from packager.plugin.manifest import read_manifest
from packager.plugin.settings import read_settings
from tests.support.plugin_writer import MANIFEST, write_plugin

ROOT = Path(__file__).resolve().parents[3]
COPIES = ROOT / "docs" / "schemas"
VALIDATORS = {name: jsonschema.Draft202012Validator(make()) for name, make in SCHEMAS.items()}
# What is wrong with the shape of one file.
CONFIGURED_WRONG = ("unknown-key", "wrong-type", "invalid-value")
SHAPE = ("wrong-type", "missing-key", "invalid-value", "no-endpoints", "too-large")


def fits(name: str, tree: YamlValue) -> bool:
    return VALIDATORS[name].is_valid(tree.plain())


def is_of_shape(said: Diagnostic) -> bool:
    """Whether a fault is of a file's shape, as a path without its slash is."""
    if said.code == "invalid-path":
        return "does not start with /" in said.message
    if said.code == "no-group":
        return said.level == "error" and "only endpoints" not in said.message
    return said.level == "error" and said.code in SHAPE


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_the_docs_have_it(name: str, refresh: bool) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name]())
    copy = COPIES / f"{name}.json"
    if refresh:
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(schema_text(name), "utf-8")
    assert copy.read_text("utf-8") == schema_text(name)


def plugins() -> list[Path]:
    examples = [path.parent for path in sorted(ROOT.glob("plugins/*/manifest.yaml"))]
    faults = [path for path in sorted(ROOT.glob("tests/faults/*")) if any(path.rglob("*.yaml"))]
    assert examples
    assert len(faults) > 20
    return [*examples, *faults]


@pytest.mark.parametrize("plugin", plugins(), ids=lambda path: path.name)
def test_fixtures_and_examples_get_the_same_verdict_from_both(plugin: Path) -> None:
    diagnostics = Diagnostics()
    with tempfile.TemporaryDirectory() as scratch:
        root = plugin if (plugin / "manifest.yaml").exists() else whole(plugin, Path(scratch))
        folder = PluginFolder(root, "p")
        manifest = read_manifest(folder, diagnostics)
        assert manifest is not None
        references = manifest.group_files
        read_groups(folder, references, diagnostics)
        for name, file in files_of(root, [each.text for each in references]):
            tree = read_yaml(root / file, f"p/{file}", Diagnostics())
            if tree is not None:
                wrong = [
                    each
                    for each in diagnostics.all
                    if each.place and each.place.file == f"p/{file}" and is_of_shape(each)
                ]
                assert fits(name, tree) is (not wrong), (file, wrong)


@pytest.mark.parametrize(
    "file",
    sorted([*ROOT.glob("plugins/*/packager.toml"), *ROOT.glob("tests/faults/*/packager.toml")]),
    ids=lambda path: path.parent.name,
)
def test_configurations_get_the_same_verdict_from_both(file: Path, tmp_path: Path) -> None:
    root = file.parent if "plugins" in file.parts else whole(file.parent, tmp_path)
    diagnostics = Diagnostics()
    load_plugin(root, diagnostics, display="p")
    wrong = [
        each
        for each in diagnostics.errors
        if each.place and each.place.file == "p/packager.toml" and each.code in CONFIGURED_WRONG
    ]
    try:
        configuration = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError:
        return
    assert VALIDATORS["packager"].is_valid(configuration) is (not wrong)


def whole(fixture: Path, scratch: Path) -> Path:
    write_plugin(scratch)
    for path in fixture.rglob("*.*"):
        if path.is_file():
            (scratch / path.relative_to(fixture)).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path.relative_to(fixture)).write_bytes(path.read_bytes())
    return scratch


def files_of(root: Path, groups: list[str]) -> list[tuple[str, str]]:
    """The YAML files of a plugin that are there, each with its schema's name."""
    found = [("manifest", "manifest.yaml")]
    for group in groups:
        tree = read_yaml(root / group, group, Diagnostics()) if (root / group).is_file() else None
        if tree is None or "endpoints" not in tree.entries:
            continue
        found.append(("group", group))
        listed = [each.text for each in tree.entries["endpoints"].items if each.kind == "text"]
        found += [("endpoint", each) for each in listed if (root / each).is_file()]
    return found


WORDS = st.sampled_from(
    ["", "a", "/a", "GET", "get", "yes", "No", "perhaps", "select", "number", "a.py", "x" * 1024]
)
SCALARS = st.one_of(WORDS, st.none(), st.booleans(), st.integers(-1, 2), st.floats(0, 2))
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["value", "label", "en_US", "source"]), SCALARS, max_size=2),
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "name": VALUES,
        "type": st.one_of(st.sampled_from(["select", "boolean", "secret-input"]), VALUES),
        "required": VALUES,
        "multiple": VALUES,
        "default": VALUES,
        "options": st.one_of(st.lists(VALUES, max_size=3), VALUES),
        "label": VALUES,
        "help": VALUES,
    },
)


def tree_of(data: object) -> YamlValue:
    tree = parse_yaml(yaml.safe_dump(data), "p/x.yaml", Diagnostics())
    assert tree is not None
    return tree


@example({"a": {"name": None, "type": "select"}})  # the key is the name
@example({"a" * 1024: {"type": "select"}})
@settings(max_examples=300)
@given(
    st.one_of(
        st.lists(st.one_of(SETTINGS, VALUES), max_size=3),
        st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(SETTINGS, VALUES), max_size=2),
        VALUES,
    )
)
def test_settings_get_the_same_verdict_from_both(declared: Any) -> None:
    tree = tree_of({"settings": declared, "endpoints": ["x.yaml"]})
    diagnostics = Diagnostics()
    read_settings(tree, diagnostics)
    wrong = [each for each in diagnostics.all if is_of_shape(each)]
    assert fits("group", tree) is (not wrong), (declared, wrong)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "path": st.one_of(st.just("/a"), VALUES),
            "method": st.one_of(st.just("POST"), VALUES),
            "hidden": VALUES,
            "extra": st.one_of(
                st.fixed_dictionaries(
                    {"python": st.one_of(st.fixed_dictionaries({"source": VALUES}), VALUES)}
                ),
                VALUES,
            ),
        },
    )
)
def test_endpoints_get_the_same_verdict_from_both(declared: Any) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = write_plugin(Path(scratch), {"endpoints/duck.yaml": yaml.safe_dump(declared)})
        folder = PluginFolder(root, "p")
        diagnostics = Diagnostics()
        manifest = read_manifest(folder, diagnostics)
        assert manifest is not None
        read_groups(folder, manifest.group_files, diagnostics)
    wrong = [each for each in diagnostics.all if is_of_shape(each)]
    assert fits("endpoint", tree_of(declared)) is (not wrong), (declared, wrong)


@pytest.mark.parametrize(
    ("change", "fitting"),
    [
        ("", True),
        ("resource: {permission: {storage: {enabled: 'yes', size: 1024}}}\n", True),
        ("resource: {permission: {storage: {enabled: maybe}}}\n", False),
        ("resource: {permission: {storage: {size: 1.5}}}\n", False),
        ("resource: {permission: []}\n", False),
        ("resource:\n", True),
        ("author: [me]\n", True),  # it is Dify's to say
        ("author: ''\n", True),
        ("name: Tiny Plugin\n", False),
        ("name:\n", False),
        ("plugins: {endpoints: []}\n", False),
        ("plugins: {tools: [x]}\n", False),
        ("plugins: {endpoints: x.yaml}\n", False),
    ],
)
def test_manifests_get_the_same_verdict_from_both(
    tmp_path: Path, change: str, fitting: bool
) -> None:
    key = change.partition(":")[0]
    kept = [line for line in MANIFEST.splitlines(keepends=True) if line.partition(":")[0] != key]
    if key == "plugins":
        kept = kept[:-2]
    root = write_plugin(tmp_path, {"manifest.yaml": "".join(kept) + change})
    diagnostics = Diagnostics()
    read_manifest(PluginFolder(root, "p"), diagnostics)
    tree = read_yaml(root / "manifest.yaml", "p", Diagnostics())
    assert tree is not None
    assert (not diagnostics.errors, fits("manifest", tree)) == (fitting, fitting)
