"""Faults that `packager check` of a folder does not find, each made by what says it.

Those of builds would take a build each: here is what notices them. `write` puts files where a
repository can't have them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from packager.bundle.preload import check_preload
from packager.bundle.size import check_zip_size
from packager.dependencies.broken_packages import broken_package
from packager.dependencies.source_builds import warn_of_builds
from packager.endpoints.checks import check_references, check_size
from packager.errors import Diagnostic, Diagnostics, InvalidInput, PackagerError, Place
from packager.host.cache import cached_folder
from packager.host.interpreter import Interpreter
from packager.host.uv import UvRun
from packager.inputs.dotenv_file import read_env_file
from packager.local.missing_values import RunValues, warn_of_lacking
from packager.model.options import Options, SsmSource
from packager.requirements.hashes import Stated, hold_to_hashes
from packager.requirements.read import read_requirements
from packager.settings.push import Push
from packager.settings.writes import Value
from tests.support.template_builders import make_plan, make_setting

PLACE = Place("tiny/packager.toml", 3, 1)
LOCK = """\
lock-version = "1.0"
packages = [{ name = "segno", version = "1.6.1", wheels = [
  { name = "segno-1.6.1-py3-none-any.whl", hashes = { sha256 = "00" } },
] }]
"""


def _lock(root: Path) -> Path:
    lock = root / "pylock.toml"
    lock.write_text(LOCK)
    return lock


def _hash_mismatch(root: Path, diagnostics: Diagnostics) -> None:
    stated = Stated("segno", "sha256", "ff", Place("tiny/requirements.txt", 2))
    hold_to_hashes(_lock(root), [stated], required=None)


def _no_hash(root: Path, diagnostics: Diagnostics) -> None:
    hold_to_hashes(_lock(root), [], required=Place("tiny/requirements.txt", 1))


def _large_zip(root: Path, diagnostics: Diagnostics) -> None:
    check_zip_size("TinyFunction.zip", 60 * 1024 * 1024, diagnostics)


def _missing_module(root: Path, diagnostics: Diagnostics) -> None:
    import sys

    options = Options(preload=("json", "webhooks.gone"), places={"preload.1": PLACE})
    here = Interpreter(Path(sys.executable), (3, 13, 0), "x86_64")
    check_preload(options, here, ["webhooks/signature.py"], [], diagnostics)


def _built(root: Path, diagnostics: Diagnostics) -> None:
    (root / "requirements.txt").write_text("segno\n")
    requirements = read_requirements(root, "tiny", diagnostics)
    warn_of_builds(["segno"], "bubblewrap", requirements, diagnostics)


def _no_sandbox(root: Path, diagnostics: Diagnostics) -> None:
    warn_of_builds(["segno"], None, read_requirements(root, "tiny", diagnostics), diagnostics)
    diagnostics.all = [each for each in diagnostics.all if each.code == "no-sandbox"]


def _broken_package(root: Path, diagnostics: Diagnostics) -> None:
    (root / "lib").mkdir()
    (root / "lib" / "pyproject.toml").write_text("[project]\nname = lib\n")
    (root / "requirements.txt").write_text("./lib\n")
    requirements = read_requirements(root, "tiny", diagnostics)
    problem = (
        "TOML parse error at line 2, column 8\n  |\n2 | name = lib\n  |        ^^^\n"
        "string values must be quoted\n"
    )
    refused = broken_package(UvRun(1, "", problem), requirements)
    assert refused is not None
    raise refused


def _no_credentials(root: Path, diagnostics: Diagnostics) -> None:
    plan = make_plan(declared=[make_setting("colour")], settings={"colour": SsmSource("/colour")})
    warn_of_lacking(plan, RunValues({}), diagnostics)


def _conflicting_values(root: Path, diagnostics: Diagnostics) -> None:
    one, two = make_setting("one"), make_setting("two")
    plan = make_plan(declared=[one, two], settings={"one": SsmSource("/x"), "two": SsmSource("/x")})
    Push([Value(plan, one, "a", PLACE), Value(plan, two, "b", PLACE)], diagnostics)


def _invalid_dotenv(root: Path, diagnostics: Diagnostics) -> None:
    (root / ".env").write_text("COLOUR=grey\nSIZE='large\n")
    read_env_file(Path(".env"), diagnostics, {})


def _cache_damaged(root: Path, diagnostics: Diagnostics) -> None:
    def make(entry: Path) -> None:
        (entry / "x").write_text("sound")

    def note(message: str) -> None:
        diagnostics.warn("cache-damaged", message.replace(str(root), "~/.cache/packager"))

    entry = cached_folder(root, "runtime/0", make, note)
    (entry / "x").write_text("damaged")
    cached_folder(root, "runtime/0", make, note)


def _function(**parts: Any) -> Any:
    declaration = SimpleNamespace(store="ssm", setting=lambda name: make_setting(name))
    return SimpleNamespace(declaration=declaration, aws=SimpleNamespace(), **parts)


def _advanced_parameter(root: Path, diagnostics: Diagnostics) -> None:
    store = SimpleNamespace(size=lambda endpoint: 5000)
    endpoint: Any = SimpleNamespace(name="acme")
    check_size(_function(store=store), endpoint, {}, Place("acme.yaml", 1), diagnostics)


def _unchecked_value(root: Path, diagnostics: Diagnostics) -> None:
    def parameters(names: object) -> object:
        raise PackagerError("AWS refused it: AccessDenied")

    function = _function()
    function.aws.parameters = parameters
    source = SsmSource("/acme/key")
    check_references(function, {("api_key", source): Place("acme.yaml", 4, 12)}, diagnostics)


FAULTS: dict[str, Callable[[Path, Diagnostics], None]] = {
    "advanced-parameter": _advanced_parameter,
    "broken-package": _broken_package,
    "built-from-source": _built,
    "cache-damaged": _cache_damaged,
    "conflicting-values": _conflicting_values,
    "hash-mismatch": _hash_mismatch,
    "invalid-dotenv": _invalid_dotenv,
    "large-zip": _large_zip,
    "missing-module": _missing_module,
    "no-credentials": _no_credentials,
    "no-hash": _no_hash,
    "no-sandbox": _no_sandbox,
    "unchecked-value": _unchecked_value,
}


def found(code: str, root: Path) -> list[Diagnostic]:
    """What is said of the fault `code`, made in the folder `root`."""
    diagnostics = Diagnostics()
    try:
        FAULTS[code](root, diagnostics)
    except InvalidInput as refused:
        diagnostics.extend(refused.diagnostics)
    return diagnostics.all


def _link(root: Path) -> None:
    (root / "static.html").symlink_to("gone.html")


def _folder(root: Path) -> None:
    (root / "requirements.txt").mkdir()


def _patterns(root: Path) -> None:
    (root / ".difyignore").write_text("".join(f"a?{number}\n" for number in range(3000)))


def _nothing(root: Path) -> None:
    root.rename(root.with_name("other"))


def _package(name: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        with zipfile.ZipFile(root.with_name("tiny.difypkg"), "w") as archive:
            for path in sorted(root.rglob("*.*")):
                archive.write(path, path.relative_to(root))
            if name:
                archive.writestr(name, "")

    return make


def _token(root: Path) -> None:
    # Put together here: a token in the repository would be refused by whoever keeps it.
    token = "xox" + "b-123456789012-abcDEFghi"
    source = root / "endpoints" / "duck.py"
    source.write_text(f'TOKEN = "{token}"\n{source.read_text()}')


WRITTEN: dict[str, Callable[[Path], None]] = {
    "broken-link": _link,
    "invalid-ignore-file": _patterns,
    "not-permitted": _package(""),
    "secret-literal": _token,
    "unreadable-file": _folder,
    "unreadable-plugin": _nothing,
    "unsafe-package": _package("../evil.py"),
}
