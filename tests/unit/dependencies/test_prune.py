"""Each test writes a few packages as they are installed, prunes them and looks at what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from packager.dependencies.prune import KeepRules, prune
from packager.dependencies.used_files import EVERY, FileUse

INFO = {"tool-1.0.dist-info/METADATA": "Name: tool\n", "tool-1.0.dist-info/WHEEL": ""}
READS_ALL = {"reader/__init__.py": "from importlib.metadata import version\nversion(name)\n"}

Left = Callable[..., dict[str, str]]


@pytest.fixture
def left(tmp_path: Path) -> Left:
    """Prune files (a package is what its first folder says) and return those that are left."""

    def run(files: Mapping[str, str], kept: KeepRules | None = None) -> dict[str, str]:
        owners = {}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            owners[name] = name.split("/")[0].partition("-")[0].removesuffix(".py")
        moved = prune(tmp_path, owners, kept or KeepRules())
        found = {
            path.relative_to(tmp_path).as_posix(): path.read_text()
            for path in tmp_path.rglob("*")
            if path.is_file()
        }
        assert all((owners | moved)[name] for name in found)
        assert not [path for path in tmp_path.rglob("*") if path.is_dir() and not [*path.iterdir()]]
        return found

    return run


def test_what_every_package_can_do_without(left: Left) -> None:
    files = {
        "bin/tool": "",
        "share/man/man1/tool.1": "",
        "tool/__init__.py": "from tool.testing import check\n",
        "tool/__pycache__/x.cpython-39.pyc": "",
        "tool/py.typed": "",
        "tool/types.pyi": "",
        "tool/fast.c": "",
        "tool/include/tool.h": "",
        "tool/data.json": "",
        "tool/testing/__init__.py": "",
        "tool/tests/__init__.py": "",
        "tool/tests/data/x.json": "",
        "tool/sub/test/test_x.py": "",
        "tool-stubs/__init__.pyi": "",
        **INFO,
        "tool-1.0.dist-info/RECORD": "",
    }
    assert {*left(files)} == {"tool/__init__.py", "tool/data.json", "tool/testing/__init__.py"}


def test_tests_that_are_imported_stay_and_what_they_need(left: Left) -> None:
    files = {
        "tool/__init__.py": "from .tests import helpers\n",
        "tool/tests/__init__.py": "from tool.sub.tests import more\n",
        "tool/tests/helpers.py": "",
        "tool/sub/tests/more.py": "",
        "tool/other/tests/test_x.py": "",
        "other/tests/test_x.py": "",
    }
    assert {*left(files)} == {*files} - {"tool/other/tests/test_x.py", "other/tests/test_x.py"}


def test_data_in_a_folder_that_a_text_names_stays(left: Left) -> None:
    files = {
        "tool/__init__.py": "DATA = os.path.join(os.path.dirname(__file__), 'tests', 'data')\n",
        "tool/tests/data/x.json": "",
        "tool/tests/test_x.py": "",
    }
    assert {*left(files)} == {"tool/__init__.py", "tool/tests/data/x.json"}


def test_stubs_that_are_read_stay(left: Left) -> None:
    files = {
        "lazy/__init__.py": "def attach(file):\n    return read(file + '.pyi')\n",
        "tool/__init__.py": "from lazy import attach\n",
        "tool/__init__.pyi": "",
        "other/__init__.py": "",
        "other/__init__.pyi": "",
    }
    assert {*left(files)} == {*files} - {"other/__init__.pyi"}


def test_headers_that_are_read_stay(left: Left) -> None:
    files = {
        "tool/__init__.py": "ffi.cdef(open(HERE + 'api.h').read())\n",
        "tool/api.h": "",
        "tool/fast.c": "",
    }
    assert {*left(files)} == {"tool/__init__.py", "tool/api.h"}


@pytest.mark.parametrize(
    ("files", "stays"),
    [
        ({"tool/__init__.py": ""}, False),
        (
            {"tool/__init__.py": "from importlib.metadata import version\nversion(__name__)\n"},
            True,
        ),
        (
            {"other/__init__.py": "from importlib.metadata import version\nversion('Tool')\n"},
            True,
        ),
        (
            {"other/__init__.py": "from importlib.metadata import version\nversion('x')\n"},
            False,
        ),
        (READS_ALL, True),
        ({"other/fast.so": "..importlib.metadata.."}, True),
    ],
)
def test_metadata_stays_where_it_is_read(left: Left, files: Mapping[str, str], stays: bool) -> None:
    assert {*left({**files, **INFO})} == {*files} | ({*INFO} if stays else set())


@pytest.mark.parametrize(
    ("points", "source", "stays"),
    [
        ("[tool.plugins]\nx = y:z\n", "entry_points(group='tool.plugins')", True),
        ("[tool.plugins]\nx = y:z\n", "entry_points(group='others')", False),
        ("[tool.plugins]\nx = y:z\n", "entry_points()", True),
        ("[console_scripts]\nx = y:z\n", "entry_points()", False),
        ("not an ini file\n", "entry_points(group='others')", True),
    ],
)
def test_entry_points(left: Left, points: str, source: str, stays: bool) -> None:
    files = {
        "other/x.py": f"from importlib.metadata import entry_points\n{source}\n",
        "tool-1.0.dist-info/entry_points.txt": points,
    }
    found = left({**files, **INFO})
    assert ("tool-1.0.dist-info/METADATA" in found) is stays


def test_licences_stay_without_their_metadata(left: Left) -> None:
    files = {
        "tool-1.0.dist-info/licenses/LICENSE.txt": "MIT",
        "tool-1.0.dist-info/licenses/vendored/COPYING": "GPL",
        "tool-1.0.dist-info/NOTICE": "mine",
    }
    assert left({**files, **INFO}) == {
        "endpoint_runtime/licenses/tool-1.0/LICENSE.txt": "MIT",
        "endpoint_runtime/licenses/tool-1.0/vendored/COPYING": "GPL",
        "endpoint_runtime/licenses/tool-1.0/NOTICE": "mine",
    }


def test_the_plugin_counts(left: Left) -> None:
    needs = FileUse(metadata=frozenset({"tool"}), modules=frozenset({"tool.tests.x"}))
    files = {"tool/tests/x.py": "", "tool/more/tests/x.py": "", **INFO}
    assert {*left(files, KeepRules(needs))} == {"tool/tests/x.py", *INFO}


def test_keep_overrules(left: Left) -> None:
    files = {"tool/a/tests/x.py": "", "tool/b/tests/x.py": "", "tool/a.pyi": "", **INFO}
    assert {*left(files, KeepRules(globs=("tool/a/**", "*.dist-info/")))} == {
        "tool/a/tests/x.py",
        *INFO,
    }
    assert {*left(files, KeepRules(globs=("**",)))} == {*files}


def test_every_group_is_every_group(left: Left) -> None:
    files = {"tool-1.0.dist-info/entry_points.txt": "[a]\nx = y:z\n", **INFO}
    assert {*left(files, KeepRules(FileUse(entry_points=frozenset({EVERY}))))} == {*files}
