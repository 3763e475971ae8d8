"""Finds built bundles, and reads what they say of themselves."""

from __future__ import annotations

import ast
import contextlib
import functools
import shlex
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packager.contract import FORMAT, HANDLERS, LITERALS
from packager.dataclass import dataclass
from packager.errors import PackagerError, UsageError
from packager.host.kept_answers import state_of
from packager.model.options import Architecture, Entry
from packager.paths import is_file, is_folder


@dataclass(frozen=True, slots=True)
class BuiltBundle:
    """A bundle on disk, unpacked. `timeout` is in seconds; `variables` its settings come from,
    `settings` are those that its group declares."""

    folder: Path
    function: str
    python: str
    architecture: Architecture
    timeout: int
    variables: tuple[str, ...]
    handler: str = HANDLERS["native"]
    entry: Entry = "stock"
    stream: bool = False
    plugin: str = ""
    group: str = ""
    endpoints: Mapping[str, Any] | None = None  # where managed ones are kept; None for a single one
    settings: tuple[str, ...] = ()
    storage: str | None = None  # its kind, if the configuration names one
    routes: tuple[tuple[str, str, str], ...] = ()  # path, method, source
    events: tuple[tuple[str, str, str | None], ...] = ()  # source, where to, ARN if it is known
    diet: str = ""  # the package on the import diet and its version
    diet_packages: tuple[str, ...] = ()  # the others on it

    @property
    def made(self) -> str:
        """What users make for it: endpoints, or subscriptions where it is a provider's."""
        return "subscription" if "provider" in (self.endpoints or {}) else "endpoint"

    @property
    def compiled(self) -> bool:
        """Whether it holds compiled code, which runs on one architecture alone."""
        return any(self.folder.rglob("*.so")) or any(self.folder.rglob("*.so.*"))


def read_bundle(folder: Path) -> BuiltBundle:
    """Read the literals of the bundle in `folder`; raise `PackagerError` if it has none."""
    try:
        tree = ast.parse((folder / LITERALS).read_bytes())
        literals = {
            target.id: statement.value
            for statement in tree.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        found = ast.literal_eval(literals["FORMAT"])
        if found != FORMAT:
            raise PackagerError(
                f"{folder} is a bundle of format {found}, and this packager knows format {FORMAT}",
                hint="build it again",
            )
        optional = {
            name.lower(): ast.literal_eval(literals[name])
            for name in (
                "HANDLER",
                "ENTRY",
                "PLUGIN",
                "GROUP",
                "ENDPOINTS",
                "STREAM",
                "ROUTES",
                "EVENTS",
                "DIET",
                "DIET_PACKAGES",
            )
            if name in literals
        }
        return BuiltBundle(
            folder,
            ast.literal_eval(literals["FUNCTION"]),
            ast.literal_eval(literals["PYTHON"]),
            ast.literal_eval(literals["ARCHITECTURE"]),
            ast.literal_eval(literals["TIMEOUT"]),
            tuple(
                dict.fromkeys(
                    _variables(literals["SOURCES"], literals.get("APPS"), literals.get("KEYS"))
                )
            ),
            settings=tuple(_settings(literals.get("SETTINGS"))),
            storage=_kind(literals.get("STORAGE")),
            **optional,
        )
    except (OSError, ValueError, SyntaxError, KeyError) as fault:
        raise PackagerError(
            f"{folder} is not a bundle that can be read: {LITERALS} is missing or damaged",
            hint="build it again",
        ) from fault


def _variables(*sources: ast.expr | None) -> Iterator[str]:
    """Yield the environment variables that SOURCES, APPS and KEYS name.

    Literals are not looked at.
    """
    for each in sources:
        for source in each.values if isinstance(each, ast.Dict) else ():
            match source:
                case ast.Tuple(elts=[ast.Constant(value="env"), ast.Constant(value=str(name))]):
                    yield name


def _kind(storage: ast.expr | None) -> str | None:
    """Return the kind that STORAGE names, None for none."""
    match storage:
        case ast.Tuple(elts=[ast.Constant(value=str(kind)), *_]):
            return kind
    return None


def _settings(declaration: ast.expr | None) -> Iterator[str]:
    """Yield the names of SETTINGS. Its other literals are not looked at, either."""
    for setting in declaration.elts if isinstance(declaration, ast.Tuple) else ():
        for key, value in (
            zip(setting.keys, setting.values, strict=True) if isinstance(setting, ast.Dict) else ()
        ):
            match key, value:
                case ast.Constant(value="name"), ast.Constant(value=str(name)):
                    yield name


def is_bundle(path: Path) -> bool:
    """Whether `path` is the folder or the zip of a bundle."""
    if is_folder(path):
        return is_file(path / LITERALS)
    return is_file(path) and _is_zip_of_bundle(path, str(state_of(path)))


@functools.lru_cache(maxsize=100)
def _is_zip_of_bundle(path: Path, state: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(LITERALS)
    except (OSError, zipfile.BadZipFile, KeyError):
        return False
    return True


def bundles_in(path: Path) -> dict[str, Path]:
    """Return the bundles that the folder `path` holds, by name; a folder goes before its zip."""
    found: dict[str, Path] = {}
    for entry in sorted(path.iterdir()) if is_folder(path) else ():
        if is_folder(entry) and is_bundle(entry):
            found[entry.name] = entry
        elif entry.suffix == ".zip" and is_bundle(entry):
            found.setdefault(entry.stem, entry)
    return found


def choose_function(display: str, function: str | None, names: list[str]) -> str:
    """Return the one of `names` that `function` asks for; raise `UsageError` if that is unclear."""
    listing = ", ".join(names)
    if function is None and len(names) == 1:
        return names[0]
    if function is None:
        raise UsageError(
            f"{display} has {len(names)} functions: {listing}",
            hint=f"choose one with --function {shlex.quote(names[0])}",
        )
    if function not in names:
        raise UsageError(f"{display} has no function {function}", hint=f"it has {listing}")
    return function


@contextlib.contextmanager
def bundle_folder(path: Path) -> Iterator[Path]:
    """Yield the folder of the bundle at `path`; a zip is unpacked for as long as it is used."""
    if is_folder(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="packager-") as folder:
        root = Path(folder).resolve()
        try:
            with zipfile.ZipFile(path) as archive:
                for entry in archive.infolist():
                    unpacked = Path(archive.extract(entry, root))  # never outside of root
                    if entry.external_attr >> 16 & 0o100 and not entry.is_dir():
                        unpacked.chmod(0o755)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as fault:
            raise PackagerError(f"{path} can't be unpacked: {fault}") from fault
        yield root
