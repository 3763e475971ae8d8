"""An endpoint without `_invoke` can't be made, in the SDK either: that is said before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packager.analysis.endpoint_classes import endpoint_classes
from packager.analysis.facts import analyse_sources
from packager.errors import Diagnostics
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import write_plugin

ABSTRACT = {
    "invoke is overridden": "class A(Endpoint):\n    def invoke(self, r, v, s): ...\n",
    "nothing is": "class A(Endpoint): pass\n",
    "a base has nothing, either": "import base\nclass A(base.Nothing): ...\n",
}
SOUND = {
    "a method": "class A(Endpoint):\n    def _invoke(self, r, v, s): ...\n",
    "a name": "class A(Endpoint):\n    _invoke = make()\n",
    "in a branch": "class A(Endpoint):\n    if X:\n        async def _invoke(self): ...\n",
    "by a mixin": "from base import Mixin\nclass A(Mixin, Endpoint): ...\n",
    "by a base": "import base\nclass A(base.Whole): ...\n",
    "by a library's": "import library\nclass A(library.Base, Endpoint): ...\n",
    "out of sight": "class A(Endpoint):\n    exec('def _invoke(self): ...')\n",
}
BASE = """\
from dify_plugin import Endpoint
class Nothing(Endpoint): ...
class Mixin:
    def _invoke(self, r, v, s): ...
class Whole(Mixin, Endpoint): ...
"""


@pytest.mark.parametrize("name", [*ABSTRACT, *SOUND])
def test_an_endpoint_without_invoke(tmp_path: Path, name: str) -> None:
    (tmp_path / "base.py").write_text(BASE)
    source = "from dify_plugin import Endpoint\n" + {**ABSTRACT, **SOUND}[name]
    (tmp_path / "x.py").write_text(source)
    facts = analyse_sources(tmp_path, ["x.py", "base.py"], Path(sys.executable))

    found = endpoint_classes(facts, "x.py")

    assert [each.name for each in found.abstract] == (["A"] if name in ABSTRACT else [])


def test_a_warning_names_the_class(tmp_path: Path) -> None:
    source = "from dify_plugin import Endpoint\n\nclass A(Endpoint):\n    def invoke(self): ...\n"
    diagnostics = Diagnostics()
    load_plugin(write_plugin(tmp_path, {"endpoints/duck.py": source}), diagnostics, display="p")

    (said,) = diagnostics.warnings
    assert str(said) == (
        "p/endpoints/duck.py:3: A has no _invoke: it can't be made, and every request is answered "
        "with 500"
    )


COROUTINES = {
    "its own": "class A(Endpoint):\n    async def _invoke(self, r, v, s): ...\n",
    "a base's": "import base\nclass A(base.Later): ...\n",
}
AWAITED = {
    "invoke awaits it": "class A(Endpoint):\n    async def _invoke(self, r, v, s): ...\n"
    "    def invoke(self, r, v, s): ...\n",
    "decorated": "class A(Endpoint):\n    @run\n    async def _invoke(self, r, v, s): ...\n",
    "in a branch": "class A(Endpoint):\n    if X:\n        async def _invoke(self): ...\n",
    "a name": "class A(Endpoint):\n    async def _invoke(self): ...\n    _invoke = run(_invoke)\n",
    "defined again": "import base\nclass A(base.Later):\n    def _invoke(self, r, v, s): ...\n",
    "by a mixin": "import base\nclass A(base.Mixin, base.Later): ...\n",
}


@pytest.mark.parametrize("name", [*COROUTINES, *AWAITED])
def test_an_invoke_that_nothing_awaits(tmp_path: Path, name: str) -> None:
    later = "class Later(Endpoint):\n    async def _invoke(self, r, v, s): ...\n"
    (tmp_path / "base.py").write_text(BASE + later)
    source = "from dify_plugin import Endpoint\n" + {**COROUTINES, **AWAITED}[name]
    (tmp_path / "x.py").write_text(source)
    facts = analyse_sources(tmp_path, ["x.py", "base.py"], Path(sys.executable))

    found = endpoint_classes(facts, "x.py")

    assert [each.name for each in found.coroutines] == (["A"] if name in COROUTINES else [])
