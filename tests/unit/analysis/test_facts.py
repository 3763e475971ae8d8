"""Reading sources: syntax, imports, reachability, and the count of Endpoint subclasses."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.analysis.endpoint_classes import ClassPlace, EndpointClasses, endpoint_classes
from packager.analysis.facts import (
    ImportedModule,
    SourceError,
    SourceFacts,
    analyse_sources,
    reachable,
)
from packager.errors import Diagnostic, Diagnostics, PackagerError, Place
from packager.host.interpreter import find_interpreter
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import ENDPOINT, GROUP, SOURCE, write_plugin

HERE = Path(sys.executable)


def analyse(root: Path, files: Mapping[str, str | bytes]) -> dict[str, SourceFacts]:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else dedent(content).encode()
        (root / name).write_bytes(data)
    return analyse_sources(root, list(files), HERE)


def test_imports_wherever_they_stand(tmp_path: Path) -> None:
    source = """\
    import a.b as ab, c
    from . import sibling
    from .sibling import x, y as z
    from ..tools import t
    from ...too.far import away
    from typing import TYPE_CHECKING
    import typing
    import importlib
    if TYPE_CHECKING:
        import never
    else:
        import instead
    if typing.TYPE_CHECKING:
        import never
    if not TYPE_CHECKING:
        import always
    try:
        import tried
    except ImportError:
        import fallback
    def f(name):
        import inner
        importlib.import_module("dynamic.module")
        importlib.import_module(".relative", __package__)
        importlib.import_module(".other", package="x")
        importlib.import_module(name)
        __import__("old")
    from star import *
    """
    facts = analyse(tmp_path, {"pkg/sub/mod.py": source})["pkg/sub/mod.py"]
    assert facts.error is None
    assert facts.imports == (
        ImportedModule("a.b", 1),
        ImportedModule("c", 1),
        ImportedModule("pkg.sub", 2, ("sibling",)),
        ImportedModule("pkg.sub.sibling", 3, ("x", "y")),
        ImportedModule("pkg.tools", 4, ("t",)),
        ImportedModule("typing", 6, ("TYPE_CHECKING",)),
        ImportedModule("typing", 7),
        ImportedModule("importlib", 8),
        ImportedModule("instead", 12),
        ImportedModule("always", 16),
        ImportedModule("tried", 18),
        ImportedModule("fallback", 20),
        ImportedModule("inner", 22),
        ImportedModule("dynamic.module", 23),
        ImportedModule("pkg.sub.relative", 24),
        ImportedModule("pkg.sub.other", 25),
        ImportedModule("old", 27),
        ImportedModule("star", 28, ("*",)),
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xef\xbb\xbfx = 1\n", None),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), None),
        (b"x = '\\d'\n", None),
        (b"", None),
        (b"x = (1\n", SourceError(1, 5, "'(' was never closed")),
        (b"def f():\nreturn 1\n", SourceError(
            2, 1, "expected an indented block after function definition on line 1")),
        (b"return 1\n", SourceError(1, 1, "'return' outside function")),
        (b"# coding: nonsense\n", SourceError(1, None, "unknown encoding: nonsense")),
        (b"print 'x'\n", SourceError(
            1, 1, "Missing parentheses in call to 'print'. Did you mean print(...)?")),
    ],
)  # fmt: skip
def test_syntax(tmp_path: Path, content: bytes, error: SourceError | None) -> None:
    assert analyse(tmp_path, {"x.py": content})["x.py"].error == error


def test_bytes_that_no_python_reads(tmp_path: Path) -> None:
    facts = analyse(tmp_path, {"nul.py": b"x = 1\0\n", "latin.py": "x = 'é'\n".encode("latin-1")})
    assert all(each.error is not None for each in facts.values())


def test_a_file_that_vanished(tmp_path: Path) -> None:
    facts = analyse_sources(tmp_path, ["gone.py"], HERE)
    assert facts["gone.py"].error == SourceError(
        None, None, "can't be read: No such file or directory"
    )


def test_an_interpreter_that_fails(tmp_path: Path) -> None:
    with pytest.raises(PackagerError) as caught:
        analyse_sources(tmp_path, ["x.py"], Path("/bin/false"))
    assert str(caught.value) == "/bin/false could not read the plugin's sources: 1"
    with pytest.raises(PackagerError, match="No such file"):
        analyse_sources(tmp_path, ["x.py"], tmp_path / "python")


def test_names_assets(tmp_path: Path) -> None:
    facts = analyse(tmp_path, {"a.py": "p = f'{1}/_assets/x'\n", "b.py": "# _assets\n"})
    assert (facts["a.py"].names_assets, facts["b.py"].names_assets) == (True, False)


def test_reachable(tmp_path: Path) -> None:
    facts = analyse(
        tmp_path,
        {
            "endpoints/whatsapp-bot.py": "from endpoints.auth import A\nimport lib.deep.module\n",
            "endpoints/auth.py": "from utils import crypto\n",
            "endpoints/unused.py": "",
            "utils/crypto.py": "import json\nfrom .. import nothing\n",
            "utils/other.py": "",
            "lib/__init__.py": "from . import helpers\n",
            "lib/helpers.py": "import endpoints.auth\n",
            "lib/deep/module.py": "",
            "main.py": "",
        },
    )
    assert reachable(facts, ["endpoints/whatsapp-bot.py"]) == {
        "endpoints/whatsapp-bot.py",
        "endpoints/auth.py",
        "utils/crypto.py",
        "lib/__init__.py",
        "lib/helpers.py",
        "lib/deep/module.py",
    }


BASE = """\
from dify_plugin import Endpoint
class Base(Endpoint):
    pass
