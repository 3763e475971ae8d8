"""Imports that would fail in a function are said before: by check, and by build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from packager.analysis.facts import analyse_sources
from packager.analysis.missing_imports import warn_of_foreign
from packager.analysis.reached_code import reached_from
from packager.errors import IMPORT_FAILS, Diagnostic, Diagnostics
from packager.host.interpreter import Interpreter, newest_supported
from packager.inputs.plugin_folder import PluginFolder
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import SOURCE, write_plugin

START = "endpoints/duck.py"


def of_own(root: Path, files: Mapping[str, str], imports: str) -> list[tuple[str, str]]:
    """What `check` says of a plugin with these files, whose endpoint has these imports."""
    plugin = write_plugin(root, {**files, START: dedent(imports) + SOURCE})
    diagnostics = Diagnostics()
    assert load_plugin(plugin, diagnostics, display="p") is not None
    return [(str(diagnostic.place), diagnostic.message) for diagnostic in diagnostics.warnings]


def test_relative_imports_end_at_the_root(tmp_path: Path) -> None:
    files = {"utils/crypto.py": "X = 1\n", "endpoints/near.py": "from ..utils import crypto\n"}

    assert of_own(tmp_path, files, "from . import near\nfrom ..utils.crypto import X\n") == [
        ("p/endpoints/duck.py:2:1", "this import leaves the plugin's root, and fails"),
        ("p/endpoints/near.py:1:1", "this import leaves the plugin's root, and fails"),
    ]


def test_modules_of_the_plugin_that_are_not_there(tmp_path: Path) -> None:
    files = {
        "helpers/__init__.py": "",
        "helpers/there.py": "from .gone import y\n",
        "single.py": "",
        "markdown/mine.py": "",  # a package that is installed stands before it
    }
    imports = """\
        import helpers.there, helpers.made_up_by_the_package
        import single.made_up
        import markdown.extensions
        from endpoints.gone import x
        from endpoints import gone
        from .lost import y
        from . import lost
        import dify_plugin.nothing
        if TYPE_CHECKING:
            from .types import T
        try:
            from .maybe import z
        except ImportError:
            z = None
        """

    said = of_own(tmp_path, files, imports)

    assert said[:2] == [
        (
            "p/endpoints/duck.py:4:1",
            "there is no module endpoints.gone in the plugin: the import fails",
        ),
        (
            "p/endpoints/duck.py:6:1",
            "there is no module endpoints.lost in the plugin: the import fails",
        ),
    ]
    assert len(said) == 3  # and that of dify_plugin, which is another check's
    assert "dify_plugin.nothing" in said[2][1]


@pytest.fixture
def interpreter() -> Interpreter:
    found = newest_supported()
    assert found is not None
    return found


def of_foreign(
    root: Path, interpreter: Interpreter, imports: str, packages: Mapping[str, str] | None = None
) -> list[Diagnostic]:
    """What `build` says of an endpoint with these imports, where these packages are installed."""
    plugin = root / "plugin"
    files = {START: dedent(imports), "vendor/deep/vendored.py": "", "local.py": ""}
    for folder, texts in ((plugin, files), (root / "packages", packages or {})):
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    facts = analyse_sources(plugin, list(files), interpreter.path)
    diagnostics = Diagnostics()
    code = reached_from([START], PluginFolder(plugin, ""), facts)
    warn_of_foreign(code, root / "packages", interpreter, interpreter.python, diagnostics)
    return diagnostics.warnings


def test_modules_that_nothing_brings(tmp_path: Path, interpreter: Interpreter) -> None:
    packages = {
        "regular/__init__.py": "",
        "single.py": "",
        "compiled.cpython-313-x86_64-linux-gnu.so": "",
        "google/cloud/storage/__init__.py": "",
        "a_package-1.0.dist-info/METADATA": "",
    }
    imports = """\
        import json, xml.etree.ElementTree, zoneinfo, tkinter, __main__, _socket
        import regular.made_up, single, compiled
        import google.cloud.storage, google.protobuf
        import boto3, local, dify_plugin.entities
        import nacl.signing
        from nacl.exceptions import BadSignatureError
        import a_package

        def later():
            import bs4
        """

    said = of_foreign(tmp_path, interpreter, imports, packages)

    missing = ("google.protobuf", 3, 30), ("nacl", 5, 8), ("nacl", 6, 1), ("a_package", 7, 8)
    where = "in the plugin, its dependencies or the standard library: the import fails"
    assert [
        (str(diagnostic.place), diagnostic.message, diagnostic.hint) for diagnostic in said
    ] == [
        (
            f"endpoints/duck.py:{line}:{column}",
            f"there is no module {name} {where}",
            "add what it is from to the plugin's requirements",
        )
        for name, line, column in (*missing, ("bs4", 10, 12))
    ]


def test_a_module_below_the_root_is_found_only_where_the_path_is_changed(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    [said] = of_foreign(tmp_path / "as it is", interpreter, "import vendored.sub\n")
    assert (said.code, said.hint) == (
        "import-fails",
        "the root is on sys.path, and vendor/deep/ is not: `from vendor.deep import vendored`",
    )
    changed = "import sys\nsys.path.append('vendor/deep')\nimport vendored.sub\n"
    assert of_foreign(tmp_path / "changed", interpreter, changed) == []


def test_modules_that_the_standard_library_has_lost(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    (said,) = of_foreign(tmp_path, interpreter, "import distutils.version\n")

    assert said.hint == (
        f"Python {interpreter.python} does not have it any more: choose an older runtime"
    )


UNSURE = "import-may-fail"
CERTAIN = """\
    import gone_a
    from . import helper
    from .helper import x
    class C:
        import gone_b
    """
UNCERTAIN = """\
    import os
    if os.environ.get("X"):
        import gone_c
    try:
        import gone_d
    finally:
        pass
    with open(os.devnull):
        import gone_e
    def f():
        import gone_f
    for _ in ():
        import gone_g
    lambda: __import__("gone_h")
    """


def codes(root: Path, files: Mapping[str, str], imports: str) -> dict[str, str]:
    """The code of each warning about a module `gone_...`, by the module's name."""
    plugin = write_plugin(root, {**files, START: dedent(imports) + SOURCE})
    interpreter = newest_supported()
    assert interpreter is not None
    names = [*files, START]
    facts = analyse_sources(plugin, names, interpreter.path)
    diagnostics = Diagnostics()
    code = reached_from([START], PluginFolder(plugin, ""), facts)
    warn_of_foreign(code, root / "none", interpreter, interpreter.python, diagnostics)
    return {diagnostic.message.split()[4]: diagnostic.code for diagnostic in diagnostics.warnings}


def test_imports_that_fail_for_certain_are_told_from_those_that_may(tmp_path: Path) -> None:
    files = {
        "endpoints/helper.py": "import gone_i\ndef g():\n    import gone_j\n",
        "lazy.py": "import gone_k\n",
    }
    imports = dedent(CERTAIN) + dedent(UNCERTAIN) + "def later():\n    import lazy\n"
    assert codes(tmp_path, files, imports) == {
        **dict.fromkeys(("gone_a", "gone_b", "gone_i"), IMPORT_FAILS),
        **dict.fromkeys(("gone_c", "gone_d", "gone_e", "gone_f", "gone_g", "gone_j"), UNSURE),
        "gone_k": UNSURE,  # only what is called imports it
    }


@pytest.mark.parametrize(
    "change", ["sys.path.append('x')", "sys.modules['gone_a'] = sys", "from sys import path"]
)
def test_who_changes_what_imports_find_has_no_certain_failures(tmp_path: Path, change: str) -> None:
    files = {"early.py": f"import sys\n{change}\n"}
    assert codes(tmp_path, files, "import early\nimport gone_a\n") == {"gone_a": UNSURE}
