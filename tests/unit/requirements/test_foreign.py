"""Dependencies of Poetry and Pipenv are read as what pip and uv know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from packager.errors import Diagnostic, Diagnostics
from packager.model.permissions import Permissions
from packager.requirements.foreign.specifiers import converted
from packager.requirements.read import read_requirements
from packager.requirements.requirements import Requirements


@pytest.fixture(autouse=True)
def _no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def read(root: Path) -> tuple[Requirements, list[Diagnostic]]:
    diagnostics = Diagnostics()
    return read_requirements(root, "p", diagnostics), diagnostics.all


@pytest.mark.parametrize(
    ("version", "specifier"),
    [
        ("*", ""),
        ("1.2.3", "==1.2.3"),
        ("=1.2", "==1.2"),
        ("1.2.*", "==1.2.*"),
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("^1", ">=1,<2"),
        ("^2.0.0b1", ">=2.0.0b1,<3"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.4.2", "~=1.4.2"),
        (">= 1.0, <2 ", ">=1.0,<2"),
        (">=1.0 <2,!=1.5", ">=1.0,<2,!=1.5"),
    ],
)
def test_versions(version: str, specifier: str) -> None:
    assert converted(version) == specifier
    SpecifierSet(specifier)


@pytest.mark.parametrize(
    "version", ["^1 || ^2", "1 | 2", "latest!", "^x", "~", ">=", "1 ; 2", "^" + "9" * 5000]
)
def test_versions_without_such_a_form(version: str) -> None:
    with pytest.raises(ValueError, match=r"version|alternatives"):
        converted(version)


POETRY = """\
[tool.poetry.dependencies]
python = "^3.12"
dify_plugin = "^0.4"
requests = { version = "^2.31", extras = ["socks"], python = ">=3.8,<3.14" }
tomli = [{ version = "1.*", platform = "win32" }, { version = "^2", markers = "os_name != 'nt'" }]
extra = { version = "*", optional = true }
tool = { git = "https://example.com/tool.git", tag = "v1" }
"""


def test_poetry(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(POETRY)
    (tmp_path / "poetry.lock").write_text(
        '[[package]]\nname = "Requests"\nversion = "2.32.3"\n'
        '[[package]]\nname = "tomli"\nversion = "1.2"\n'
        '[[package]]\nname = "tomli"\nversion = "2.0"\n'
        '[[package]]\nname = "tool"\nversion = "1"\n[package.source]\ntype = "git"\n'
    )
    requirements, [said] = read(tmp_path)
    assert [each.text for each in requirements.declared] == [
        "dify_plugin>=0.4,<0.5",
        'requests[socks]>=2.31,<3 ; python_version >= "3.8" and python_version < "3.14"',
        'tomli==1.* ; sys_platform == "win32"',
        "tomli>=2,<3 ; (os_name != 'nt')",
        "tool @ git+https://example.com/tool.git@v1",
    ]
    assert [each.text for each in requirements.constraints] == ["requests==2.32.3"]
    assert (said.code, said.level, said.key) == (
        "converted-requirements",
        "warning",
        "tool.poetry.dependencies",
    )
    assert said.message.startswith("read as: dify_plugin>=0.4,<0.5, requests[socks]>=2.31,<3 ; ")
    assert said.message.endswith(", 1 version from poetry.lock")


def test_a_pipfile(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text(
        '[packages]\nrequests = {version = ">=2", sys_platform = "== \'linux\'"}\nsix = "*"\n'
        '[dev-packages]\npytest = "*"\n'
    )
    lock = {"default": {"requests": {"version": "==2.32.3", "hashes": []}, "six": {}}}
    (tmp_path / "Pipfile.lock").write_text(json.dumps(lock))
    requirements, [said] = read(tmp_path)
    assert [each.text for each in requirements.declared] == [
        "requests>=2 ; sys_platform == 'linux'",
        "six",
    ]
    assert [each.text for each in requirements.constraints] == ["requests==2.32.3"]
    assert (said.code, said.place and said.place.file) == ("converted-requirements", "p/Pipfile")


def test_packages_on_this_disk(tmp_path: Path) -> None:
    root = tmp_path / "p"
    (root / "lib").mkdir(parents=True)
    (root / "Pipfile").write_text(
        '[packages]\nlib = { path = "./lib", editable = true, extras = ["x"] }\n'
        'p = { path = "." }\ngone = { path = "gone" }\n'
        'far = { file = "https://example.com/f.zip" }\n'
    )
    requirements, said = read(root)
    assert [(each.text, each.local) for each in requirements.declared] == [
        (f"lib[x] @ {(root / 'lib').as_uri()}", True),
        ("far @ https://example.com/f.zip", False),
    ]
    assert [(each.code, each.place and each.place.line) for each in said] == [
        ("ignored-requirement", 3),
        ("missing-file", 4),
        ("converted-requirements", 1),
    ]
    assert said[-1].message == "read as: ./lib, far @ https://example.com/f.zip"


def test_poetry_s_sources(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\nown = { version = "^1", source = "mine" }\n'
        '[[tool.poetry.source]]\nname = "PyPI"\n'
        '[[tool.poetry.source]]\nname = "more"\nurl = "https://more.example.com/simple"\n'
        '[[tool.poetry.source]]\nname = "mine"\nurl = "https://mine.example.com/simple"\n'
        'priority = "explicit"\n'
    )
    requirements = read(tmp_path)[0]
    assert requirements.options == ("--extra-index-url", "https://more.example.com/simple")
    assert [(each.text, each.index) for each in requirements.declared] == [("own>=1,<2", "mine")]
    assert requirements.indexes == (
        {"name": "mine", "url": "https://mine.example.com/simple", "explicit": True},
    )


def test_a_pipfile_s_sources(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text(
        '[[source]]\nname = "all"\nurl = "https://all.example.com/simple"\n'
        '[[source]]\nname = "mine"\nurl = "https://mine.example.com/simple"\n'
        '[packages]\nown = { version = "*", index = "mine" }\nsix = "*"\n'
    )
    requirements = read(tmp_path)[0]
    assert requirements.options == ("--index-url", "https://all.example.com/simple")
    assert [(each.text, each.index) for each in requirements.declared] == [
        ("own", "mine"),
        ("six", ""),
    ]


def test_a_package_may_not_name_an_index_without_leave(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text(
        '[[source]]\nname = "all"\nurl = "https://all.example.com/simple"\n[packages]\nsix = "*"\n'
    )
    diagnostics = Diagnostics()
    read_requirements(tmp_path, "p", diagnostics, package=True, permissions=Permissions())
    [said] = diagnostics.errors
    assert (said.code, said.place and said.place.line) == ("not-permitted", 3)


def test_other_statements_go_first(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(POETRY)
    (tmp_path / "Pipfile").write_text("[packages]\n")
    (tmp_path / "requirements.txt").write_text("six\n")
    requirements, said = read(tmp_path)
    assert (sorted(requirements.names), said) == (["six"], [])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"^1 || ^2"', "x: alternatives (^1 || ^2) can't be converted"),
        ("5", "x: expected a version, or a table with one"),
    ],
)
def test_what_can_not_be_converted_is_an_error(tmp_path: Path, value: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.poetry.dependencies]\nx = {value}\n")
    said = read(tmp_path)[1]
    first = said[0]
    assert (first.code, first.level, first.message) == ("invalid-requirement", "error", message)


@pytest.mark.parametrize(
    "lock", ["{", "[]", '{"default": []}', '{"default": {"a": 5}}', "[" * 9999]
)
def test_a_lock_that_is_none_stops_nothing_else(tmp_path: Path, lock: str) -> None:
    (tmp_path / "Pipfile").write_text('[packages]\nsix = "*"\n')
    (tmp_path / "Pipfile.lock").write_text(lock)
    requirements, said = read(tmp_path)
    assert requirements.constraints == ()
    assert said[-1].code == "converted-requirements"
