"""What the scripts that every build and check starts load: half of their time was imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packager.host.interpreter import newest_supported
from packager.host.target_script import IN_TARGET

NEWEST = newest_supported()
assert NEWEST is not None
QUESTIONS: dict[str, dict[str, Any]] = {
    "analyse.py": {"files": ["a.py"]},
    "package_imports.py": {"start": [["a", []]], "present": [], "removed": [], "added": []},
}
ANSWERS = {"analyse.py": "b", "package_imports.py": "b"}


@pytest.mark.parametrize("python", [Path(sys.executable), NEWEST.path], ids=["own", "newest"])
@pytest.mark.parametrize("script", QUESTIONS)
def test_a_script_loads_what_it_needs(tmp_path: Path, script: str, python: Path) -> None:
    (tmp_path / "a.py").write_text("import b\n")
    program = (
        "import sys\n"
        f"__file__ = {str(IN_TARGET / script)!r}\n"
        "exec(compile(open(__file__).read(), __file__, 'exec'))\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    question = QUESTIONS[script] | {"root": str(tmp_path)}
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", program],
        input=json.dumps(question).encode(),
        capture_output=True,
        check=True,
    )

    assert f'"{ANSWERS[script]}"' in done.stdout.decode()
    loaded = set(done.stderr.decode().split())
    assert {"json", "ast"} <= loaded
    # Each takes as long as an answer, or several times that.
    assert loaded & {"dataclasses", "inspect", "pathlib", "traceback", "typing"} == set()
