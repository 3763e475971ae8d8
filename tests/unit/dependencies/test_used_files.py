from __future__ import annotations

import pytest

from packager.dependencies.used_files import (
    BUILD_SUFFIXES,
    EVERY,
    OWN,
    STUBS,
    TEST_FOLDERS,
    FileUse,
    read_file_use,
)


@pytest.mark.parametrize(
    ("source", "metadata"),
    [
        ("import importlib.metadata\nimportlib.metadata.version('My_Tool')", {"my-tool"}),
        ("from importlib.metadata import version as v\nx = v('a')", {"a"}),
        ("from importlib.metadata import metadata\nmetadata('attrs')", {"attrs"}),
        ("from importlib import metadata\nmetadata.version(distribution_name='a.b')", {"a-b"}),
        ("import importlib_metadata as m\nm.version(__name__)", {OWN}),
        ("from importlib.metadata import version\nversion(__package__)", {OWN}),
        ("from importlib.metadata import version\nversion(name)", {EVERY}),
        ("from importlib.metadata import version\nmap(version, names)", {EVERY}),
        ("from importlib import (\n    abc,\n    metadata,\n)\nuse(metadata)", {EVERY}),
        ("from .compat import metadata\nmetadata.requires('a')", {"a"}),
        ("import importlib\nm = importlib.import_module('importlib.metadata')", {EVERY}),
        ("import pkg_resources", {EVERY}),
        ("from pkg_resources import get_distribution", {EVERY}),
        ("from importlib.metadata import PackageNotFoundError", set()),
        ("from importlib.metadata import *", {EVERY}),
        ("metadata = {}\nmetadata.update(version='a')", set()),
        ('"""It says importlib.metadata.version(name)."""', set()),
    ],
)
def test_metadata(source: str, metadata: set[str]) -> None:
    assert read_file_use("tool/x.py", source.encode()).metadata == metadata


@pytest.mark.parametrize(
    ("source", "groups"),
    [
        ("from importlib.metadata import entry_points\nentry_points(group='a.b')", {"a.b"}),
        ("from importlib.metadata import entry_points\nentry_points()['a']", {EVERY}),
        ("from importlib.metadata import entry_points\nentry_points(group=g)", {EVERY}),
        ("from importlib import metadata\nlist(metadata.distributions())", {EVERY}),
    ],
)
def test_entry_points(source: str, groups: set[str]) -> None:
    needs = read_file_use("tool/x.py", source.encode())
    assert needs.entry_points == groups
    assert not needs.metadata


def test_a_name_imported_for_others_is_used_by_them() -> None:
    needs = read_file_use("tool/compat.py", b"from importlib.metadata import version\n")
    assert needs.metadata == {EVERY}


@pytest.mark.parametrize(
    ("source", "modules", "texts"),
    [
        ("from .tests import x", {"tool.sub.tests.x"}, set()),
        ("from ..tests.data import x", {"tool.tests.data.x"}, set()),
        ("import other.test.helpers", {"other.test.helpers"}, set()),
        ("load('other.tests')", {"other.tests"}, {"tests"}),
        ("load(f'{__name__}.tests')", {"tests", "tool.tests", "tool.sub.tests"}, {"tests"}),
        ("open(HERE + '/test/x.json')", {"test.x.json"}, {"test"}),
        ("join(HERE, 'tests', 'x')", {"tests"}, {"tests"}),
        ("say('run the tests now')", set(), set()),
        ("def f():\n    'tests'", set(), set()),
        ("self.tests = latest", set(), set()),
    ],
)
def test_test_folders(source: str, modules: set[str], texts: set[str]) -> None:
    needs = read_file_use("tool/sub/x.py", source.encode())
    assert needs.texts == texts
    assert needs.modules >= modules
    assert bool(needs.modules) == bool(modules)


def test_without_test_folders_nothing_leads_into_them() -> None:
    source = b"import tests\nload('other.tests')\n"
    assert read_file_use("tool/x.py", source, tests=False) == FileUse(imports=frozenset({"tests"}))
    source += b"import importlib.metadata\nimportlib.metadata.version('werkzeug')\n"
    assert read_file_use("tool/x.py", source, tests=False).metadata == {"werkzeug"}


def test_suffixes_in_texts() -> None:
    source = b"import lazy_loader\nlazy_loader.attach_stub(__name__, __file__)\nopen('x.h')\n"
    needs = read_file_use("tool/__init__.py", source)
    assert needs == FileUse(suffixes=frozenset({STUBS, "h"}), imports=frozenset({"lazy_loader"}))


def test_what_cannot_be_parsed_may_need_anything() -> None:
    source = b"print 'of old'\nimport pkg_resources\n"
    assert read_file_use("tool/x.py", source) == FileUse(
        metadata=frozenset({EVERY}),
        entry_points=frozenset({EVERY}),
        texts=TEST_FOLDERS,
        suffixes=BUILD_SUFFIXES | {STUBS},
        imports=frozenset({"pkg_resources"}),
    )


def test_compiled_modules_are_searched() -> None:
    assert read_file_use("tool/x.so", b"\0importlib.metadata\0").metadata == {EVERY}
    assert read_file_use("tool/x.so", b"\0tests\0") == FileUse()
