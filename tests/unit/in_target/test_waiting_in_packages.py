"""Imports that wait in a package's modules, whose own tests tell: more may wait than a plugin's."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import marshal
import pickle
import sys
import threading
import typing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from packager._in_target.compile import submodules
from packager._in_target.waiting.imports import with_waiting_imports
from packager._in_target.waiting.left_out import leave_out
from packager._in_target.waiting.names import waiting_names
from packager._in_target.waiting.rules import Found, Rules
from packager._in_target.waiting.text import Text
from packager.dependencies.diet.waiting import EAGER

RULES = Rules(
    frozenset({*sys.stdlib_module_names, "parcel"}) - {*EAGER},
    frozenset(EAGER),
    annotations_read=True,
    relative=True,
    package=True,
    types=True,
)
NOW = "from __future__ import annotations\n"
OLD = sys.version_info < (3, 14)  # annotations are evaluated with their function


def names_in(source: str | bytes, rules: Rules) -> Found | None:
    text = source if isinstance(source, bytes) else source.encode()
    return waiting_names(ast.parse(text), Text(text), rules)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import json\n__all__ = ['json']", {"json"}),
        ("from .a import b\n", {"b"}),
        ("from .a import b, __doc__, __version__\n", {"b"}),
        ("from .a import *\nimport json\ndef f(): return json", {"json"}),
        # In a branch whose imports nothing would catch.
        ("if x:\n    import json\ndef f(): return json", {"json"}),
        (
            "try:\n    import a\nexcept ImportError:\n    import json\ndef f(): return json",
            {"json"},
        ),
        ("try:\n    import json\nexcept ImportError:\n    json = None\ndef f(): json", set()),
        ("try:\n    import json\nfinally:\n    pass\ndef f(): json", set()),
        ("if x:\n    import json\nelse:\n    json = None\ndef f(): json", set()),
        ("try:\n    x\nexcept E:\n    try:\n        import json\n    except E: pass", set()),
        # Annotations: text does not need what it names.
        (NOW + "import json\ndef f(x: json.X): ...", {"json"}),
        (NOW + "import json\nclass A:\n    x: json.X", set()),
        (NOW + "import json\n@register\ndef f(x: json.X): ...", set()),
        (NOW + "import json\nX: json.X = 1", {"json"} if OLD else set()),
        ("import json\nX: json.X = 1", set()),
        (NOW + "import json\nclass A:\n    @x.setter\n    def x(self, y: json.X): ...", {"json"}),
        ("import json\ndef f(x: json.X): ...", set()),
        # Names of classes' own are not the module's.
        ("import json\nclass A:\n    def json(self): return json", {"json"}),
        ("import json\nclass A:\n    json = json.loads", set()),
        ("import json\ndef f():\n    class A:\n        json = 1\n        x = json", set()),
        # Values.
        ("from typing import TypeVar, Any\nT = TypeVar('T', bound=Any)", {"TypeVar", "Any", "T"}),
        ("import typing as t\nT = t.TypeVar('T')", {"t", "T"}),
        ("import typing as t\nT = t.NamedTuple('T', [])", set()),
        (
            "from typing import Union\nX = Union[list[int], bytearray | None]",
            {"Union", "X"},
        ),
        ("from typing import Type\nclass A: ...\nB = Type[A]", {"Type", "B"}),
        ("from typing import Type\nclass A: ...\nB = Type[A]\nA = 1", set()),
        ("import re\nA = 'a'\nB = re.compile(rf'{A}b' + A)\ndef f(): return B", {"re", "B"}),
        ("import re\nA = 'a'\nA += 'b'\nB = re.compile(A)\ndef f(): return B", set()),
        # Classes that say what types are.
        (
            "from typing import TypedDict\nclass A(TypedDict, total=False):\n    'A.'\n    x: int\n"
            "class B(A): ...",
            {"TypedDict", "A", "B"},
        ),
        (
            "import typing\nclass A(typing.Protocol):\n    def f(self, x: int = 1): ...",
            {"typing", "A"},
        ),
        ("from typing import TypedDict\nclass A(TypedDict):\n    x: int = f()", set()),
        ("from typing import TypedDict\nclass A(TypedDict):\n    print()", set()),
        ("from typing import TypedDict\n@f\nclass A(TypedDict): ...", set()),
        ("from typing import TypedDict\nclass A(TypedDict, total=f()): ...", set()),
        ("from typing import TypedDict\nclass A(TypedDict): ...\nclass A: ...", set()),
        ("from typing import TypedDict\nclass A(TypedDict): ...\nA.x = 1", set()),
        ("from typing import Protocol\nclass A(B, Protocol): ...", set()),
        ("from typing import TypedDict\nclass A(TypedDict):\n    B: int\nB = 1", set()),
        ("from enum import Enum\nclass A(Enum):\n    x = 1", set()),
        # What looks at the module's own namespace, and what does not.
        ("import json, sys\ndef f(): return json, sys.modules['a'], 'a' in sys.modules", {"json"}),
        ("import json, sys\ndef f(): return sys.modules.get(__name__)", set()),
        ("import json, sys\nX = sys.modules\ndef f(): json", set()),
        ("import json, sys\ndef f(): return g(sys.modules[__name__]), json", {"json"}),
        ("import json, sys\ndef f(): return vars(sys.modules[__name__]), json", set()),
        ("import json, sys\ndef f(x): return getattr(sys.modules[__name__], x), json", set()),
        ("import json, sys\ndef f(): return sys.modules[__name__].__dict__, json", set()),
        ("import json\ndef f(x): return vars(x), x.__dict__, locals(), eval('json')", {"json"}),
        ("import json\nX = vars()\ndef f(): return json", set()),
        ("import json\ndef f(): return globals(), json", set()),
    ],
)
def test_what_waits(source: str, names: set[str]) -> None:
    found = names_in(source, RULES)

    assert (found.names if found else set()) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (b"import json\ndef f():\n    return json", {"json"}),  # where the text ends
        (b"import json\rdef f():\r    return json\r", {"json"}),
        (b"import json as e\ndef f(x):\n    return x.ee, e_, e\n", {"e"}),
        ("import json\ndef f():\n    return \uff4ason\n".encode(), {"json"}),
        (b"# coding: utf-7\nimport json\ndef f():\n    return +AGo-son\n", {"json"}),
        (b"# coding: latin-1\nimport json\ndef f(\xe9):\n    return json\n", {"json"}),
        (b"import json\ndef f():\n    return(json:=1)\n", None),
        (b"import json\nx = json.y, (\n    1)\n", None),
    ],
)
def test_uses_are_found_however_a_source_is_written(source: bytes, names: set[str] | None) -> None:
    found = names_in(source, RULES)

    assert (found and ({use.id for use in found.uses}, found.names)) == (names and (names, names))


@pytest.mark.parametrize("text", ["json.X", "'json.X'", "'js' 'on.X'", "'\\x6ason.X'"])
def test_text_in_a_function_names_what_waits(text: str) -> None:
    source = f"import json\ndef f():\n    def g(x: {text}): ...\n    return g\n"

    found = names_in(NOW + source, RULES)

    assert found
    assert found.hinted


def test_annotations_become_text_where_the_table_says_so() -> None:
    source = "import json\ndef f(x: json.X): ...\nclass A:\n    def g(self, y: json.X): ..."

    found = names_in(source, RULES.changed(texts=True))

    assert found
    assert (found.names, len(found.texts)) == ({"json"}, 2 if OLD else 0)


@pytest.mark.parametrize(
    "source",
    [
        NOW + "import json\nX: json.X = 1",
        "from typing import TypedDict\nclass A(TypedDict): ...",
        "import json, sys\ndef f(): return g(sys.modules[__name__]), json",
    ],
)
def test_what_only_says_types_does_not_wait_where_the_table_is_silent(source: str) -> None:
    assert names_in(source, RULES.changed(types=False)) is None


@pytest.mark.parametrize("types", [True, False])
def test_annotations_that_ask_other_modules_become_text(types: bool) -> None:
    source = "import json\nfrom . import other\ndef f(x: other.X = other.y): return json"

    found = names_in(source, RULES.changed(texts=True, types=types))

    assert found
    texts = [text for _, text in found.texts]
    assert (found.names, texts) == ({"json"}, ["other.X"] if OLD and types else [])


def test_a_class_own_names_are_not_made_text() -> None:
    source = "import json\nclass A:\n    json = 1\n    def g(self, y: json): ..."

    assert names_in(source, RULES.changed(texts=True)) is None or not OLD


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("if sys.version_info >= (3, 11):\n    a\nelse:\n    b", "a"),
        ("if sys.version_info < (3, 11):\n    a", "pass"),
        ("if sys.version_info < (3,):\n    a\nelif sys.version_info > (3, 9):\n    b", "b"),
        # The patch release is not known here.
        ("if sys.version_info >= (3, 11, 4):\n    a", None),
        ("if sys.version_info[0] == 3:\n    a", None),
        ("if x >= (3, 11):\n    a", None),
        ("@overload\ndef f(): ...\n\ndef f():\n    pass", None),
        (
            "from typing import overload\n\n@overload\ndef f(): ...\n\ndef f():\n    pass",
            "from typing import overload\n\ndef f():\n    pass",
        ),
        (
            "import typing as t\n\nclass A:\n\n    @t.overload\n    def f(): ...\n\n"
            "    def f():\n        pass",
            "import typing as t\n\nclass A:\n\n    def f():\n        pass",
        ),
        ("from typing import overload\n\n@overload\ndef f():\n    ...", None),  # a stub alone
    ],
)
def test_what_never_runs_is_left_out(source: str, left: str | None) -> None:
    tree = ast.parse(source)

    leave_out(tree, source.encode())

    assert ast.unparse(tree) == (ast.unparse(ast.parse(source)) if left is None else left)


Load = Callable[[Mapping[str, str]], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import `parcel`, a package of these modules, as a bundle's bytecode has it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(files: Mapping[str, str]) -> ModuleType:
        (tmp_path / "parcel").mkdir()
        for name, source in files.items():
            (tmp_path / "parcel" / f"{name}.py").write_text(source)
        for path in (tmp_path / "parcel").glob("*.py"):
            text = path.read_bytes()
            rules = RULES.changed(texts=True, submodules=submodules(str(path.parent), path.name))
            code = compile(
                with_waiting_imports(text, rules) or text, str(path), "exec", dont_inherit=True
            )
            cache = Path(importlib.util.cache_from_source(str(path)))
            cache.parent.mkdir(exist_ok=True)
            head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
            cache.write_bytes(head + marshal.dumps(code))
        importlib.invalidate_caches()
        return importlib.import_module("parcel")

    yield make
    for name in [each for each in sys.modules if each.partition(".")[0] == "parcel"]:
        del sys.modules[name]


def loaded() -> set[str]:
    return {each for each in sys.modules if each.startswith("parcel.")}


def test_a_name_may_be_that_of_the_module_it_comes_from(load: Load) -> None:
    parcel = load(
        {
            "__init__": "from .stamp import stamp\nfrom . import post\nfrom .paper import Paper\n",
            "stamp": "def stamp(): return 'stamped'\n",
            "post": "",
            "paper": "class Paper: ...\n",
        }
    )

    assert loaded() == {"parcel.stamp"}  # importing it later would hide the function
    assert parcel.post is sys.modules["parcel.post"]
    assert importlib.import_module("parcel.stamp").stamp is parcel.stamp
    assert parcel.Paper.__module__ == "parcel.paper"


def test_a_package_may_find_names_by_itself(load: Load) -> None:
    parcel = load(
        {
            "__init__": "from .paper import Paper\nimport parcel.string\n"
            "if True:\n    def __getattr__(name):\n        if name == 'size': return 3\n"
            "        raise AttributeError(f'{name}: none')\n",
            "paper": "class Paper: ...\n",
            "string": "",
        }
    )

    assert (parcel.size, parcel.Paper.__name__) == (3, "Paper")
    with pytest.raises(AttributeError, match="nothing: none"):
        _ = parcel.nothing


def test_a_hook_that_is_assigned_is_asked_for_what_does_not_wait(load: Load) -> None:
    parcel = load(
        {
            "__init__": "from .paper import Paper, hook\n__getattr__ = hook(__name__)\n",
            "paper": "class Paper: ...\ndef hook(module):\n"
            "    def find(name):\n        if name == 'size': return 3\n"
            "        raise AttributeError(f'{name}: none')\n    return find\n",
        }
    )

    assert (parcel.size, parcel.Paper.__name__) == (3, "Paper")
    with pytest.raises(AttributeError, match="nothing: none"):
        _ = parcel.nothing


def test_who_evaluates_an_annotation_finds_what_waits(load: Load) -> None:
    parcel = load(
        {
            "__init__": "from .paper import Paper\nimport json\n"
            "def wrap(paper: Paper, times: int = 1) -> 'Paper': return json\n"
            "def said(): return eval('Paper')\n",
            "paper": "class Paper: ...\n",
        }
    )

    assert "json" in {*dir(parcel)} - {*vars(parcel)}
    hints = typing.get_type_hints(parcel.wrap)
    assert hints == {"paper": parcel.Paper, "times": int, "return": parcel.Paper}
    assert (parcel.said(), parcel.wrap(None)) == (parcel.Paper, json)
    assert importlib.reload(parcel).said() is sys.modules["parcel.paper"].Paper
    with pytest.raises(NameError):
        eval("nothing", vars(parcel))


@pytest.mark.parametrize("head", [NOW, ""])
def test_who_evaluates_texts_of_annotations_finds_what_waits(load: Load, head: str) -> None:
    texts = (
        "def mere(x: 'Fraction') -> 'Any': return Fraction, Any\n"
        "def within(x: 'list[Decimal]', y: Optional['date'] = None) -> 'json.JSONDecoder': ...\n"
        "class Case:\n    def hold(self, x: Paper, y: 'Paper'): ...\n"
        "def around():\n    def inner(x: 'UUID'): ...\n    return inner\n"
    )
    parcel = load(
        {
            "__init__": f"{head}import json\nfrom datetime import date\n"
            "from decimal import Decimal\nfrom fractions import Fraction\n"
            "from typing import Any, Optional\n"
            f"from uuid import UUID\nfrom .paper import Paper\nimport csv\n{texts}"
            "def use(): return csv\n",
            "paper": "class Paper: ...\n",
        }
    )

    assert "csv" not in vars(parcel)
    hints = typing.get_type_hints
    assert hints(parcel.mere) == {"x": Fraction, "return": typing.Any}
    parts = {"x": list[Decimal], "y": date | None, "return": json.JSONDecoder}
    assert hints(parcel.within) == parts
    assert hints(parcel.Case.hold) == {"x": parcel.Paper, "y": parcel.Paper}
    assert hints(parcel.around()) == {"x": UUID}
    assert inspect.get_annotations(parcel.Case.hold, eval_str=True)["x"] is parcel.Paper


@pytest.mark.parametrize("head", [NOW, ""])
def test_a_class_that_says_what_types_are_is_made_once_when_it_is_used(
    load: Load, head: str
) -> None:
    parcel = load(
        {
            "__init__": f"{head}from .types import Size\n",
            "types": f"{head}import typing\nfrom typing import Optional, Protocol, TypedDict\n"
            "class Size(TypedDict, total=False):\n    'A size.'\n    height: Optional[int]\n"
            "class Whole(Size):\n    width: int\n"
            "class Sized(Protocol):\n    def size(self, unit: 'Optional[str]') -> Size: ...\n"
            "def plain(size: Size) -> int: return size['height'] or 0\n",
        }
    )
    types = importlib.import_module("parcel.types")
    assert types.plain({"height": 3}) == 3
    # Who evaluates a mere name has no `Builtins` from 3.14 on: what texts name is there.
    there = set() if OLD else {"Optional", "Size"} if head else {"Optional"}
    assert {"Size", "Sized", "typing", "Optional"} & {*vars(types)} == there
    together = threading.Barrier(8)

    def get() -> object:
        together.wait()
        return types.Whole

    with ThreadPoolExecutor(8) as pool:
        found = {each.result() for each in [pool.submit(get) for _ in range(8)]}

    assert found == {types.Whole}
    assert parcel.Size is types.Size
    said = (types.Size.__module__, types.Size.__qualname__, types.Size.__doc__)
    assert said == ("parcel.types", "Size", "A size.")
    assert types.Sized.size.__qualname__ == "Sized.size"
    assert pickle.loads(pickle.dumps(types.Whole)) is types.Whole
    height = int | None
    assert typing.get_type_hints(types.Whole) == {"height": height, "width": int}
    assert typing.get_type_hints(types.Sized.size)["unit"] == str | None
    assert types.Whole.__optional_keys__ == {"height"}
    assert inspect.getsource(types.Sized).startswith("class Sized(Protocol):\n    def size")
