"""werkzeug's server and debugger stay out of a bundle, unless something names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.dependencies.development_parts import (
    names_development_parts,
    remove_development_parts,
)
from packager.dependencies.prune import KeepRules

FILES = (
    *("__init__.py", "serving.py", "_reloader.py", "testapp.py", "test.py", "wsgi.py"),
    *("debug/__init__.py", "debug/shared/debugger.js", "middleware/lint.py"),
    *("middleware/proxy_fix.py", "middleware/profiler.py", "debugging.py"),
)
STAY = {"__init__.py", "test.py", "wsgi.py", "middleware/proxy_fix.py", "debugging.py"}


def left(root: Path, other: str = "", kept: KeepRules | None = None) -> set[str]:
    for name in FILES:
        (root / "werkzeug" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "werkzeug" / name).write_text("from werkzeug.serving import run_simple\n")
    (root / "tool.py").write_text(other)
    remove_development_parts(root, kept or KeepRules())
    found = (root / "werkzeug").rglob("*")
    return {str(path.relative_to(root / "werkzeug")) for path in found if path.is_file()}


def test_they_go_where_nothing_names_them(tmp_path: Path) -> None:
    assert left(tmp_path, "from werkzeug.test import Client\nlogging.debug('x')\n") == STAY
    assert not (tmp_path / "werkzeug/debug").exists()


def test_they_stay_where_a_package_the_plugin_or_the_configuration_names_one(
    tmp_path: Path,
) -> None:
    for number, (other, kept) in enumerate(
        [
            ("from werkzeug.serving import make_server", KeepRules()),
            ("", KeepRules(development=True)),
        ]
    ):
        assert left(tmp_path / str(number), other, kept) == {*FILES}
    assert left(tmp_path / "kept", "", KeepRules(globs=("werkzeug/debug/",))) == STAY | {
        "debug/__init__.py",
        "debug/shared/debugger.js",
    }


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import werkzeug.serving", True),
        ("from werkzeug import run_simple", True),
        ("from werkzeug import (\n    Request,\n    run_simple,\n)", True),
        ("from werkzeug import (\n    debug,\n)", True),
        ("importlib.import_module('werkzeug.testapp')", True),
        ("app = werkzeug.debug.DebuggedApplication(app)", True),
        ("from werkzeug.middleware.lint import LintMiddleware", True),
        ("from werkzeug.middleware.profiler import ProfilerMiddleware", True),
        ("from werkzeug import Request, Response\nlogger.debug('serving')", False),
        ("from werkzeug.middleware.proxy_fix import ProxyFix", False),
        ("debug = True", False),
    ],
)
def test_what_counts_as_naming(source: str, named: bool) -> None:
    assert names_development_parts(source.encode()) is named
