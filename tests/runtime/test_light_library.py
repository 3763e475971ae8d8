"""The standard library's modules that wait are what they were, to whoever looks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from packager.contract import template_folder
from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter
from tests.support.library_tests import broken_by_waiting

PYTHONS = [python for python in SUPPORTED_PYTHONS if find_interpreter(python)]

# With the runtime's finder; the second argument has it or not.
READS = """
import sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "light":
    from endpoint_runtime.app.endpoints import load_module
    load_module("json")
import json
said = []
for text in (*TEXTS, *(text.encode() for text in TEXTS)):
    try:
        said.append(json.loads(text))
    except ValueError as fault:
        said.append([type(fault).__name__, str(fault)])
said.append(json.dumps(said, indent=1, sort_keys=True) + json.dumps(said, ensure_ascii=False))
said.append(repr(json.JSONDecoder(parse_float=str, strict=False).raw_decode('["\\t", 1.50] x')))
loaded = type(sys.modules["re"]) is type(sys)
python = [json.encoder.py_encode_basestring("\\x00a\\u00e9")]
python += [json.decoder.py_scanstring('a\\\\n" ', 0)]
python += [json.scanner.py_make_scanner(json.JSONDecoder())("[1.5e3, -2]", 0)]
print(json.dumps([said, python, [json.decoder.__spec__.loader is json.decoder.__loader__]]))
print(loaded)
"""
TEXTS = [
    '{"a": [1, -2.5e3, "x\\u00e9\\n", null, true, NaN, -Infinity]}',
    *(" \t\r\n[ 1 , { } ] \n", "\u00a0[]", "", "  ", "[1,]", '{"a" 1}', "{} x", '"a\x00"', '"\\x"'),
    *("[" * 20, "01", "1.", "nul", '"a', '{"a":1,}', "\ufeff[]"),
]


@pytest.mark.parametrize("python", PYTHONS)
def test_reading_and_writing_are_the_same(python: str) -> None:
    interpreter = find_interpreter(python)
    assert interpreter is not None
    said = {}
    for kind in ("light", "plain"):
        code = READS.replace("TEXTS", repr(TEXTS))
        done = subprocess.run(
            [interpreter.path, "-I", "-S", "-B", "-c", code, template_folder(), kind],
            capture_output=True,
            text=True,
            check=True,
        )
        said[kind] = done.stdout.splitlines()

    assert said["light"][0] == said["plain"][0]
    assert len(json.loads(said["light"][0])[0]) == 2 * len(TEXTS) + 2
    assert (said["light"][1], said["plain"][1]) == ("False", "True")


LOOKS = """
import sys
sys.path.insert(0, sys.argv[1])
from endpoint_runtime.app.endpoints import load_module
from endpoint_runtime.light_library import _Waiting
load_module("json")
import logging, re, string, textwrap, traceback, typing, urllib.parse
Module = type(sys)
def waits(name):
    return type(sys.modules[name]) is _Waiting
