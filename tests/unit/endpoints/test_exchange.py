"""Documents of endpoints: what is exported is imported; whatever is written there is no crash."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packager.cli.endpoints.exchange import exported_text
from packager.endpoints.declaration import Declaration
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.exchange import export_endpoints, import_endpoints
from packager.endpoints.file_store import FileStore
from packager.endpoints.function import ManagedFunction, Values
from packager.endpoints.given import read_given
from packager.endpoints.import_file import read_import
from packager.endpoints.store import Change
from packager.errors import Diagnostics
from packager.inputs.yaml_tree import parse_yaml
from packager.model.options import SecretSource, SsmSource
from tests.support.template_builders import make_setting

DECLARATION = Declaration(
    plugin="cats",
    group="cats",
    function="CatsFunction",
    store="file",
    settings=(
        make_setting("api_key", "secret-input", required=True),
        make_setting("text"),
        make_setting("number", "number"),
        make_setting("loud", "boolean"),
        make_setting("tools", "array[tools]"),
        make_setting("tool", "tool-selector"),
    ),
    interfaces=(),
    settings_ttl=300,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# `{ssm: ...}` alone would be where a tool-selector's value is kept.
TOOL = st.dictionaries(TEXT.filter(lambda key: key not in ("ssm", "secret")), JSON, max_size=3)
SETTINGS = st.fixed_dictionaries(
    {"api_key": TEXT},
    optional={
        "text": TEXT,
        "number": st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False),
        "loud": st.booleans(),
        "tools": st.lists(JSON, max_size=3),
        "tool": TOOL,
    },
)


def function(folder: Path) -> ManagedFunction:
    store = FileStore(folder / "endpoints.sqlite", "cats/cats")
    return ManagedFunction(DECLARATION, store, key=store.key, where="this machine")


@settings(max_examples=40)
@example({"api_key": "\x85", "text": "a\u2028b", "number": 0, "tools": ["\x85", "\u2029"]})
@given(SETTINGS)
def test_what_is_exported_is_imported(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cats = function(Path(folder))
        references = {"text": SsmSource("/a")} if "text" not in values else {}
        endpoint = Endpoint(cats.new_hook_id(), "Pepper", enabled=False)
        endpoint = cats.with_values(endpoint, Values(values, references))
        document = export_endpoints(cats, [endpoint], secrets=True).document
        text = exported_text(document, "text", cats)
        diagnostics = Diagnostics()
        top = parse_yaml(text, "all.yaml", diagnostics)
        assert top is not None

        wanted = read_import(top, DECLARATION, diagnostics)
        (done,) = import_endpoints(cats, wanted, diagnostics)

        assert diagnostics.all == []
        (found,) = cats.store.all()
        assert (found.hook_id, found.name) == (endpoint.hook_id, "Pepper")
        assert (found.enabled, found.settings, found.references) == (False, values, references)
        assert done.endpoint == found


WORDS = st.sampled_from(
    [
        *("name", "settings", "hook_id", "root", "enabled", "space", "endpoints", "format"),
        *("group", "api_key", "ssm", "secret", "key", "env", "text", "number", "Pepper"),
        *("s3cr3t-text", "1"),
    ]
)
# Messages say the names of keys, and nothing else of what is there.
KEY_NAMES = WORDS.filter(lambda word: word != "s3cr3t-text")
ANYTHING = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY_NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(ANYTHING | st.fixed_dictionaries({"endpoints": st.lists(ANYTHING, max_size=4)}))
def test_whatever_a_document_holds_is_told_without_values(document: Any) -> None:
    diagnostics = Diagnostics()
    top = parse_yaml(yaml.safe_dump(document), "all.yaml", diagnostics)
    assert top is not None

    read_import(top, DECLARATION, diagnostics)
    read_given(top, DECLARATION, diagnostics)

    for each in diagnostics.all:
        assert each.place is not None
        # An endpoint's name is said where two have it.
        assert "s3cr3t-text" not in each.message or each.code == "duplicate"


def test_a_reference_is_written_as_it_is_read(tmp_path: Path) -> None:
    cats = function(tmp_path)
    references = {"api_key": SecretSource("a", "k"), "text": SecretSource("b")}
    endpoint = Endpoint(cats.new_hook_id(), "Pepper", references=references)
    cats.store.write([Change(None, endpoint)])

    (entry,) = export_endpoints(cats, cats.store.all(), secrets=False).document["endpoints"]

    assert entry["settings"] == {"api_key": {"secret": "a", "key": "k"}, "text": {"secret": "b"}}