"""
E = "from dify_plugin import Endpoint\n"
ONE, NONE, UNSURE = "one", "none", "unsure"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (E + "class A(Endpoint): ...", ONE),
        ("from dify_plugin.interfaces.endpoint import Endpoint as X\nclass A(X): ...", ONE),
        ("import dify_plugin as dp\nclass A(dp.Endpoint): ...", ONE),
        ("import dify_plugin.interfaces.endpoint\n"
         "class A(dify_plugin.interfaces.endpoint.Endpoint): ...", ONE),
        ("from dify_plugin import interfaces\nclass A(interfaces.endpoint.Endpoint): ...", ONE),
        ("from dify_plugin import *\nclass A(Endpoint): ...", ONE),
        (E + "class Mixin: ...\nclass A(Mixin, Endpoint): ...", ONE),
        (E + "from flask.views import View\nclass A(View, Endpoint): ...", ONE),
        (E + "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
         "class A(Endpoint, Generic[T]): ...", ONE),
        (E + "class A(Endpoint): ...\nB = A", ONE),
        (E + "class A(Endpoint): ...\nclass A(Endpoint): ...", ONE),
        (E + "class A(Endpoint): ...\nclass B(Endpoint): ...\ndel A", ONE),
        (E + "if True:\n    class A(Endpoint): ...", ONE),
        (E + "with open('x') as f:\n    class A(Endpoint): ...", ONE),
        (E + "from dataclasses import dataclass\n@dataclass\nclass A(Endpoint): ...", ONE),
        ("import base\nclass A(base.Base): ...", ONE),
        ("from pkg import base\nclass A(base.Base): ...", ONE),
        ("from pkg.base import Base", ONE),
        ("from pkg.base import *", ONE),
        ("from base import Base as _B\nclass A(_B): ...\ndel _B", ONE),
        ("from listed import *", ONE),
        (E + "def main():\n    class A(Endpoint): ...\nclass B(Endpoint): ...", ONE),
        (E + "class A(Endpoint):\n    class Inner(Endpoint): ...", ONE),
        (E + "if __name__ == '__main__':\n    class B(Endpoint): ...\nclass A(Endpoint): ...", ONE),
        ("", NONE),
        (E, NONE),
        ("from dify_plugin import *", NONE),
        ("class Endpoint: ...\nclass A(Endpoint): ...", NONE),
        ("from dify_plugin import Tool\nclass A(Tool): ...", NONE),
        ("class A: ...\nx = A()", NONE),
        ("from pydantic import BaseModel\nclass A(BaseModel): ...", NONE),
        ("from enum import Enum\nclass A(str, Enum): ...", NONE),
        ("import logging, os\nlog = logging.getLogger(__name__)\n"
         "KEY = os.environ['K'] or os.environ.get('X', '').strip()\n"
         "from flask import Flask\napp = Flask(__name__)\nX: int = 3\n"
         "a, b = 1, {'x': [1]}\nf = lambda: 1\ny = log.name", NONE),
        ("from utils.log import get_logger\nlog = get_logger(__name__)", NONE),
        ("from base import _private", NONE),
        ("import base", NONE),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from base import Base", NONE),
        (E + "try:\n    class A(Endpoint): ...\nexcept Exception: ...", UNSURE),
        (E + "import sys\nif sys.version_info > (3, 12):\n    class A(Endpoint): ...\n"
         "else:\n    class A(Endpoint): ...", UNSURE),
        ("from third_party import Base\nclass A(Base): ...", UNSURE),
        ("import third_party\nclass A(third_party.web.Base): ...", UNSURE),
        ("from third_party import WebEndpoint", UNSURE),
        ("from third_party import *", UNSURE),
        ("from base import *\nfrom third_party import *\nclass A(Odd): ...", ONE),
        (E + "A = type('A', (Endpoint,), {})", UNSURE),
        (E + "import types\nA = types.new_class('A', (Endpoint,))", UNSURE),
        (E + "def make():\n    class A(Endpoint): ...\n    return A\nA = make()", UNSURE),
        ("from base import make\nA = make()", UNSURE),
        ("from base import pick\nA = pick()", UNSURE),
        (E + "class A(make(Endpoint)): ...", UNSURE),
        (E + "globals()['A'] = 1", UNSURE),
        ("exec('x')", UNSURE),
        (E + "@wrap\nclass A(Endpoint): ...", UNSURE),
        ("import base\nA = getattr(base, 'Base')", UNSURE),
        ("from base import Base\nfor A in [Base]: ...\ndel Base", UNSURE),
        ("from missing_in_utils import x\nfrom utils.missing import Y", UNSURE),
        ("try:\n    from dify_plugin import Endpoint\nexcept ImportError:\n    Endpoint = object\n"
         "class A(Endpoint): ...", UNSURE),
        ("from circle import X", UNSURE),
    ],
)  # fmt: skip
def test_the_count_of_endpoint_classes(tmp_path: Path, source: str, expected: str) -> None:
    facts = analyse(
        tmp_path,
        {
            "endpoints/x.py": source,
            "base.py": BASE
            + "_private = 1\ndef make():\n    class M(Endpoint): ...\n    return M\n"
            + "def pick():\n    return Base\n",
            "pkg/base.py": BASE,
            "listed.py": BASE + "class _Hidden(Endpoint): ...\n__all__ = ['_Hidden']\n",
            "utils/log.py": "import logging\ndef get_logger(n):\n"
            "    logger = logging.getLogger(n)\n    return logger\n",
            "circle.py": "from circle2 import *\n",
            "circle2.py": "from circle import *\n",
        },
    )
    assert facts["endpoints/x.py"].error is None
    found = endpoint_classes(facts, "endpoints/x.py")
    if expected == NONE:
        assert found == EndpointClasses((), maybe_more=False)
    else:
        assert len(found.certain) == (1 if expected == ONE else 0)
        assert found.certain or found.maybe_more


def test_two_classes_are_named_with_their_places(tmp_path: Path) -> None:
    facts = analyse(
        tmp_path,
        {"base.py": BASE, "x.py": "from base import Base\n\nclass A(Base):\n    pass\n"},
    )
    assert endpoint_classes(facts, "x.py") == EndpointClasses(
        two := (ClassPlace("Base", "base.py", 2), ClassPlace("A", "x.py", 3)),
        maybe_more=False,
        abstract=two,
    )


def faults_of(root: Path, changes: Mapping[str, str | bytes | None]) -> list[Diagnostic]:
    diagnostics = Diagnostics()
    load_plugin(write_plugin(root, changes), diagnostics, display="tiny")
    return diagnostics.all


def test_a_source_without_an_endpoint_is_faulted_once(tmp_path: Path) -> None:
    changes = {
        "group/tiny.yaml": GROUP + "  - endpoints/two.yaml\n",
        "endpoints/two.yaml": ENDPOINT.replace("GET", "POST"),
        "endpoints/duck.py": "# nothing\n",
    }
    assert faults_of(tmp_path, changes) == [
        Diagnostic(
            "endpoint-class",
            "expected one subclass of dify_plugin.Endpoint, and there is none",
            Place("tiny/endpoints/duck.py", 1),
            hint="define one: class MyEndpoint(Endpoint), with _invoke(self, r, values, settings)",
        )
    ]


def test_a_source_with_two_endpoints(tmp_path: Path) -> None:
    assert faults_of(
        tmp_path, {"endpoints/duck.py": SOURCE + "class Other(Duck):\n    pass\n"}
    ) == [
        Diagnostic(
            "endpoint-class",
            "expected one subclass of dify_plugin.Endpoint, not 2: "
            "Duck (tiny/endpoints/duck.py:3) and Other (tiny/endpoints/duck.py:6)",
            Place("tiny/endpoints/duck.py", 6),
            hint="give each endpoint a file of its own; import a base class by its module, "
            "not by its name",
        )
    ]


def reader() -> str:
    """Return the version that reads sources for the default runtime, on this machine."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return "3.13" if find_interpreter("3.13") else here


