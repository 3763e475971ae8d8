"""YAML: values, places, and what is refused without harm."""

from __future__ import annotations

from pathlib import Path
from random import Random
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import Code, Diagnostic, Diagnostics, Place
from packager.inputs import yaml_tree
from packager.inputs.bounded_file import MAX_FILE
from packager.inputs.yaml_tree import YamlValue, parse_yaml, read_yaml
from tests.support.hostile_inputs import TEXTS, mutated


def parse(text: str) -> tuple[YamlValue | None, list[Diagnostic]]:
    diagnostics = Diagnostics()
    return parse_yaml(text, "x.yaml", diagnostics), diagnostics.all


def test_every_value_and_key_keeps_its_place() -> None:
    tree, diagnostics = parse("a: 1\nb:\n  - x\n  - {c: yes}\n")
    place = Place
    c = YamlValue(True, "yes", place("x.yaml", 4, 9), "b[1].c", key_place=place("x.yaml", 4, 6))
    assert diagnostics == []
    assert tree == YamlValue(
        {
            "a": YamlValue(1, "1", place("x.yaml", 1, 4), "a", place("x.yaml", 1, 1)),
            "b": YamlValue(
                (
                    YamlValue("x", "x", place("x.yaml", 3, 5), "b[0]"),
                    YamlValue({"c": c}, "", place("x.yaml", 4, 5), "b[1]"),
                ),
                "",
                place("x.yaml", 3, 3),
                "b",
                place("x.yaml", 2, 1),
            ),
        },
        "",
        place("x.yaml", 1, 1),
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_file_is_a_null(text: str) -> None:
    tree, diagnostics = parse(text)
    assert tree is not None
    assert (tree.value, diagnostics) == (None, [])


@pytest.mark.parametrize(
    ("code", "text", "line", "column", "message", "hint"),
    [
        (
            "invalid-yaml",
            "a:\n  b: 1\n c: 2\n",
            3,
            2,
            "not valid YAML: while parsing a block mapping, "
            "expected <block end>, but found '<block mapping start>'",
            None,
        ),
        (
            "invalid-yaml",
            'help: "Workflow" for most\n',
            1,
            18,
            "not valid YAML: while parsing a block mapping, "
            "expected <block end>, but found '<scalar>'",
            "put the whole value into quotes, or align it with its neighbours",
        ),
        (
            "invalid-yaml",
            "a: b: c\n",
            1,
            5,
            "not valid YAML: mapping values are not allowed here",
            "put a value that holds ': ' into quotes",
        ),
        (
            "invalid-yaml",
            "a:\n\tb: 1\n",
            2,
            1,
            "not valid YAML: while scanning for the next token, "
            "found character '\\t' that cannot start any token",
            "indent with spaces, not tabs",
        ),
        ("invalid-yaml", "a: *b\n", 1, 4, "not valid YAML: found undefined alias 'b'", None),
        (
            "invalid-yaml",
            "a: &a [*a]\n",
            1,
            4,
            "not valid YAML: an alias stands inside of what it refers to",
            None,
        ),
        (
            "invalid-yaml",
            "a: &a\n  <<: *a\n",
            1,
            4,
            "not valid YAML: an alias stands inside of what it refers to",
            None,
        ),
        (
            "invalid-yaml",
            "a: !thing x\n",
            1,
            4,
            "not valid YAML: the tag !thing is not known",
            None,
        ),
        (
            "invalid-yaml",
            "a: !!map x\n",
            1,
            4,
            "not valid YAML: the tag tag:yaml.org,2002:map is not known",
            None,
        ),
        ("invalid-yaml", "? [a]\n: 1\n", 1, 3, "not valid YAML: a key must be text", None),
        (
            "invalid-yaml",
            "<<: 1\n",
            1,
            5,
            "not valid YAML: a merge (<<) takes a mapping or a list of mappings",
            None,
        ),
        (
            "invalid-character",
            "a: 1\nb: \x07\n",
            2,
            4,
            "the character U+0007 can't be in YAML",
            None,
        ),
        ("too-large", "[" * 5000, None, None, "nested too deeply to be read", None),
    ],
)
def test_what_is_no_yaml(
    code: Code, text: str, line: int | None, column: int | None, message: str, hint: str | None
) -> None:
    assert parse(text) == (
        None,
        [Diagnostic(code, message, Place("x.yaml", line, column), hint=hint)],
    )


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes("a: 1\nb: é".encode("latin-1"))
    diagnostics = Diagnostics()
    assert read_yaml(tmp_path / "x.yaml", "p/x.yaml", diagnostics) is None
    assert diagnostics.all == [
        Diagnostic(
            "not-utf8",
            "byte 0xe9 is not UTF-8",
            Place("p/x.yaml", 2, 4),
            hint="save the file as UTF-8",
        )
    ]


def test_a_file_too_large_to_be_a_description(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"#" * (MAX_FILE + 1))
    diagnostics = Diagnostics()
    assert read_yaml(tmp_path / "x.yaml", "x.yaml", diagnostics) is None
    assert diagnostics.all == [
        Diagnostic("too-large", "has 4194305 bytes; at most 4194304 are read", Place("x.yaml"))
    ]


def test_a_billion_laughs_are_cut_short() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "\n".join(lines)
    tree, diagnostics = parse(text)
    assert tree is None
    assert [diagnostic.message for diagnostic in diagnostics] == [
        f"not valid YAML: aliases make more than {20_000 + len(text)} values of this file"
    ]


def test_merges_that_double_at_each_level_cost_nothing() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
    tree, diagnostics = parse("\n".join(lines))
    assert diagnostics == []
    assert tree is not None
    assert tree.entries["a59"].plain() == {"x": 1}


def test_merge_keys_give_way_to_the_mappings_own() -> None:
    text = """\
    one: &one {a: 1, b: 1}
    two: &two {a: 2, c: 2}
    both: {<<: [*one, *two], b: own}
    """
    tree, _ = parse(dedent(text))
    assert tree is not None
    assert tree.plain() == yaml.safe_load(dedent(text))


def test_a_key_given_twice_counts_as_given_last() -> None:
    tree, diagnostics = parse("a: 1\nb: 2\na: 3\n")
    assert tree is not None
    assert tree.plain() == {"a": 3, "b": 2}
    assert diagnostics == [
        Diagnostic(
            "duplicate",
            "the key 'a' is given twice (first on line 1); the last one counts",
            Place("x.yaml", 3, 1),
            level="warning",
        )
    ]


@pytest.mark.parametrize(
    ("text", "value", "plain"),
    [
        ("yes", True, True),
        ("1.0", 1.0, 1.0),
        ("0x10", 16, 16),
        ("~", None, None),
        ("'1'", "1", "1"),
        (".nan", None, ".nan"),
        ("2024-13-45", "2024-13-45", "2024-13-45"),
        ("9" * 5000, "9" * 5000, "9" * 5000),
        ("=", "=", "="),
    ],
)
def test_scalars_are_what_safeloader_makes_of_them(text: str, value: object, plain: object) -> None:
    tree, _ = parse(text)
    assert tree is not None
    assert tree.plain() == plain
    assert value is None or tree.value == value


def test_a_date_keeps_its_text() -> None:
    tree, _ = parse("d: 2024-07-12\n")
    assert tree is not None
    assert tree.plain() == {"d": "2024-07-12"}


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(trees, st.booleans())
def test_any_dumped_tree_reads_as_itself(tree: object, flow: bool) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True)
    marked, diagnostics = parse(text)
    assert (diagnostics, marked is not None) == ([], True)
    loaded = yaml.safe_load(text)
    assert marked is not None
    assert repr(_plain(marked)) == repr(loaded)


def _plain(node: YamlValue) -> object:
    if node.kind == "a mapping":
        return {name: _plain(entry) for name, entry in node.entries.items()}
    return [_plain(item) for item in node.items] if node.kind == "a list" else node.value


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}&*!<?'\"#|>,%@`~1"), max_size=60))
def test_any_text_gives_a_tree_or_a_fault(text: str) -> None:
    tree, diagnostics = parse(text)
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.level == "error"]
    assert (tree is None) == (len(errors) == 1)


def test_libyaml_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there for its speed; PyYAML's own parser, which the SDK uses, decides."""
    random = Random(14)
    texts = [text for name, text in TEXTS.items() if name.endswith(".yaml")]
    mutants = [mutated(random, random.choice(texts)).decode(errors="replace") for _ in range(300)]
    odd = ["a: &x [1]\nb: &x [2]\n", "a:\t1\n", "a: 1\n\ufeffb: 2\n", "[" * 1200, "- " * 1200]
    for text in [*texts, *mutants, *odd, "😀: [é,\n  'ü']\n", "a: |\n  b\nc: >-\n  d\n"]:
        quick = parse(text)
        with monkeypatch.context() as patch:
            patch.setattr(yaml_tree, "_QUICK", None)
            assert quick == parse(text), text
