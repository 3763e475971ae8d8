"""The import diet on the releases of werkzeug that it lists: nothing but the imports is different.

Wheels come through uv, the sources with werkzeug's own tests through pip; both are kept in the
user's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from packager.contract import template_folder
from packager.dependencies.diet.apply import apply_diet
from packager.dependencies.diet.table import REPLACED
from packager.dependencies.diet.versions import HASHES
from packager.host.bytecode import compile_files
from packager.host.cache import cache_folder
from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter
from packager.host.uv import run_uv
from tests.support.archives import write_archive
from tests.support.examples import Release

HERE = Path(__file__).parent / "diet"
PYTHONS = [python for python in SUPPORTED_PYTHONS if find_interpreter(python)]
NEWEST = next(reversed(HASHES))
# Of werkzeug's tests, those that take most of the time: over hashing, or a route of a thousand
# parts. They run in the soak, once from an archive and once as written.
LONG = (
    *("security.py::test_pbkdf2", "security.py::test_salted_hashes", "security.py::test_scrypt"),
    *("routing.py::test_long_build", "routing.py::test_no_memory_leak_from_Rule_builder"),
)
# Both ends of both series with one Python, the newest release with every Python.
MATRIX = sorted(
    {
        *((PYTHONS[-1], version) for version in ("3.0.0", "3.0.6", "3.1.0", NEWEST)),
        *((python, NEWEST) for python in PYTHONS),
    }
)
# The first and the newest release, the oldest and the newest Python: the others are a soak.
ENDS = {(PYTHONS[-1], "3.0.0"), (PYTHONS[0], NEWEST), (PYTHONS[-1], NEWEST)}
USED = [
    pytest.param(*each, marks=[pytest.mark.soak] if each not in ENDS else []) for each in MATRIX
]
# Every listed release; those between both ends of both series are a soak.
LISTED = [
    pytest.param(each, marks=[pytest.mark.soak] if (PYTHONS[-1], each) not in MATRIX else [])
    for each in HASHES
]
# From an archive, as they ship: the newest release with the newest Python. The first release, the
# other Pythons, and the long tests are a soak, and as written, each is.
ARCHIVED = [
    (PYTHONS[-1], NEWEST, False),
    *(
        pytest.param(*each, each == (PYTHONS[-1], NEWEST), marks=pytest.mark.soak)
        for each in MATRIX
        if each[1] in ("3.0.0", NEWEST)
    ),
]

Environment = Callable[[str], Path]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The interpreter of an environment with what werkzeug and its tests need, by Python."""
    made: dict[str, Path] = {}

    def make(python: str) -> Path:
        if python not in made:
            folder = tmp_path_factory.mktemp("environment") / "venv"
            interpreter = find_interpreter(python)
            assert interpreter is not None
            _uv("venv", "--quiet", "--python", str(interpreter.path), str(folder))
            tests = ("pytest", "pytest-timeout", "pytest-xprocess", "ephemeral-port-reserve")
            _uv(
                "pip",
                "install",
                "--quiet",
                "--python",
                str(folder / "bin/python"),
                "markupsafe",
                *tests,
            )
            made[python] = folder / "bin/python"
        return made[python]

    return make


