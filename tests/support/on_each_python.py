"""Runs the runtime's tests on each Python that Lambda has, in an environment of its own.

    python -m tests.support.on_each_python [--all] [VERSION...]     (make runtime-tests)

The suite runs them on the Python of `.venv` alone. With `--all` they are those of every room and of
modules that wait, which takes half an hour for each; else those of what runs in a test's own
process, so that nothing else has run it on another Python. Interpreters are found as packager finds
them (PATH, pyenv, uv and others); a version that there is none of is said, and not run. Two run
beside each other, as the last of one's tests mostly wait; each says all it has to say at its end.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
TESTS = tuple(
    f"tests/runtime/{name}"
    for name in (
        *("app", "gateway", "lambda_api", "logs", "routes", "test_light_library.py"),
        *("test_code_archive.py", "test_lambda_handler.py", "loop/test_loop.py"),
    )
)
ALL = (
    "tests/runtime",
    # What bundles have of modules whose imports wait.
    "tests/unit/dependencies/diet/test_deferred.py",
    "tests/unit/in_target/test_waiting_imports.py",
    "tests/unit/in_target/test_waiting_in_packages.py",
    "tests/integration/test_treated_packages.py",
)
LEFT_OUT = (
    "gateway/test_sam_round_trips.py",  # needs SAM CLI, which has no wheels for 3.15
    # They end, or start, processes by the dozen, which is the same on each Python.
    "loop/test_loop_soak.py",
    "loop/test_stream_soak.py",
    "storage/test_dynamodb_kills.py",
    "storage/test_storage_processes.py",
)
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


def run_on(python: str, path: Path, tests: Sequence[str]) -> bool:
    """Run the tests on the interpreter at `path`; return whether they passed."""
    environment = ROOT / ".venv" / f"python{python}"
    own = str(environment / "bin" / "python")
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", own]
    create: list[str | Path] = [UV, "venv", "--quiet", "--clear", "--python", path, environment]
    for step in (
        create,
        [*install, "--editable", ".[mangum,aws-wsgi]", "--group", "runtime"],
        [*install, "--no-deps", "aws-sam-cli"],  # for the emulator in it
    ):
        subprocess.run(step, cwd=ROOT, check=True)
    said = subprocess.run([own, "-VV"], capture_output=True, text=True, check=True).stdout
    command = [own, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    command += ["-m", "not docker and not soak"]
    command += ["--own-python"] if tests is ALL else []
    command += [f"--ignore=tests/runtime/{name}" for name in LEFT_OUT]
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"the runtime's tests on {said.strip()}\n{done.stdout}", flush=True)
    return done.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run them on the versions named, by default on all but that of this process."""
    versions = [each for each in arguments if each != "--all"]
    tests = ALL if "--all" in arguments else TESTS
    found = {}
    for python in versions or [each for each in SUPPORTED_PYTHONS if each != OWN]:
        interpreter = find_interpreter(python)
        if interpreter is None:
            print(f"NOT RUN on Python {python}: there is no interpreter of it here", flush=True)
        else:
            found[python] = interpreter.path
    with ThreadPoolExecutor(2) as pool:
        passed = list(pool.map(lambda each: run_on(each, found[each], tests), found))
    failed = [each for each, good in zip(found, passed, strict=True) if not good]
    if failed:
        print(f"the runtime's tests fail on Python {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
