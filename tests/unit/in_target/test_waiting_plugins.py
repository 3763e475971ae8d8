"""Odd plugins, compiled so that imports wait and as they are: what they say has to be the same."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager._in_target.waiting.plugin_rules import plugin_rules
from packager._in_target.waiting.rules import Rules
from packager.dependencies.diet.waiting import RULES
from packager.host.bytecode import compile_files
from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter, find_interpreter

RUNTIME = Path(__file__).parents[3] / "handler_template"
PYTHONS = [found for each in SUPPORTED_PYTHONS if (found := find_interpreter(each))]
NOTED = "import sys\nsys.stdout.write(__name__ + ' ')\n"
# Of each: what it says, and its files. `main.run()` is called; what is not below plugin/ is of
# packages. All have a module that waits, or would if it went by its own source alone.
ODD: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "a module of the plugin's own hides one of the library": (
        "secrets main done",
        {
            "plugin/main.py": "import secrets\nprint('main')\ndef run(): print(secrets.X)\n",
            "plugin/secrets.py": NOTED + "X = 'done'\n",
        },
    ),
    "a vendored package is the plugin's own": (
        "jwt main done",
        {
            "plugin/main.py": "import sys, os\n"
            "sys.path.insert(0, os.path.dirname(__file__) + '/lib')\nimport jwt\nprint('main')\n"
            "sys.path.pop(0)\ndef run(): print(jwt.X)\n",
            "plugin/lib/jwt/__init__.py": NOTED + "X = 'done'\n",
        },
    ),
    "what is nowhere fails where its import stands": (
        "without",
        {
            "plugin/main.py": "try:\n    import extra\nexcept ImportError:\n    extra = None\n"
            "def run(): print('with' if extra else 'without')\n",
            "plugin/extra.py": "import yaml\ndef f(): yaml.x\n",
        },
    ),
    "who imports it catches its failing import": (
        "without",
        {
            "plugin/main.py": "def run():\n    try:\n        from lib import extra\n"
            "    except ImportError:\n        print('without')\n",
            "plugin/lib/__init__.py": "",
            "plugin/lib/extra.py": "from lib.deeper import f\n",
            "plugin/lib/deeper.py": "from yaml import gone\ndef f(): gone\n",
            "yaml/__init__.py": "",
        },
    ),
    "another module patches what this has imported": (
        "plain patched",
        {
            "plugin/main.py": "import requests\nfrom early import call\nimport patching\n"
            "def run():\n    patching.patch()\n    print(call(), requests.get())\n",
            "plugin/early.py": "from requests import get\ndef call(): return get()\n",
            "plugin/patching.py": "import requests\n"
            "def patch():\n    requests.get = lambda: 'patched'\n",
            "requests/__init__.py": "def get(): return 'plain'\n",
        },
    ),
    "something patches modules behind everybody's back": (
        "plain",
        {
            "plugin/main.py": "from requests import get\nimport gevent.monkey\n"
            "gevent.monkey.patch_all()\ndef run(): print(get())\n",
            "requests/__init__.py": "def get(): return 'plain'\n",
            "gevent/__init__.py": "",
            "gevent/monkey.py": "def patch_all():\n    import requests\n"
            "    requests.get = lambda: 'patched'\n",
        },
    ),
    "a submodule is there because another import has brought it": (
        "botocore.exceptions",
        {
            "plugin/main.py": "import boto3\nimport botocore\n"
            "def run(): print(botocore.exceptions.__name__)\ndef use(): boto3.client()\n",
            "boto3/__init__.py": "import botocore.exceptions\n",
            "botocore/__init__.py": "",
            "botocore/exceptions.py": "",
        },
    ),
    "... in a function of another module, and none of its name is hidden": (
        "1 2",
        {
            "plugin/main.py": "import boto3, other\ndef use(): boto3.client()\n"
            "def run(): print(other.one(), other.two())\n",
            "plugin/other.py": "def one():\n    import botocore\n    return botocore.one.X\n"
            "def two():\n    import botocore\n    return botocore.two()\n",
            "boto3/__init__.py": "import botocore.one\n",
            "botocore/__init__.py": "def two(): return 2\n",
            "botocore/one.py": "X = 1\n",
            "botocore/two.py": "",
        },
    ),
    "a package reads the environment, which the plugin changes": (
        "before",
        {
            "plugin/main.py": "import os\nimport openai\ndef run():\n"
            "    os.environ['KIND'] = 'after'\n    print(openai.kind)\n",
            "openai/__init__.py": "import os\nkind = os.environ.get('KIND', 'before')\n",
        },
    ),
    "loggers that are there when logging is configured are disabled": (
        "True",
        {
            "plugin/main.py": "import library\nimport logging.config\n"
            "def run():\n    logging.config.dictConfig({'version': 1})\n"
            "    print(library.said())\n",
            "plugin/library.py": "import logging\nlogger = logging.getLogger(__name__)\n"
            "def said(): return logger.disabled\n",
        },
    ),
    "another module looks into this one's namespace": (
        "['A', 'JSON', 'logger', 'f']",
        {
            "plugin/main.py": "import shapes\n"
            "def run(): print([n for n in vars(shapes) if n[0] != '_' and n not in "
            "('logging', 'typing')])\n",
            "plugin/shapes.py": "import logging\nimport typing\nA = 1\n"
            "JSON = typing.Dict[str, int]\nlogger = logging.getLogger(__name__)\n"
            "def f(x: JSON): logger.info(x)\n",
        },
    ),
    "a function's globals": (
        "True",
        {
            "plugin/main.py": "import json\nimport other\ndef f(): return json\n"
            "def run(): print(other.has(f))\n",
            "plugin/other.py": "def has(f): return 'json' in f.__globals__\n",
        },
    ),
    "a base class asks for its methods' annotations": (
        "{'x': <class 'decimal.Decimal'>}",
        {
            "plugin/main.py": "from decimal import Decimal\nfrom base import Base\n"
            "class Mine(Base):\n    def call(self, x: Decimal): ...\n"
            "def run(): print(Mine.asked)\n",
            "base.py": "class Base:\n    def __init_subclass__(cls):\n"
            "        cls.asked = cls.call.__annotations__\n",
        },
    ),
    "a library evaluates annotations that are text": (
        "{'x': <class 'decimal.Decimal'>}",
        {
            "plugin/main.py": "from __future__ import annotations\nfrom decimal import Decimal\n"
            "import hints\nclass Kind:\n    def call(self, x: Decimal): ...\n"
            "def run(): print(hints.of(Kind))\n",
            "hints.py": "import typing\ndef of(kind): return typing.get_type_hints(kind.call)\n",
        },
    ),
}


def said(python: Interpreter, root: Path) -> str:
    code = (
        f"import sys; sys.path[:0] = [{f'{root}/plugin'!r}, {str(root)!r}, {str(RUNTIME)!r}]\n"
        "import main; main.run()\n"
    )
    done = subprocess.run(
        [python.path, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, cwd="/"
    )
    return (done.stdout + done.stderr).strip().replace("\n", " ")


# Between the oldest and the newest, in a soak.
@pytest.fixture(
    params=[
        pytest.param(each, marks=[] if each in (PYTHONS[0], PYTHONS[-1]) else [pytest.mark.soak])
        for each in PYTHONS
    ],
    ids=lambda python: python.python,
)
def python(request: pytest.FixtureRequest) -> Interpreter:
    found: Interpreter = request.param
    return found


@pytest.mark.parametrize("name", ODD)
def test_an_odd_plugin_says_the_same(name: str, python: Interpreter, tmp_path: Path) -> None:
    expected, files = ODD[name]
    for path, source in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    plain = said(python, tmp_path)
    own = [path for path in files if path.startswith("plugin/")]

    compile_files(python, tmp_path, own, waiting=RULES)

    assert (plain, said(python, tmp_path)) == (expected, expected)


def left_as_they_are(tmp_path: Path, files: Mapping[str, str]) -> set[str] | None:
    made, left = plugin_rules(
        Rules(frozenset({"json"}), frozenset()),
        str(tmp_path),
        {str(tmp_path / path): source.encode() for path, source in files.items()},
    )
    return None if made is None else {Path(each).name for each in left}


@pytest.mark.parametrize(
    ("main", "left"),
    [
        ("import a", set()),
        ("try:\n    import a\nexcept ImportError: pass", {"a.py", "b.py"}),
        ("try:\n    from . import b\nfinally: pass", {"b.py"}),
        ("import contextlib\nwith contextlib.suppress(Exception):\n    import b.x", {"b.py"}),
        ("try:\n    import json\nexcept ImportError: pass", set()),
        ("import sentry_sdk", None),
        ("import a\nvars(a)", None),
        ("import a\na.__dict__", None),
        ("x = {}\nvars(x); x.__dict__", set()),
        ("import a\nsetattr(a, name, 1)", None),
        ("f.__globals__", None),
    ],
)
def test_what_catches_and_what_looks_is_found(
    tmp_path: Path, main: str, left: set[str] | None
) -> None:
    files = {"main.py": main, "a.py": "import b", "b.py": "import json", "broken.py": "("}
    ast.parse(main)

    assert left_as_they_are(tmp_path, files) == left


@pytest.mark.parametrize(
    ("source", "waits"),
    [
        ("", True),
        ("import os\nos.path", True),
        ("import sys\nsys.path.append('endpoints')", False),
        ("from sys import path\npath.append('endpoints')", False),
        ("import site\nsite.addsitedir('endpoints')", False),
    ],
)
def test_a_file_hides_a_package_where_it_may_be_found(
    tmp_path: Path, source: str, waits: bool
) -> None:
    files = {"plugin/main.py": source, "plugin/endpoints/json.py": ""}
    given = {str(tmp_path / path): text.encode() for path, text in files.items()}

    made, _ = plugin_rules(Rules(frozenset({"json"}), frozenset()), str(tmp_path), given)

    assert made is not None
    assert ("json" in made.modules) is waits