@pytest.fixture(scope="session")
def treated(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Release:
    """The same with the diet; not to be changed."""

    @cache
    def make(version: str) -> Path:
        folder = tmp_path_factory.mktemp("treated")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(release(version) / "werkzeug", folder / "werkzeug", ignore=ignored)
        assert apply_diet(folder, version).reason is None
        return folder

    return make


def _uv(*arguments: str) -> None:
    done = run_uv(arguments, cwd=Path("/"))
    assert done.code == 0, done.problem


def _run(*command: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def _sdist(version: str, folder: Path) -> Path:
    """Return a release's sources, tests included."""
    cache = (cache_folder() or folder) / "tests"
    archive = cache / f"werkzeug-{version}.tar.gz"
    if not archive.exists():
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            options = ("--no-deps", "--no-binary", ":all:", "--dest", scratch)
            _run(*pip, *options, f"werkzeug=={version}", cwd=folder)
            Path(scratch, archive.name).replace(archive)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / f"werkzeug-{version}"


@pytest.mark.soak
@pytest.mark.parametrize(("python", "version"), MATRIX)
def test_werkzeugs_own_tests_pass(
    tmp_path: Path, treated: Release, environment: Environment, python: str, version: str
) -> None:
    """Without those that start werkzeug's development server and debugger."""
    long = (python, version) == (PYTHONS[-1], NEWEST)
    out = _own_tests(environment(python), version, tmp_path, treated(version), long=long)

    assert int(out.split(" passed")[0]) >= 840


@pytest.mark.parametrize(("python", "version", "long"), ARCHIVED)
def test_werkzeugs_own_tests_pass_on_a_bundles_archive(
    tmp_path: Path,
    treated: Release,
    environment: Environment,
    python: str,
    version: str,
    long: bool,
) -> None:
    """As it ships: compiled without what a bundle leaves out, and loaded from the one file."""
    interpreter = find_interpreter(python)
    assert interpreter is not None
    ignored = shutil.ignore_patterns("__pycache__")
    site = shutil.copytree(treated(version), tmp_path / "site", ignore=ignored)
    shutil.copytree(template_folder(), site, ignore=ignored, dirs_exist_ok=True)
    names = [path.relative_to(site).as_posix() for path in site.rglob("*.py")]
    of_sdk = {name for name in names if name.startswith("dify_plugin/")}
    compile_files(interpreter, site, of_sdk, columns=False)
    compile_files(interpreter, site, {*names} - of_sdk, columns=False, docstrings=False)
    write_archive(site, interpreter)
    (site / "from_archive.py").write_text(FROM_ARCHIVE)

    options = ("-p", "from_archive")
    out = _own_tests(environment(python), version, tmp_path, site, *options, long=long)

    assert int(out.split(" passed")[0]) >= 840


# A plugin of pytest's: what is tested is what it should be.
FROM_ARCHIVE = """
import endpoint_runtime, sys

def pytest_sessionfinish(session):
    names = [name for name in sys.modules if name.startswith("werkzeug.")]
    loaders = {type(sys.modules[name].__loader__).__module__ for name in names}
    assert len(names) > 30 and loaders == {"endpoint_runtime.code_archive"}, loaders
    assert sys.modules["werkzeug.routing.map"].Map.__doc__ is None
    assert sys.modules["werkzeug.local"].LocalProxy.__doc__.startswith("A proxy")
"""


def _own_tests(
    python: Path, version: str, folder: Path, site: Path, *options: str, long: bool
) -> str:
    """Run a release's own tests, long ones perhaps, on what is in `site`; return the summary."""
    left_out = ("test_serving.py", "test_debug.py", "live_apps", "middleware/test_http_proxy.py")
    out = _run(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--assert=plain"),
        *("--timeout", "60", *options),
        *(f"--ignore=tests/{name}" for name in left_out),
        *(f"--deselect=tests/test_{name}" for name in (() if long else LONG)),
        "tests",
        cwd=_sdist(version, folder),
        PYTHONPATH=str(site),
    )
    summary = out.splitlines()[-1]
    assert "failed" not in summary
    return summary


@pytest.mark.parametrize("version", [pytest.param("3.0.6", marks=pytest.mark.soak), NEWEST])
def test_the_public_face_is_the_same(
    release: Release, treated: Release, environment: Environment, version: str
) -> None:
    python = environment(PYTHONS[-1])
    script = HERE / "public_face.py"
    before, after = (
        _run(python, script, folder, cwd=folder, PYTHONHASHSEED="0")
        for folder in (release(version), treated(version))
    )
    assert len(before) > 1_000_000
    assert after.splitlines() == before.splitlines()


@pytest.mark.parametrize(("python", "version"), USED)
def test_first_uses_give_the_same(
    release: Release, treated: Release, environment: Environment, python: str, version: str
) -> None:
    """Bodies, headers, threads, pickles, sources, tracebacks, patches; each in a fresh process."""
    script = HERE / "first_uses.py"
    command = (environment(python), "-W", "error", script)
    before, after = (
        _run(*command, folder, cwd=folder) for folder in (release(version), treated(version))
    )
    assert after == before
    assert before.splitlines()[-1] == "patches"


@pytest.mark.parametrize("version", LISTED)
def test_a_request_loads_only_what_it_uses(
    treated: Release, environment: Environment, version: str
) -> None:
    """Every listed release; what the interpreter itself loads is left out."""
    folder = treated(version)
    python = (environment(PYTHONS[-1]), "-I", "-S")
    plain = _run(*python, "-c", "import sys, os, io; print(*sys.modules)", cwd=folder)
    loaded = _run(*python, HERE / "first_uses.py", folder, "loaded", cwd=folder).splitlines()[-1]
    assert sorted(set(loaded.split()) - set(plain.split())) == [
        *("__future__", "_collections", "_operator", "collections", "collections.abc"),
        *("itertools", "keyword", "operator", "reprlib", "werkzeug", "werkzeug._deferred"),
        *("werkzeug._internal", "werkzeug.datastructures", "werkzeug.datastructures.headers"),
        *("werkzeug.datastructures.mixins", "werkzeug.datastructures.structures"),
        *("werkzeug.exceptions", "werkzeug.http", "werkzeug.sansio", "werkzeug.sansio.request"),
        *("werkzeug.sansio.response", "werkzeug.utils", "werkzeug.wrappers"),
        *("werkzeug.wrappers.request", "werkzeug.wrappers.response", "werkzeug.wsgi"),
    ]


@pytest.mark.parametrize("version", ["3.0.0", NEWEST])
def test_only_what_it_says_is_written(release: Release, treated: Release, version: str) -> None:
    """Lines keep their numbers; text is added at the end alone; no other file changes."""
    before, after = release(version) / "werkzeug", treated(version) / "werkzeug"
    names = sorted(path.relative_to(before) for path in before.rglob("*.py"))
    assert sorted(path.relative_to(after) for path in after.rglob("*.py")) == sorted(
        [*names, Path("_deferred.py")]
    )
    untouched = []
    for name in names:
        old, new = (before / name).read_text(), (after / name).read_text()
        if old == new:
            untouched.append(name.parts[0])
            continue
        defined = [
            (number, line.strip())
            for number, line in enumerate(old.splitlines())
            if line.startswith("def ") and line != "def __getattr__(name: str) -> t.Any:"
        ]
        lines = new.splitlines()
        assert [line for number, line in defined if lines[number].strip() != line] == []
    assert {"debug", "local.py", "middleware", "serving.py", "test.py"} <= set(untouched)


def test_every_replacement_has_something_to_replace(release: Release) -> None:
    sources = {}
    for path in (release(NEWEST) / "werkzeug").rglob("*.py"):
        sources[".".join(path.relative_to(release(NEWEST)).with_suffix("").parts)] = path

    missing = [
        (module, old) for module, old, _ in REPLACED if old not in sources[module].read_text()
    ]

    assert missing == []