"""
SEEN = {
    "nothing has run": "assert all(map(waits, ('re', 'traceback'))) and 'enum' not in sys.modules",
    "a module is itself": (
        "assert isinstance(re, Module) and sys.modules['re'] is re is logging.re\n"
        "assert repr(re).startswith('<module \\'re\\' from') and re.__name__ == 're'\n"
        "assert waits('re') and re.sub('a', 'b', 'a') == 'b' and type(re) is Module\n"
        "assert re.__spec__.loader is re.__loader__ and re.__file__.endswith('__init__.py')"
    ),
    "vars": "assert vars(traceback)['print_exc'] and not waits('traceback')",
    "dir": "assert 'print_exc' in dir(traceback)",
    "names": "from traceback import print_exc; assert not waits('traceback')",
    "all names": "exec('from textwrap import *'); assert dedent(' a') == 'a'",
    "submodules": "import re._parser; assert re._parser.parse('a') and re.compile",
    "set before use": (
        "traceback.print_exc = 1; assert traceback.print_exc == 1 and traceback.format_exc"
    ),
    "deleted before use": "del traceback.print_exc; assert not hasattr(traceback, 'print_exc')",
    "patched": (
        "from unittest import mock\n"
        "with mock.patch('traceback.print_exc') as patched: assert traceback.print_exc is patched\n"
        "assert traceback.print_exc is not patched"
    ),
    "reloaded": "import importlib; assert importlib.reload(traceback).print_exc",
    "a pattern is one": (
        "pattern = textwrap.TextWrapper.wordsep_re\n"
        "assert type(pattern) is not re.Pattern and isinstance(pattern, re.Pattern)\n"
        "again = re.compile(pattern.pattern, pattern.flags)\n"
        "assert pattern == again and again == pattern and hash(pattern) == hash(again)\n"
        "assert repr(pattern) == repr(again) and re.split(pattern, 'a b') == again.split('a b')\n"
        "import copy, pickle\n"
        "assert copy.deepcopy(pattern) is pattern and pickle.loads(pickle.dumps(pattern)) == again"
    ),
    "types of re": "assert typing.get_type_hints and re.Pattern is type(re.compile('a'))",
    "templates": (
        "assert string.Template('$a ${b} $$').substitute(a=1, b=2) == '1 2 $'\n"
        "class Mine(string.Template): delimiter = '%'\n"
        "assert Mine('%a').substitute(a=1) == '1' and string.Template.flags == re.IGNORECASE"
    ),
    "formats": (
        "logging.Formatter('%(asctime)s %(message)s')\n"
        "assert waits('re')\n"
        "for bad in ('none', '%(', '%(a b)x', '% (message)s'):\n"
        "    try: logging.Formatter(bad)\n"
        "    except ValueError as fault: assert 'Invalid format' in str(fault)\n"
        "    else: raise AssertionError(bad)\n"
        "assert logging.PercentStyle.validation_pattern.search('%(message)s').end() == 11"
    ),
    "a module of that name elsewhere": (
        "import types, endpoint_runtime.light_library as light\n"
        "spec = types.SimpleNamespace(_initializing=True, origin='/opt/string.py', name='string')\n"
        "assert not light._is_being_imported({'__spec__': spec}) and waits('re')"
    ),
    "what the plugin names is run in the init phase": (
        "from endpoint_runtime.app import init_phase\n"
        "sys.modules['mine'] = mine = Module('mine')\n"
        "mine.__file__, mine.t = '/var/task/plugin/mine.py', traceback\n"
        "init_phase._run_what_is_named('/var/task/plugin')\n"
        "assert waits('re') and waits('traceback')\n"
        "mine.r = re\n"
        "init_phase._run_what_is_named('/var/task/plug')\n"
        "assert waits('re')\n"
        "init_phase._run_what_is_named('/var/task/plugin')\n"
        "assert not waits('re') and waits('traceback')"
    ),
    "all of it is run where no request waits": (
        "import os; os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'provisioned-concurrency'\n"
        "from endpoint_runtime.app import init_phase\n"
        "class Nothing:\n"
        "    def load_endpoints(self): pass\n"
        "init_phase.prepare(Nothing(), ())\n"
        "assert not waits('re') and not waits('traceback') and not waits('textwrap')"
    ),
    "first uses by threads": (
        "import threading\n"
        "barrier, found = threading.Barrier(16), []\n"
        "def use():\n"
        "    barrier.wait()\n"
        "    found.append((traceback.format_list([]), re.escape('.'), re.I | re.M))\n"
        "threads = [threading.Thread(target=use) for _ in range(16)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert found == [([], '\\\\.', re.I | re.M)] * 16"
    ),
    "a failing first use is tried again": (
        "loader = traceback.__spec__.loader\n"
        "class Bad:\n"
        "    def exec_module(self, module): raise OSError('gone')\n"
        "traceback.__spec__.loader = Bad()\n"
        "try: traceback.print_exc\n"
        "except OSError: pass\n"
        "else: raise AssertionError\n"
        "traceback.__spec__.loader = loader\n"
        "assert traceback.print_exc"
    ),
    "escapes": (
        "from endpoint_runtime.light_library import _FLAGS, _escape, _of_re\n"
        "pattern, match, flags = _of_re('Pattern'), _of_re('Match'), dict(_FLAGS)\n"
        "every = ''.join(map(chr, range(300)))\n"
        "mine = (_escape(every), _escape(bytes(range(256))))\n"
        "assert mine == (re.escape(every), re.escape(bytes(range(256))))\n"
        "assert (pattern, match) == (re.Pattern, re.Match)\n"
        "assert flags == {name: getattr(re, name) for name in flags}"
    ),
}


@pytest.mark.parametrize("python", PYTHONS)
def test_who_looks_sees_the_module(python: str) -> None:
    interpreter = find_interpreter(python)
    assert interpreter is not None
    # Each in a process that has used nothing, without starting an interpreter for each.
    lines = [LOOKS, "import os\n"]
    for name, code in SEEN.items():
        lines.append(
            f"if not (pid := os.fork()):\n"
            f"    try: exec({code!r}, globals()); os._exit(0)\n"
            f"    except BaseException: sys.excepthook(*sys.exc_info()); os._exit(1)\n"
            f"if os.waitpid(pid, 0)[1]: print({name!r})\n"
        )
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-B", "-c", "".join(lines), template_folder()],
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.returncode) == ("", 0), done.stderr


@pytest.mark.parametrize("python", PYTHONS[-1:])
def test_the_librarys_own_tests_pass(python: str) -> None:
    interpreter = find_interpreter(python)
    assert interpreter is not None
    found = subprocess.run([interpreter.path, "-I", "-c", "import test.test_string"])
    if found.returncode:
        pytest.skip("this interpreter comes without its tests")

    # Few of them: `make library-tests` runs all.
    broken, passed = broken_by_waiting(
        interpreter.path, ("string", "textwrap", "traceback", "urlparse", "http_cookies", "base64")
    )

    assert broken == {}
    assert passed > 300


def test_where_re_is_there_already_nothing_is_different() -> None:
    code = (
        "import re, sys; sys.path.insert(0, sys.argv[1])\n"
        "from endpoint_runtime.app.endpoints import load_module\n"
        "load_module('json')\n"
        "import json; assert type(json.decoder.WHITESPACE) is re.Pattern"
    )
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code, template_folder()], check=True)
