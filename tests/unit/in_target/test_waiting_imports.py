"""Imports that wait until what they bind is used: which do, and that nothing else is different."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import linecache
import marshal
import pickle
import sys
import threading
import traceback
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from packager._in_target.waiting.imports import with_waiting_imports
from packager._in_target.waiting.names import waiting_names
from packager._in_target.waiting.plugin_facts import PluginFacts
from packager._in_target.waiting.rules import Rules
from packager._in_target.waiting.text import Text
from packager.dependencies.diet.waiting import EAGER, MODULES

Load = Callable[..., ModuleType]
LISTED = frozenset({*sys.stdlib_module_names, *MODULES, "waited", "missing_module"}) - {*EAGER}

OLD = sys.version_info < (3, 14)  # who evaluates a mere name asks the module's builtins


def rules(source: str) -> Rules:
    facts = PluginFacts()
    facts.read(ast.parse(source))
    return Rules(
        LISTED,
        frozenset(EAGER),
        values=frozenset(facts.values),
        plain_classes=facts.plain_classes(),
        annotations_read=facts.reads_annotations,
    )


def waiting(source: str) -> set[str]:
    found = waiting_names(ast.parse(source), Text(source.encode()), rules(source))
    return found.names if found else set()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import json\ndef f(): return json.dumps(1)", {"json"}),
        ("import json as j, os\ndef f(): return j, os.sep", {"j"}),
        ("from waited.a import b as c, d\ndef f(): return c\nx = d", {"c"}),
        ("import json", {"json"}),
        ("import xml.sax, xml.dom\ndef f(): return xml.sax", {"xml"}),
        ("import xml.sax", set()),  # may be there for who says `import xml`
        ("import xml.sax as s\ndef f(): return s", {"s"}),
        ("import logging\nlog = logging.getLogger(__name__)\ndef f(): log.info(1)", set()),
        ("import logging\nlog = logging.getLogger(__name__)\nlog.setLevel(1)", set()),
        ("import re\nX = re.compile('a', re.I | re.M)\ndef f(): return X.match('')", {"re", "X"}),
        ("import re\nX = re.compile(open('x').read())\ndef f(): return X", set()),
        (
            "from typing import Dict, Any\nJ = Dict[str, Any]\ndef f(x: J): ...",
            {"Dict", "Any", "J"},
        ),
        # What is used while the module is imported.
        ("import json\nX = json.dumps(1)", set()),
        ("import json\ndef f(x=json.dumps): ...", set()),
        ("import functools\n@functools.cache\ndef f(): ...", set()),
        ("import enum\nclass A(enum.Enum): B = 1", set()),
        ("from typing import Any\nclass A:\n    x: Any", set()),
        ("from typing import Any\nclass A:\n    x: 'Any'", set()),
        ("import json\n[json for _ in ()]", set()),
        # What is not an import at the top, of a listed module.
        ("try:\n    import json\nexcept ImportError: pass\ndef f(): return json", set()),
        ("if 1:\n    import json\ndef f(): return json", set()),
        ("with x:\n    import json\ndef f(): return json", set()),
        ("from .json import a\ndef f(): return a", set()),
        ("import unlisted\ndef f(): return unlisted", set()),
        ("import os.path, collections.abc\ndef f(): return os, collections", set()),
        ("import antigravity\ndef f(): return antigravity", set()),
        # Names that are bound elsewhere as well, or meant for others.
        ("import json\njson = None\ndef f(): return json", set()),
        ("import json\nif x: import json\ndef f(): return json", set()),
        ("import json\ndef f():\n    global json\n    json = 1", set()),
        ("import json\ndel json", set()),
        ("import json\ndef f(): return [json := 1]", set()),
        ("import json\ndef f(x):\n    match x:\n        case json: pass", set()),
        ("import json\nclass A:\n    json = 1", set()),
        ("import json\n__all__ = ['json']", set()),
        # Modules that look at themselves.
        ("from x import *\nimport json\ndef f(): return json", set()),
        ("import json\ndef f(): return globals()", set()),
        ("import json, sys\ndef f(): return sys.modules[__name__]", set()),
        ("import json\ndef __getattr__(n): return json", set()),
        ("import json\n__getattr__ = hook(__name__)\ndef f(): return json", set()),
        # Annotations: of functions that nobody but callers gets.
        ("from typing import Any\ndef f(x: Any) -> 'Any | None': ...", {"Any"}),
        ("from typing import Any\ndef f(x: Any) -> 'Any': ...", {"Any"} if OLD else set()),
        ("from typing import Any\ndef f(x: Any): ...\ny = [f]", set()),
        ("from typing import Any\ndef f(x: Any): ...\nregister(f)", set()),
        ("from typing import Any\n@tool\ndef f(x: Any): ...", set()),
        ("from typing import Any\nclass A:\n    @staticmethod\n    def f(x: Any): ...", {"Any"}),
        ("from typing import Any\nimport inspect\ndef f(x: Any): inspect.signature", {"inspect"}),
        (
            "from __future__ import annotations\nfrom typing import Any\ndef f(x: Any): ...",
            {"Any"} if sys.version_info < (3, 14) else set(),
        ),
        ("import typing as t\nif t.TYPE_CHECKING:\n    import a\ndef f(): return t.cast", {"t"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", {"TYPE_CHECKING"}),
    ],
)
def test_what_waits(source: str, names: set[str]) -> None:
    if "log.info" in source:
        names = {"logging", "log"}
    assert waiting(source) == names


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a source as a bundle's bytecode has it, under any name; `waited` is a module to wait
    for, whose import is noted in `sys.waited`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = {*sys.modules}
    noting = "import sys\nsys.waited.append(__name__)\ndef f(): return 'f'\nvalue = 3\n"
    (tmp_path / "waited.py").write_text(noting)
    monkeypatch.setattr(sys, "waited", [], raising=False)

    def make(source: str, name: str = "treated") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        tree = with_waiting_imports(source.encode(), rules(source))
        assert tree is not None
        code = compile(tree, str(path), "exec", dont_inherit=True)
        cache = Path(importlib.util.cache_from_source(str(path)))
        cache.parent.mkdir(exist_ok=True)
        head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
        cache.write_bytes(head + marshal.dumps(code))
        importlib.invalidate_caches()
        linecache.clearcache()
        return importlib.import_module(name)

    yield make
    for name in {*sys.modules} - before:
        if name.startswith(("treated", "waited", "other", "missing")):
            del sys.modules[name]


SOURCE = '''\
"""What it is."""
from __future__ import annotations

import waited
from waited import value as number, f


class Thing:
    def value(self):
        return number

    def called(self):
        return waited.f()


def whole():
    return f(), number, [number for _ in range(2)], (lambda number: number)(1)
'''


def waited() -> list[str]:
    found: list[str] = vars(sys)["waited"]
    return found


def test_an_import_is_carried_out_when_its_name_is_used(load: Load) -> None:
    module = load(SOURCE)

    assert (waited(), "waited" in sys.modules) == ([], False)
    assert module.whole() == ("f", 3, [3, 3], 1)
    assert waited() == ["waited"]
    assert module.Thing().called() == "f"
    assert vars(module)["number"] == 3
    assert module.__doc__ == "What it is."


def test_it_is_an_attribute_from_outside(load: Load) -> None:
    module = load(SOURCE)

    assert {"waited", "number", "f", "Thing"} <= {*dir(module)}
    assert not [name for name in dir(module) if "waiting" in name or name == "__getattr__"]
    assert waited() == []
    with pytest.raises(AttributeError, match="module 'treated' has no attribute 'nothing'"):
        _ = module.nothing
    assert module.number == 3
    assert dict(inspect.getmembers(module))["f"]() == "f"
    others: dict[str, Any] = {}
    exec("from treated import *\nfrom treated import f as g", others)
    assert (others["number"], others["g"]()) == (3, "f")


def test_star_imports_get_what_waits(load: Load) -> None:
    load(SOURCE)
    others: dict[str, Any] = {}

    exec("from treated import *", others)

    assert (others["number"], others["f"]()) == (3, "f")


def test_a_failing_import_shows_its_place_and_that_of_its_use(load: Load) -> None:
    module = load("import waited.nothing as gone\n\n\ndef use():\n    return gone.x\n")

    for _ in range(2):  # it is tried again
        with pytest.raises(ModuleNotFoundError, match="No module named") as failed:
            module.use()
        frames = traceback.extract_tb(failed.value.__traceback__)
        places = [(each.lineno, each.line) for each in frames if each.filename.endswith("ted.py")]
        assert places == [(5, "return gone.x"), (1, "import waited.nothing as gone")]


def test_sources_and_lines_are_what_their_author_wrote(load: Load) -> None:
    module = load(SOURCE + "\n\ndef fails():\n    return 1 + number.no(f)\n")

    assert inspect.getsource(module.Thing) in SOURCE
    assert inspect.getsource(module.whole) in SOURCE
    with pytest.raises(AttributeError) as failed:
        module.fails()
    (frame,) = traceback.extract_tb(failed.value.__traceback__)[1:]
    assert (frame.line, frame.colno, frame.end_colno) == ("return 1 + number.no(f)", 15, 24)


def test_patches_hold_and_are_taken_back(load: Load) -> None:
    module = load(SOURCE)

    with mock.patch("treated.number", 7), mock.patch.object(module.waited, "f", lambda: "g"):
        assert (module.Thing().value(), module.Thing().called()) == (7, "g")
    assert (module.Thing().value(), module.Thing().called()) == (3, "f")
    with mock.patch.dict(vars(module), {"number": 8}):
        assert module.Thing().value() == 8
    assert module.Thing().value() == 3
    vars(module)["number"] = 9
    assert module.Thing().value() == 9


def test_pickles_copies_and_a_reload(load: Load) -> None:
    module = load(SOURCE)
    thing = pickle.loads(pickle.dumps(module.Thing()))
    assert isinstance(thing, module.Thing)
    assert thing.value() == 3
    del sys.modules["waited"]
    Path(module.__file__ or "").with_name("waited.py").write_text("value, f = 4, None\n")
    importlib.invalidate_caches()

    assert importlib.reload(module) is module

    assert module.Thing().value() == 4


def test_threads_that_use_a_name_at_once_get_the_same(load: Load) -> None:
    module = load("import waited\nvalue = None\n\ndef use():\n    return waited\n")
    Path(module.__file__ or "").with_name("waited.py").write_text(
        "import sys, time\ntime.sleep(0.05)\nsys.waited.append(__name__)\n"
    )
    importlib.invalidate_caches()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(module.use())) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [sys.modules["waited"]] * 8
    assert waited() == ["waited"]


def test_a_logger_and_a_pattern_wait_with_their_modules(load: Load) -> None:
    module = load(
        "import logging\nimport re\nlogger = logging.getLogger(__name__)\n"
        "WORD = re.compile(r'\\w+')\n\ndef use():\n    return logger.name, WORD.match('a b')[0]\n"
    )

    assert not {"logging", "logger", "re", "WORD"} & {*vars(module)}
    assert module.use() == ("treated", "a")


def test_all_of_it_is_imported_where_no_request_waits(load: Load) -> None:
    from endpoint_runtime.waiting import settle

    module = load(SOURCE)
    load("import missing_module as m\ndef f(): return m\n", "other")
    load("import waited as w\ndef f(): return w\n", "other_two")

    with mock.patch.dict(sys.modules, {"missing_module": None}):
        settle()  # what fails is left to its use

    assert {"waited", "number", "f"} <= {*vars(module)}
    assert "w" in vars(sys.modules["other_two"])


def test_annotations_are_what_they_were_to_who_may_ask(load: Load) -> None:
    module = load(
        "import waited\nfrom typing import Any, List, Optional\n"
        "def f(x: List[int], y: int = 1): return waited\n"
        "def passed(x: Any) -> None: ...\n"
        "KEPT = [passed]\n"
        "class A:\n    def g(self, x: Optional[int]): ...\n"
    )

    assert module.f.__annotations__["y"] is int
    assert module.passed.__annotations__ == {"x": Any, "return": None}
    assert module.A().g(None) is None
    expected = typing.List[int] if sys.version_info >= (3, 14) else "List[int]"  # noqa: UP006
    assert module.f.__annotations__["x"] == expected
