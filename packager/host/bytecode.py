"""Has the bytecode of a bundle's files made by the interpreter that will run them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packager.contract import TASK_ROOT
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter
from packager.host.target_script import IN_TARGET

COMPILE = IN_TARGET / "compile.py"


def compile_files(
    interpreter: Interpreter,
    root: Path,
    files: Iterable[str],
    *,
    columns: bool = True,
    docstrings: bool = True,
) -> None:
    """Compile `files` (posix paths of Python sources, relative to `root`) into `__pycache__`.

    The bytes follow from a file's contents, its relative path and the interpreter alone. Files
    that don't parse are left without bytecode: packages carry such (templates, other versions).
    Without `columns`, tracebacks mark no part of a line (PEP 657), and bytecode is a fifth smaller;
    without `docstrings`, what the files define has none.
    """
    tag = interpreter.cache_tag
    pairs = []
    for file in sorted(files):
        pairs += [os.fsencode(root / file), os.fsencode(str(PurePosixPath(TASK_ROOT) / file))]
    if not pairs:
        return
    # Not -I, which would ignore PYTHONHASHSEED; with nothing else in the environment these flags
    # shut out the same: site, the user's packages, the script's own folder.
    flags = ["-s", "-S", "-P", "-B", "-X", "utf8"]
    if not columns:
        flags += ["-X", "no_debug_ranges"]
    done = subprocess.run(
        [interpreter.path, *flags, COMPILE, tag, *(() if docstrings else ("--no-docstrings",))],
        input=b"".join(pair + b"\0" for pair in pairs),
        capture_output=True,
        env={"PYTHONHASHSEED": "0", "LC_ALL": "C"},
        cwd="/",
    )
    if done.returncode:
        raise PackagerError(
            f"{interpreter.path} could not compile bytecode: "
            f"{done.stderr.decode('utf-8', 'replace').strip()}",
            hint="check that interpreter, or build with --no-bytecode",
        )
