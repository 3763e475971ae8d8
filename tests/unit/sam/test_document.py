"""The YAML that templates are written in."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from packager.sam.document import Section, get_att, literal_in_sub, ref, sub, write_document

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_intrinsics_comments_and_empty_lines() -> None:
    section = Section()
    section.put("A", {"Ref": ref("Api"), "Items": [{"Key": "a", "Value": sub("${X}/y: z")}, "on"]})
    section.put("B", {"Arn": get_att("Role.Arn"), "Empty": {}, "None": []}, "", "two\nlines # one")

    text = write_document(section, ["Head", ""])

    assert text == (
        "# Head\n"
        "\n"
        "A:\n"
        "  Ref: !Ref Api\n"
        "  Items:\n"
        "    - Key: a\n"
        "      Value: !Sub '${X}/y: z'\n"
        "    - 'on'\n"
        "\n"
        "# two lines # one\n"
        "B:\n"
        "  Arn: !GetAtt Role.Arn\n"
        "  Empty: {}\n"
        "  None: []\n"
    )


def test_lists_in_lists() -> None:
    text = write_document(Section({"A": [["a", {"b": 1}], [], {}]}), [])

    assert text == "A:\n  - - a\n    - b: 1\n  - []\n  - {}\n"


def test_text_of_several_lines_stays_one_line() -> None:
    text = write_document(Section({"A": "a\nb"}), [])

    assert text == 'A: "a\\nb"\n'


def test_sub_takes_braces_as_they_are_written() -> None:
    assert literal_in_sub("/a/${b}/{c}") == "/a/${!b}/{c}"


@given(st.dictionaries(st.text(), trees, max_size=5))
def test_what_is_written_is_read_back(tree: dict[str, Any]) -> None:
    assert yaml.safe_load(write_document(Section(tree), ["head"])) == (tree or None)
