"""The import diet on tiny packages: what is rewritten, and that it works the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import packager.dependencies.diet.apply
from packager.dependencies.diet.apply import DietReport, apply_diet, source_hash
from packager.dependencies.diet.plan import ModuleSource, Rules, plan_package
from packager.dependencies.diet.versions import HASHES
from packager.dependencies.diet.write import write_treated

HEAD = "from __future__ import annotations\n\n"
START = "from tiny import _deferred; _lazy = _deferred.Lazy(globals()); "
END = "__builtins__ = _deferred.Builtins(globals())  # for typing.get_type_hints\n"


def treat(files: dict[str, str], *eager: str) -> dict[str, str]:
    """Treat a package `tiny` of these modules ("" is the package itself)."""
    modules = {}
    for name, text in {"": "", **files}.items():
        full = f"tiny.{name}" if name else "tiny"
        modules[full] = ModuleSource(full, not name, text.encode())
    trees = {name: ast.parse(module.source) for name, module in modules.items()}
    plans = plan_package(modules, trees, Rules(frozenset(eager), ("tiny.untouched",), "tiny"))
    return {
        name.removeprefix("tiny").removeprefix("."): write_treated(
            modules[name].source, trees[name], plan, "tiny"
        ).decode()
        for name, plan in plans.items()
    }


def run(folder: Path, files: dict[str, str], code: str, *eager: str) -> str:
    """Return what `code` prints with the treated package."""
    package = folder / "tiny"
    package.mkdir()
    for name, text in ({"": ""} | files | treat(files, *eager)).items():
        (package / f"{name or '__init__'}.py").write_text(text)
    helper = Path(packager.dependencies.diet.apply.__file__).with_name("deferred.py")
    (package / "_deferred.py").write_bytes(helper.read_bytes())
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(folder)},
    )
    assert not done.stderr
    return done.stdout


def test_imports_wait_and_lines_stay() -> None:
    source = HEAD + (
        "import email.utils\n"
        "import typing as t\n"
        "from json import dumps as dump\n"
        "\n"
        "\n"
        "def f(x: t.Any) -> str:\n"
        "    return dump(x) + email.utils.quote(x)\n"
    )
    assert treat({"a": source}) == {
        "a": HEAD
        + START
        + (
            '_lazy["email"] = ("email.utils",)\n'
            '_lazy["t"] = ("typing",)\n'
            '_lazy["dump"] = ("json", "dumps")\n'
            "\n"
            "\n"
            "def f(x: t.Any) -> str:\n"
            "    return _lazy.dump(x) + _lazy.email.utils.quote(x)\n"
        )
        + END
    }


@pytest.mark.parametrize(
    "needs",
    [
        "value = [dumps(1) for _ in range(2)]\nvalue = 3\n",
        "def f(x=dumps): ...\n",
        "@dumps\ndef f(x): ...\n",
        "dumps(1)\n",
        "class A:\n    x = 1\n    y = dumps(x)\n",
        "class A:\n    '''Text over\n    two lines.'''\n    x, y = dumps, 1\n",
        "def f():\n    global dumps\n",
        "for dumps in (): ...\n",
        "if dumps: ...\n",
    ],
)
def test_what_is_needed_at_import_stays(needs: str) -> None:
    assert treat({"a": HEAD + "from json import dumps\n" + needs}) == {}


@pytest.mark.parametrize(
    "hides",
    [
        "def f(dumps): return dumps\n",
        "def f():\n    import dumps\n    return dumps\n",
        "def f():\n    for dumps in (): dumps\n",
        "def f(): return [dumps for dumps in ()]\n",
        "def f():\n    def dumps(): ...\n    return lambda: dumps\n",
        "def f(x: dumps) -> dumps:\n    y: dumps\n",
        "f = lambda *dumps: dumps\n",
    ],
)
def test_local_names_and_annotations_are_left_alone(hides: str) -> None:
    treated = treat({"a": HEAD + "from json import dumps\n" + hides})
    assert treated == {"a": HEAD + START + '_lazy["dumps"] = ("json", "dumps")\n' + hides + END}


def test_what_depends_on_a_deferred_name_waits_too() -> None:
    source = HEAD + (
        "import re\n"
        "import typing as t\n"
        "from enum import Enum\n"
        "\n"
        "if t.TYPE_CHECKING:\n"
        "    from x import y\n"
        "\n"
        'K = t.TypeVar("K")\n'
        "word: t.Any = re.compile(\n"
        '    r"a"\n'
        ")\n"
        "\n"
        "\n"
        "class E(Enum):\n"
        '    """One line."""\n'
        "\n"
        "    A = 1\n"
        "\n"
        "\n"
        "class G(dict[K, K], t.Generic[K]):\n"
        "    kind = Enum\n"
        "    p = property(lambda self: E.A, doc=E.A)\n"
        "\n"
        "    @classmethod\n"
        "    @t.overload\n"
        "    def f(cls, x: int) -> int: ...\n"
        "    @classmethod\n"
        "    def f(cls, x):\n"
        '        return t.cast("t.Any", word.match(x))\n'
    )
    assert treat({"a": source})["a"] == HEAD + START + (
        '_lazy["re"] = ("re",)\n'
        '_lazy["t"] = ("typing",)\n'
        '_lazy["Enum"] = ("enum", "Enum")\n'
        "\n"
        "if False:\n"
        "    from x import y\n"
        "\n"
        '_lazy["K"] = lambda: _lazy.t.TypeVar("K")\n'
        '_lazy["word"] = lambda: _lazy.re.compile(\n'
        '    r"a"\n'
        ")\n"
        "\n"
        "if False:\n"
        "    class E(Enum):\n"
        '        """One line."""\n'
        "\n"
        "        A = 1\n"
        "\n"
        "\n"
        "class G(dict, _deferred.Subscriptable):\n"
        "    kind = _deferred.attribute(lambda: _lazy.Enum)\n"
        "    p = _deferred.data_attribute("
        "lambda: property(lambda self: _lazy.E.A, doc=_lazy.E.A))\n"
        "\n"
        "    if False:\n"
        "        @t.overload\n"
        "        def f(cls, x: int) -> int: ...\n"
        "    @classmethod\n"
        "    def f(cls, x):\n"
        "        return (_lazy.word.match(x))\n"
        "\n"
        "\n"
        "def _lazy_E():\n"
        "    global E\n"
        "\n"
        "    class E(_lazy.Enum):\n"
        '        """One line."""\n'
        "\n"
        "        A = 1\n"
        "\n"
        "\n" + END
    )


def test_names_wait_through_modules_that_are_imported_at_once() -> None:
    files = {
        "": "from .a import f as f\n",
        "a": HEAD + "from .b import pattern\nfrom . import c\n\ndef f(): return pattern, c\n",
        "b": HEAD + 'import re\npattern = re.compile("x")\n',
        "c": "",
        "untouched": "import re\n",
    }
    treated = treat(files, "tiny.a", "tiny.b")
    assert treated[""] == (
        'from tiny import _deferred; _lazy = _deferred.Lazy(globals(), "a b c"); '
        "from .a import f as f\n"
    )
    assert treated["a"] == HEAD + START + (
        '_lazy["pattern"] = ("tiny.b", "pattern")\n'
        '_lazy["c"] = ("tiny.c", "")\n'
        "\n"
        "def f(): return _lazy.pattern, _lazy.c\n" + END
    )
    assert sorted(treated) == ["", "a", "b"]


def test_a_module_without_postponed_annotations_is_left_alone() -> None:
    assert treat({"a": "import re\n\ndef f(x: re.Pattern): ...\n"}) == {}


def test_it_runs(tmp_path: Path) -> None:
    files = {
        "": "from .a import E as E\nfrom .a import f as f\n",
        "a": HEAD
        + (
            "import json\nfrom enum import Enum\n\n\n"
            "class E(Enum):\n    A = 1\n\n\n"
            "class C:\n    module = json\n\n\n"
            "def f():\n    return json.dumps(E.A.value)\n\n\n"
            "def __getattr__(name):\n    if name == 'old':\n        return 7\n"
            "    raise AttributeError(name)\n"
        ),
    }
    code = (
        "import sys, tiny\n"
        "print([m in sys.modules for m in ('tiny.a', 'json', 'enum')])\n"
        "from tiny import E\n"
        "print(tiny.f(), E.__qualname__, E.__module__, tiny.a.E is E, tiny.a.old)\n"
        "print([n for n in dir(tiny) if n[0] != '_'], dir(tiny.a)[-3:])\n"
        "print(tiny.a.C.__dict__['module'].__class__, tiny.a.C().module is sys.modules['json'])\n"
        "print(tiny.a.C.__dict__['module'].__class__)\n"
        "for name in 'missing', '__path__':\n"
        "    try: getattr(tiny.a, name)\n"
        "    except AttributeError as error: print(error)\n"
        "try: tiny.missing\n"
        "except AttributeError as error: print(error)\n"
        "try: from tiny import missing\n"
        "except ImportError as error: print(str(error).split(' (')[0])\n"
        "from tiny import *\n"
        "print(f())\n"
        "from importlib import reload\n"
        "print(reload(tiny.a).f())\n"
    )
    assert run(tmp_path, files, code) == (
        "[False, False, False]\n"
        "1 E tiny.a True 7\n"
        "['E', 'a', 'f'] ['annotations', 'f', 'json']\n"
        "<class 'tiny._deferred.attribute'> True\n"
        "<class 'module'>\n"
        "missing\n"
        "__path__\n"
        "module 'tiny' has no attribute 'missing'\n"
        "cannot import name 'missing' from 'tiny'\n"
        "1\n"
        "1\n"
    )


def test_an_unlisted_version_stays(tmp_path: Path) -> None:
    (tmp_path / "werkzeug").mkdir()
    assert apply_diet(tmp_path, "4.0.0") == DietReport("4.0.0", "this version is not listed")


def test_changed_files_stay(tmp_path: Path) -> None:
    (tmp_path / "werkzeug").mkdir()
    (tmp_path / "werkzeug" / "__init__.py").write_text("import re\n")
    report = apply_diet(tmp_path, "3.1.9")
    assert report == DietReport("3.1.9", "its files are not those of the release")
    assert report.label == ""
    assert [path.name for path in (tmp_path / "werkzeug").iterdir()] == ["__init__.py"]


def test_a_treated_folder_is_treated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "werkzeug"
    root.mkdir()
    (root / "__init__.py").write_text("import re\nfrom .http import f\n")
    (root / "http.py").write_text("import json; import ssl\n\ndef f(): return json, ssl\n")
    monkeypatch.setitem(HASHES, "0.1", source_hash(root))
    expected = DietReport("0.1")
    assert apply_diet(tmp_path, "0.1") == expected
    files = {path.name: path.read_bytes() for path in root.iterdir()}
    assert apply_diet(tmp_path, "0.1") == expected
    assert {path.name: path.read_bytes() for path in root.iterdir()} == files
    assert sorted(files) == ["__init__.py", "_deferred.py", "http.py"]
    assert files["__init__.py"].count(b'_lazy["re"] = ') == 1
    assert files["http.py"].count(b'_lazy["json"] = ') == 1
    assert expected.label == "werkzeug 0.1"
