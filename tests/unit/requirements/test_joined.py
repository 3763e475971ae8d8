"""What several plugins require together."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics, Place
from packager.requirements.joined import check_together, joined
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import Declared


def required(*lines: str, file: str = "requirements.txt") -> Requirements:
    names = [line.split("=")[0].split("<")[0].split(" ")[0].split("[")[0] for line in lines]
    declared = [
        Declared(line, name, Place(file, 1, 1)) for line, name in zip(lines, names, strict=True)
    ]
    return Requirements(Path(), file, tuple(declared))


@pytest.mark.parametrize(
    ("own", "other", "conflict"),
    [
        ("a==1", "a==1.0", False),
        ("a==1", "a==2", True),
        ("a==1", "a<1", True),
        ("a<2", "a==3", True),
        ("a<2", "a==1.5", False),
        ("a==1.*", "a==2", True),
        ("a<1", "a==1.*", False),  # for uv to find out
        ("a==1", "b==2", False),
        ("a==1 ; python_version < '3'", "a==2", False),
        ("a @ https://x/a.whl", "a @ https://y/a.whl", True),
        ("a @ https://x/a.whl", "a==1", False),
        ("dify-plugin==1", "dify-plugin==2", False),  # the plugin's own pin holds
    ],
)
def test_what_excludes_each_other(own: str, other: str, conflict: bool) -> None:
    diagnostics = Diagnostics()

    check_together(required(own), required(other), diagnostics)

    assert [each.code for each in diagnostics.all] == ["conflicting-requirements"] * conflict


def test_joined() -> None:
    own, other = required("dify-plugin==1", "a==1"), required("dify-plugin==2", "b", file="o")

    found = joined(own, [other])

    assert [line.text for line in found.declared] == ["dify-plugin==1", "a==1", "b"]
    assert (found.file, found.others) == ("requirements.txt", ("o",))
    assert joined(own, []) is own