@pytest.mark.skipif(reader() != "3.13", reason="needs Python 3.13")
def test_syntax_errors_where_they_matter_and_where_not(tmp_path: Path) -> None:
    changes = {
        "endpoints/duck.py": "from endpoints import helper\n" + SOURCE,
        "endpoints/helper.py": "x = = 1\n",
        "tests/template.py": "x = = 1\n",
        ".hidden/x.py": "=",
        "venv/pyvenv.cfg": "",
        "venv/lib/x.py": "=",
    }
    assert faults_of(tmp_path, changes) == [
        Diagnostic(
            "invalid-python",
            "syntax error: invalid syntax (read with Python 3.13)",
            Place("tiny/endpoints/helper.py", 1, 5),
        ),
        Diagnostic(
            "invalid-python",
            "syntax error: invalid syntax (read with Python 3.13)",
            Place("tiny/tests/template.py", 1, 5),
            level="warning",
        ),
    ]


@pytest.mark.skipif(
    not (find_interpreter("3.11") and find_interpreter("3.13")), reason="needs 3.11 and 3.13"
)
def test_the_targets_grammar_decides(tmp_path: Path) -> None:
    source = SOURCE + "print(f'{'nested'}')\n"  # PEP 701, Python 3.12
    assert faults_of(tmp_path / "new", {"endpoints/duck.py": source}) == []
    old = {"endpoints/duck.py": source, "packager.toml": "runtime = 'python3.11'\n"}
    (diagnostic,) = faults_of(tmp_path / "old", old)
    assert diagnostic.message == "syntax error: f-string: expecting '}' (read with Python 3.11)"
    assert str(diagnostic).startswith("tiny/endpoints/duck.py:6:")


TEXT = st.text(alphabet=st.sampled_from("ab=:,.()[]{}*@\n \\'\"#1"), max_size=40)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(TEXT, min_size=20, max_size=40))
def test_any_text_is_python_or_an_error(tmp_path: Path, texts: list[str]) -> None:
    facts = analyse(tmp_path, {f"f{number}.py": text for number, text in enumerate(texts)})
    for path, text in zip(facts, texts, strict=True):
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(dedent(text), path, "exec", dont_inherit=True)
            sound = True
        except (SyntaxError, ValueError):
            sound = False
        assert (facts[path].error is None) == sound
        if sound:
            endpoint_classes(facts, path)
