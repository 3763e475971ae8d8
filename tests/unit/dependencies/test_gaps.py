"""What packages import without declaring it comes from the SDK's set, or is said by the build."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from packager.bundle.build import BuildOptions, Bundle, build_bundles
from packager.errors import IMPORT_FAILS, Diagnostic, InvalidInput, Place
from packager.model.options import Options
from packager.model.progress import Progress
from packager.plugin.functions import FunctionPlan
from tests.support.packages.installs import only_index
from tests.support.packages.wheels import make_wheel
from tests.support.plugins import make_group, make_plugin

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
SDK = ["requests==1.0", "packaging", "zope-interface"]
Build = Callable[..., Bundle]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of packages made here, and a cache of its own."""
    folder = only_index(tmp_path, monkeypatch)
    make_wheel(folder, "werkzeug", "3.1.0", files={"werkzeug/__init__.py": ""})
    make_wheel(folder, "dify-plugin", "0.1.0", requires=SDK)
    for version in ("1.0", "2.0"):
        make_wheel(folder, "requests", version, files={"requests/__init__.py": "import urllib3\n"})
    make_wheel(folder, "urllib3", "2.0")
    files = {"packaging/__init__.py": "", "packaging/version.py": ""}
    make_wheel(folder, "packaging", "24.0", files=files)
    make_wheel(folder, "zope-interface", "6.0", files={"zope/interface/__init__.py": ""})
    return folder


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build an endpoint with these imports, of a plugin that requires what `lines` say."""

    def run(
        imports: str,
        *lines: str,
        files: Mapping[str, str] | None = None,
        steps: list[str] | None = None,
        allow_failing: bool = False,
        python: str = THIS,
    ) -> Bundle:
        root = tmp_path / "plugin"
        written = {"endpoints/duck.py": imports, "requirements.txt": "\n".join(lines)}
        for name, text in (written | dict(files or {})).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        group = make_group("neko", "endpoints/duck.py", Place("p/x"))
        chosen = Options(runtime=f"python{python}", diet=False)
        plugin = make_plugin(root, {"neko": chosen}, group, display="p")
        [bundle] = build_bundles(
            [FunctionPlan(plugin, group, "NekoFunction", chosen, False)],
            tmp_path / "out",
            BuildOptions(bytecode=False, make_zip=False, allow_failing=allow_failing),
            Progress((steps if steps is not None else []).append),
        )
        return bundle

    return run


def versions(bundle: Bundle) -> dict[str, str]:
    """What is in a bundle beside werkzeug."""
    found = {package.name: package.version for package in bundle.packages}
    del found["werkzeug"]
    return found


def refusal(build: Build, imports: str, *lines: str) -> Diagnostic:
    with pytest.raises(InvalidInput) as caught:
        build(imports, *lines)
    [diagnostic] = caught.value.diagnostics
    return diagnostic


def test_what_the_sdk_brings_is_added_as_it_pins_it(build: Build, index: Path) -> None:
    files = {"leaning/__init__.py": "from .core import x\n", "leaning/core.py": "import requests\n"}
    make_wheel(index, "leaning", "1.0", files=files)
    steps: list[str] = []

    pinned = build("import leaning\n", "leaning", "dify_plugin==0.1.0", steps=steps)
    free = build("import leaning\n", "leaning")

    # That `requests` (of these tests) does not declare urllib3 is found in turn.
    assert versions(pinned) == {"leaning": "1.0", "requests": "1.0", "urllib3": "2.0"}
    assert versions(free) == {"leaning": "1.0", "requests": "2.0", "urllib3": "2.0"}
    assert (pinned.notes, free.notes) == ((), ())
    assert [step for step in steps if step.startswith("adding")] == [
        "adding requests: leaning 1.0 imports requests and does not declare it",
        "adding urllib3: requests 1.0 imports urllib3 and does not declare it",
    ]


@pytest.mark.parametrize(
    "imports",
    [
        "import leaning.deep.inner\n",
        "from leaning.deep import inner\n",
        "from leaning import deep\n",
        "from.helper import x\n",
        "def later():\n    import leaning.deep\n",  # where it is called, it works in Dify, too
        "try:\n    import leaning.deep\nexcept ImportError:\n    pass\n",
        "import importlib\nimportlib.import_module('leaning.deep')\n",
    ],
)
def test_submodules_are_followed(build: Build, index: Path, imports: str) -> None:
    files = {
        "leaning/__init__.py": "",
        "leaning/deep/__init__.py": "from . import (  # )\n    inner,\n)\n",
        "leaning/deep/inner.py": "from.last import x\n",
        "leaning/deep/last.py": "x = 1; import packaging.version\n",
        "leaning/other.py": "import gevent\n",  # nobody imports it
    }
    make_wheel(index, "leaning", "1.0", files=files)
    helper = {"endpoints/helper.py": "import leaning.deep\n"}

    got = versions(build(imports, "leaning", files=helper if "helper" in imports else {}))

    assert got == {"leaning": "1.0", "packaging": "24.0"}


@pytest.mark.parametrize(
    "statements",
    [
        "class C:\n    class D:\n        import packaging\n",
        "import os; from packaging \\\n    import version\n",
        "import os, \\\n    packaging as p\n",
        "'''text'''\r\nimport packaging\r\n",
        "import zope.interface, packaging\n",
        "\ufeffimport packaging\n",
        "x = '''a'b'''; import packaging\n",
        "if True: pass\nelse: pass\nimport\tpackaging  # ;\n",
    ],
)
def test_imports_in_every_form(build: Build, index: Path, statements: str) -> None:
    make_wheel(index, "leaning", "1.0", files={"leaning.py": statements})

    got = versions(build("import leaning\n", "leaning"))

    assert got.pop("zope-interface", None) == ("6.0" if "zope" in statements else None)
    assert got == {"leaning": "1.0", "packaging": "24.0"}


HARMLESS = {
    "caught": "try:\n    import {0}\nexcept ImportError:\n    {0} = None\n",
    "group": "try:\n    import {0}\nexcept* ImportError:\n    pass\n",
    "function": "def f():\n    import {0}\n",
    "method": "class C:\n    def f(self):\n        import {0}\n",
    "if": "import os\nif os.environ.get('X'):\n    import {0}\n",
    "types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {0}\n",
    "docstring": '"""\nimport {0}\nfrom {0} import x\n"""\n',
    "text": "x = '''\nimport {0}\n'''\nclass C:\n    '''\n    import {0}\n    '''\n",
    "suppressed": "import contextlib\nwith contextlib.suppress(ImportError):\n    import {0}\n",
    "broken": "import {0}\nprint 'python 2'\n",
}


@pytest.mark.parametrize("form", HARMLESS)
def test_what_need_not_run_causes_nothing(build: Build, index: Path, form: str) -> None:
    statements = "".join(HARMLESS[form].format(name) for name in ("requests", "attr"))
    files = {"leaning/__init__.py": "from . import a\n", "leaning/a.py": statements}
    make_wheel(index, "leaning", "1.0", files=files)

    bundle = build("import leaning\n", "leaning")

    assert (versions(bundle), bundle.notes) == ({"leaning": "1.0"}, ())


THERE: dict[str, dict[str, str]] = {
    "a name of the package's own hides its submodule": {
        "leaning/__init__.py": "def a(): pass\n",
        "leaning/b.py": "from leaning import a\n",
        "leaning/a.py": "import attr\n",
    },
    "loaded when it is used": {
        "leaning/__init__.py": "def __getattr__(name): ...\n",
        "leaning/b.py": "from leaning import a\n",
        "leaning/a.py": "import attr\n",
    },
    "compiled modules stand before their sources": {
        "leaning/__init__.py": "",
        "leaning/b.py": "from . import a\nimport leaning.a.made_up\n",
        "leaning/a.py": "import attr\n",
        "leaning/a.abi3.so": "",
    },
    "compiled packages": {
        "leaning/__init__.cpython-313-x86_64-linux-gnu.so": "",
        "leaning/b.py": "import leaning.x\nfrom leaning import y\n",
    },
    "namespace packages": {
        "leaning/b.py": "import space.one, space.two\nfrom space import one\n",
        "space/one.py": "",
        "space/two/x.py": "",
    },
    "put on the path": {
        "leaning/b.py": "import sys\nsys.path.append('_vendor')\nimport attr\n",
        "leaning/_vendor/attr/__init__.py": "",
    },
    "modules that make submodules up, and Lambda's own": {
        "leaning/b.py": "import single.made.up, six.moves, boto3.session\n",
        "single.py": "",
    },
    "the library's and the runtime's": {
        "leaning/b.py": "import json.tool, xml.etree, _socket, __main__, dify_plugin.x\n"
    },
    "relative imports of nothing": {
        "leaning/__init__.py": "",
        "leaning/b.py": "from .... import a\nfrom . import nothing\n",
    },
    "the plugin's own": {"leaning/b.py": "import mine.x\n"},
}


@pytest.mark.parametrize("case", THERE)
def test_what_is_there_is_not_misjudged(build: Build, index: Path, case: str) -> None:
    make_wheel(index, "leaning", "1.0", files=THERE[case])

    bundle = build("import leaning.b\n", "leaning", files={"mine/__init__.py": ""})

    assert (versions(bundle), bundle.notes) == ({"leaning": "1.0"}, ())


def test_parts_of_namespace_packages_are_missing_alone(build: Build, index: Path) -> None:
    files = {"leaning.py": "from zope import interface\nimport zope.gone\n", "zope/x.py": ""}
    make_wheel(index, "leaning", "1.0", files=files)

    bundle = build("import leaning\n", "leaning", allow_failing=True)

    assert versions(bundle) == {"leaning": "1.0", "zope-interface": "6.0"}
    [note] = bundle.notes
    assert "which imports zope.gone in line 2" in note.message


def test_other_gaps_are_said_and_refused(build: Build, index: Path) -> None:
    files = {
        "leaning/__init__.py": "\nfrom . import core\n",
        "leaning/core.py": "import json\nimport attr.x\n",
    }
    make_wheel(index, "leaning", "1.0", files=files)
    make_wheel(index, "front", "3.0", requires=["leaning"], files={"front.py": "import leaning\n"})

    diagnostic = refusal(build, "import json\nimport front\n", "front")

    hint = "add what it is from to the plugin's requirements"
    assert diagnostic == Diagnostic(
        "import-fails",
        "this import runs leaning 1.0's leaning/core.py, which imports attr in line 2: neither "
        "the bundle nor the standard library has it",
        Place("p/endpoints/duck.py", 2, 8),
        hint=f"{hint}; --allow-failing builds all the same",
    )
    [note] = build("import json\nimport front\n", "front", allow_failing=True).notes
    assert note == replace(diagnostic, hint=hint, level="warning")


UNSURE = {
    "another's module of that name": (
        "import leaning.own.a\n",
        {
            "leaning/own/__init__.py": "import sys\nsys.path.append('_vendor')\n",
            "leaning/own/a.py": "import attr\n",
            "leaning/other/attr.py": "",
        },
    ),
    "later": ("def later():\n    import leaning\n", {"leaning.py": "import attr\n"}),
    "made up": (
        "import leaning\n",
        {"leaning.py": "import sys\nsys.modules['attr'] = sys\nimport attr\n"},
    ),
    "a finder": (
        "import leaning\n",
        {
            "leaning.py": "import early\nimport attr\n",
            "early.py": "import sys\nsys.meta_path.insert(0, 1)\n",
        },
    ),
}


@pytest.mark.parametrize("case", UNSURE)
def test_gaps_that_may_not_fail_the_endpoint_are_warnings(
    build: Build, index: Path, case: str
) -> None:
    imports, files = UNSURE[case]
    make_wheel(index, "leaning", "1.0", files=files)

    [note] = build(imports, "leaning").notes

    assert (note.level, note.code, " imports attr " in note.message) == (
        "warning",
        "import-may-fail",
        True,
    )


def test_a_gap_that_the_plugin_catches_is_its_own_affair(build: Build, index: Path) -> None:
    make_wheel(index, "leaning", "1.0", files={"leaning.py": "import attr\n"})
    caught = "try:\n    import leaning\nexcept ImportError:\n    leaning = None\n"

    assert build(caught, "leaning").notes == ()


def test_setuptools_comes_as_a_listing_has_it(build: Build, index: Path) -> None:
    make_wheel(index, "leaning", "1.0", files={"leaning.py": "import pkg_resources\n"})
    both = {"pkg_resources/__init__.py": "", "setuptools/__init__.py": ""}
    make_wheel(index, "setuptools", "75.0", files=both)
    make_wheel(index, "setuptools", "90.0", files={"setuptools/__init__.py": ""})
    for name in ("greenlet", "zope-event"):
        make_wheel(index, name, "1.0")
    freeze = ["greenlet==1.0", "zope-event==1.0", "zope-interface==6.0", "setuptools==75.0"]

    # A whole environment's listing: what is there for the SDK alone is left out.
    listed = build("import leaning\n", "leaning", "dify_plugin==0.1.0", *freeze)
    diagnostic = refusal(build, "import leaning\n", "leaning")

    assert versions(listed) == {"leaning": "1.0", "setuptools": "75.0"}
    assert (diagnostic.hint or "").startswith(
        "setuptools had it up to version 81: add `setuptools<82`"
    )


def test_modules_that_newer_pythons_lack(build: Build, index: Path) -> None:
    make_wheel(index, "leaning", "1.0", files={"leaning.py": "import cgi\n"})
    imports = "import leaning, cgi\n"

    # Without bytecode any Python may read them: what the target's library has is what counts.
    assert build(imports, "leaning", python="3.12").notes == ()
    notes = build(imports, "leaning", python="3.13", allow_failing=True).notes
    hint = "Python 3.13 does not have it any more: choose an older runtime"
    assert [(note.hint, note.code) for note in notes] == [(hint, IMPORT_FAILS)] * 2


def test_what_was_found_is_kept(build: Build, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "leaning", "1.0", files={"leaning.py": "import packaging\n"})
    build("import leaning\n", "leaning")
    monkeypatch.setattr("packager.dependencies.gaps.ask_script", None)

    again = build("import leaning\n", "leaning")

    assert versions(again) == {"leaning": "1.0", "packaging": "24.0"}
    with pytest.raises(TypeError):  # another import is another question
        build("import leaning.x\n", "leaning")


def test_nothing_is_read_where_nothing_is_installed(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.dependencies.gaps.ask_script", None)
    assert versions(build("import werkzeug\n")) == {}
