"""Lines that the log does not take import nothing, and classes in functions name what waits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from packager.contract import template_folder
from packager.dependencies.diet.waiting import RULES
from packager.host.bytecode import compile_files
from packager.host.interpreter import newest_supported


def said(folder: Path, source: str, calls: str, **environment: str) -> tuple[str, str]:
    """What `calls` of a source, `t`, write in a process of its own: to stderr and stdout."""
    interpreter = newest_supported()
    assert interpreter is not None
    (folder / "treated.py").write_text(source)
    compile_files(interpreter, folder, ["treated.py"], waiting=RULES)
    path = os.pathsep.join([str(folder), str(template_folder())])
    done = subprocess.run(
        [interpreter.path, "-S", "-B", "-c", f"import sys, treated as t\n{calls}"],
        env={"PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr, done.stdout.strip()


@pytest.mark.parametrize("head", ["", "from __future__ import annotations\n"])
def test_a_class_in_a_function_may_name_what_waits(tmp_path: Path, head: str) -> None:
    source = (
        f"{head}from decimal import Decimal\nfrom fractions import Fraction\ndef f():\n"
        "    class A:\n        x: Decimal\n        y: int = Fraction(3)\n"
        "        def g(self) -> int:\n            z: Nothing = 1\n            return z\n"
        "    return A\n"
    )
    calls = "a = t.f(); import typing; h = typing.get_type_hints(a)\nprint(h['x'], a.y, a().g())"

    assert said(tmp_path, source, calls) == ("", "<class 'decimal.Decimal'> 3 1")


LOGS = (
    "import logging\nlog = logging.getLogger(__name__)\n"
    "def low(x='x'): log.debug('low %s', x); log.info(f'low {x}', extra={'a': 1})\n"
    "def high(): log.warning('high')\n"
    "def late(): log.info('late %s', set_level())\n"
    "def set_level():\n    logging.basicConfig(level=logging.INFO, "
    "format='%(lineno)d %(message)s')\n"
    "def odd(*line): log.info(*line); log.info('odd', **{}); return log.info('returned')\n"
)


@pytest.mark.parametrize(
    ("calls", "level", "written", "imported"),
    [
        ("t.low()", "", "", "False"),
        ("t.low()", "WARN", "", "False"),
        ("t.low()", "INFO", "", "True"),  # nobody has set the level here
        ("t.low(); t.high(); t.low()", "", "high\n", "True"),
        ("t.set_level(); t.low('y')", "", "3 low y\n", "True"),
        ("t.late(); t.low()", "", "5 late None\n3 low x\n", "True"),
        ("t.odd('%s', 1)", "", "", "True"),
        ("from unittest import mock\nt.log = mock.Mock()\nt.low()\nassert t.log.info.called",
         "", "", "True"),
    ],
)  # fmt: skip
def test_a_line_that_the_log_does_not_take_imports_nothing(
    tmp_path: Path, calls: str, level: str, written: str, imported: str
) -> None:
    calls += "\nprint('logging' in sys.modules)"

    assert said(tmp_path, LOGS, calls, AWS_LAMBDA_LOG_LEVEL=level) == (written, imported)
