"""Runs the standard library's own tests with modules that wait, and without, and compares.

    python -m tests.support.library_tests [PYTHON...]     (make library-tests)

Each PYTHON (by default all that are found) has to come with the package `test`. A test that passes
as the interpreter comes has to pass with the runtime's finder, which has been there from the start:
what is tested is imported first, so that it has patterns that are not compiled yet. Exit code 1
where one does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packager.contract import template_folder
from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter

MODULES = (
    *("json", "typing", "logging", "traceback", "urllib.parse", "http.cookies"),
    *("base64", "uuid", "hashlib", "dataclasses", "string", "textwrap", "tokenize", "csv", "copy"),
    *("inspect", "ipaddress", "calendar", "email", "shutil", "tempfile", "fnmatch", "pprint"),
    *("difflib", "argparse", "pkgutil", "dis", "ast", "linecache", "html.parser", "glob"),
    *("concurrent.futures", "enum", "datetime", "secrets", "mimetypes", "urllib.request"),
    *("http.client", "xml.etree.ElementTree", "zipfile", "codeop", "warnings", "types"),
    "logging.config",  # uses `re` when it is imported
)
TESTS = (
    *("json", "typing", "logging", "traceback", "re", "urlparse", "http_cookies", "base64", "uuid"),
    *("hashlib", "dataclasses", "string", "textwrap", "tokenize", "csv", "copy", "inspect"),
    *("ipaddress", "calendar", "email", "shutil", "tempfile", "fnmatch", "pprint", "difflib"),
    *("argparse", "pkgutil", "dis", "ast", "linecache", "htmlparser", "glob", "enum", "datetime"),
    *("secrets", "mimetypes", "urllib", "xml_etree", "codeop", "warnings"),
    *("types", "module", "reprlib", "contextlib", "functools", "weakref", "threadedtempfile"),
)

_CHILD = """
import sys
given, modules, tests = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
if given:
    sys.path.insert(0, given)
    from endpoint_runtime.app.endpoints import _Submodules
    _Submodules.install()
for name in modules:
    __import__(name)
waiting = sorted(name for name, module in sys.modules.items() if type(module) is not type(sys))
import importlib, json, unittest
from test import support
support.use_resources, support.verbose = (), 0
outcomes = {}

class Result(unittest.TestResult):
    def addSuccess(self, test):
        outcomes.setdefault(test.id(), True)
    def addSubTest(self, test, subtest, err):
        if err is not None:
            outcomes[test.id()] = self._exc_info_to_string(err, test)
    def addFailure(self, test, err):
        outcomes[test.id()] = self._exc_info_to_string(err, test)
    addError = addFailure

for name in tests:
    try:
        module = importlib.import_module("test.test_" + name)
    except unittest.SkipTest:
        continue
    except ModuleNotFoundError as fault:
        if fault.name != "test.test_" + name:
            raise
        continue
    unittest.defaultTestLoader.loadTestsFromModule(module).run(Result())
with open(sys.argv[4], "w") as file:
    json.dump([outcomes, waiting], file)
"""


def outcomes_of(
    python: Path, tests: Sequence[str] = TESTS, *, treated: bool
) -> tuple[dict[str, bool | str], list[str]]:
    """Return what became of each of the library's tests (True, or a traceback), and what waited.

    Raises CalledProcessError where this interpreter comes without its tests.
    """
    with tempfile.TemporaryDirectory(prefix="library-") as folder:
        said = Path(folder, "said.json")
        given = str(template_folder()) if treated else ""
        subprocess.run(
            [python, "-B", "-c", _CHILD, given, " ".join(MODULES), " ".join(tests), said],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
        )
        outcomes, waiting = json.loads(said.read_text("utf-8"))
    return outcomes, waiting


def broken_by_waiting(python: Path, tests: Sequence[str] = TESTS) -> tuple[dict[str, str], int]:
    """Return the tests that pass without and fail with what waits, and how many pass with it."""
    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(
            lambda treated: outcomes_of(python, tests, treated=treated), (False, True)
        )
    assert "traceback" in after[1], after[1]
    assert not {"re", "traceback"} & set(before[1])
    passed = {test for test, outcome in before[0].items() if outcome is True}
    broken = {test: str(after[0].get(test)) for test in passed if after[0].get(test) is not True}
    return broken, len(passed) - len(broken)


def main(paths: Sequence[str]) -> int:
    """Compare on each interpreter, and say what differs."""
    found = [find_interpreter(python) for python in SUPPORTED_PYTHONS if not paths]
    failed = False
    for python in [*map(Path, paths), *(each.path for each in found if each)]:
        try:
            broken, passed = broken_by_waiting(python)
        except subprocess.CalledProcessError as fault:
            print(f"{python}: {fault.stderr.decode('utf-8', 'replace').splitlines()[-1]}")
            continue
        print(f"{python}: {passed} pass with what waits, {len(broken)} do not")
        for test, trace in broken.items():
            print(f"--- {test}\n{trace}")
        failed = failed or bool(broken)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
