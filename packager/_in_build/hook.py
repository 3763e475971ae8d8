"""Stands in for the Python that uv builds packages with, and shuts in what a package brings along.

uv is given an environment whose `python` runs this (`hook.py CONFIG.json NAME ARGUMENT...`) and is
told to make none itself, so everything that a build would run comes through here: uv fetches,
unpacks, verifies and reads; what is the package's own - its backend, its setup.py - runs in an
environment with what it asks for (wheels alone, fetched first), with none of this one's variables,
a home that is thrown away, no network and few files. Standard library only, and one file however
long it is: nothing beside it can be put in its place, nor changes what it does.

CONFIG is what `packager.dependencies.source_builds` writes. Whatever this can't make sense of is
not run.
"""

from __future__ import annotations

import json
import os
import re
import sys

# The one thing that uv asks its Python besides builds: what it is.
_QUESTION = re.compile(
    r"import sys; sys\.path = \[[^\]\n]*\] \+ sys\.path; "
    r"from python\.get_interpreter_info import main; main\(\)"
)


def _asks_what_it_is(arguments: list[str]) -> bool:
    return arguments[:-1] == ["-I", "-B", "-c"] and bool(_QUESTION.fullmatch(arguments[-1]))


if __name__ == "__main__" and _asks_what_it_is(sys.argv[3:]):
    # Each uv asks, and what follows takes as long to be imported as the answer does to be given.
    with open(sys.argv[1], "rb") as _file:  # noqa: PTH123
        _python: str = json.load(_file)["python"]
    os.execv(_python, sys.argv[2:])  # noqa: S606 - no shell, as meant

import hashlib
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import tomllib
import zipfile
import zlib
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# What a build system is where a package names none (PEP 517, and uv's own choice).
_OLD_WAY = ["setuptools>=40.8.0"]
_BACKEND = re.compile(r"^(?:from [\w.]+ import \w+|import [\w.]+) as backend$", re.MULTILINE)
_ASK_MORE = """
import json
hook = getattr(backend, "get_requires_for_build_wheel", None)
with open({answer!r}, "w") as answer:
    json.dump(list(hook({{}})) if hook else [], answer)
"""
_LOOK_SECONDS = 0.5  # how often it is looked whether uv is still there
_VARIABLE = re.compile(rb"^Requires-Dist:.*\$\{", re.MULTILINE | re.IGNORECASE)
# Names with versions and markers; no addresses, files or options.
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[\w\s.,-]*\])?\s*[^@/\\$\n]*")


def main(config_path: str, arguments: list[str]) -> int:
    """Run the build that uv asks of its Python; return the exit code."""
    config: dict[str, Any] = json.loads(Path(config_path).read_bytes())
    if len(arguments) != 2 or arguments[0] != "-c":
        _refuse(f"uv asked for what is not known here: {' '.join(arguments)[:200]}")
    build = _Build(config, Path.cwd(), arguments[1])
    return build.run()


class _Build:
    """One thing that uv wants a package's backend to do."""

    def __init__(self, config: dict[str, Any], tree: Path, script: str) -> None:
        self.config = config
        self.tree = tree
        self.script = script
        self.scratch = Path(tempfile.mkdtemp(prefix="build-", dir=config["scratch"]))
        self.outputs = self._outputs()
        self.shown = (tree, tree)  # where the sources are, and where the build sees them

    def run(self) -> int:
        # What is not in uv's cache is where its author keeps it.
        fetched = self.tree.is_relative_to(os.path.realpath(self.config["cache"]))
        roots = self.config["roots"]
        if not fetched and roots is not None:
            inside = any(self.tree.is_relative_to(root) for root in roots)
            if not inside:
                _refuse(f"{self.tree} is outside of what may be built")
        top = _checkout(self.tree) if fetched else self.tree
        # What a build leaves in its sources must not be found by the next one.
        place = self.scratch / "tree"
        shutil.copytree(top, place, symlinks=True, ignore=_ignore_special)
        self.shown = (place, top)
        place /= self.tree.relative_to(top)
        for folder in ("home", "tmp", "root"):
            (self.scratch / folder).mkdir()
        asked = _build_requires(self.tree)
        environment = self._environment(asked)
        backend = _BACKEND.search(self.script)
        if asked and backend:
            more = self._asked_for(place, environment, self.script[: backend.end()])
            if more:
                environment = self._environment([*asked, *more])
        code = self._shut_in(place, environment, self.script)
        _remove_links(self.outputs)
        _check_metadata(self.outputs)
        return code

    def _outputs(self) -> list[Path]:
        """Return the folders in uv's cache that the script writes into, made for this build."""
        cache = Path(self.config["cache"])
        names = re.findall(r"/(builds-v\d+/[^/\"'\\]+)", self.script)
        found = [cache / name for name in dict.fromkeys(names)]
        return [path for path in found if path.is_dir() and not path.is_symlink()]

    def _asked_for(self, place: Path, environment: Path, backend: str) -> list[str]:
        """Return what the backend says that it needs besides (PEP 517); `backend` imports it."""
        answer = self.scratch / "tmp" / "requires.json"
        question = backend + _ASK_MORE.format(answer=str(answer))
        code = self._shut_in(place, environment, question)
        if code:
            sys.exit(code)
        try:
            found = json.loads(answer.read_bytes()) if _is_plain(answer) else None
        except (OSError, ValueError):
            found = None
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            _refuse("the package's backend does not say what it needs")
        return list(found)

    def _environment(self, requires: list[str]) -> Path:
        """Return a virtual environment with `requires`, made of wheels, in which nothing has
        run."""
        for each in requires:
            if not _REQUIREMENT.fullmatch(each):
                _refuse(f"a build may ask for packages by name alone, not for {each!r}")
        key = hashlib.sha256(json.dumps(sorted(set(requires))).encode()).hexdigest()[:16]
        folder = Path(self.config["scratch"]) / "environments" / key
        if (folder / "complete").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        python = str(folder / "bin" / "python")
        self._uv("venv", "--python", self.config["python"], str(folder))
        if requires:
            # Not a second time into the same: what the first brought would run when uv looks at it.
            arguments = ["--python", python, "--only-binary", ":all:", "--link-mode", "copy"]
            options = [*arguments, "--no-compile-bytecode", *self.config["options"]]
            self._uv("pip", "install", *options, "--", *sorted(set(requires)))
        (folder / "complete").touch()
        return folder

    def _uv(self, *arguments: str) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in _OF_THE_BUILD}
        command = [self.config["uv"], "--quiet", "--color", "never", *arguments]
        done = subprocess.run(
            command,
            cwd=self.config["cwd"],
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            said = done.stderr.strip().removeprefix("error: ")
            _refuse(f"what the build needs can't be had as wheels:\n{said}")

    def _shut_in(self, place: Path, environment: Path, script: str) -> int:
        """Run `script` with the environment's Python where it can do little."""
        name, version = _named(self.tree)
        _note(self.config["log"], {"name": name, "version": version})
        python = str(environment / "bin" / "python")
        home, scratch = self.scratch / "home", self.scratch / "tmp"
        variables = {
            name: os.environ[name] for name in self.config["variables"] if name in os.environ
        }
        variables |= {
            "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "VIRTUAL_ENV": str(environment),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
        }
        command = [python, "-c", script]
        kind = self.config["sandbox"]
        cwd = place
        if kind is not None:
            cwd = self.tree
            spec = {
                "kind": kind,
                "command": command,
                "cwd": str(cwd),
                "root": str(self.scratch / "root"),
                "read": [*self.config["read"], str(environment)],
                "write": [
                    [str(scratch), "/tmp"],  # noqa: S108
                    [str(path) for path in self.shown],
                    *([str(path), str(path)] for path in (home, scratch, *self.outputs)),
                ],
            }
            file = self.scratch / "spec.json"
            file.write_text(json.dumps(spec), "utf-8")
            enter = str(Path(__file__).with_name("enter.py"))
            command = [sys.executable, "-I", "-S", enter, str(file)]
        process = subprocess.Popen(
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, start_new_session=True
        )
        uv = os.getppid()
        last = time.monotonic() + self.config["seconds"]
        try:
            while True:
                try:
                    return process.wait(_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    if os.getppid() != uv:
                        _refuse("uv was ended")
                    if time.monotonic() > last:
                        _refuse(f"the build did not end within {self.config['seconds']} seconds")
        finally:
            _end(process)


# Of a build that uv runs: they say what it is, and are not for the next uv.
_OF_THE_BUILD = ("UV", "UV_INTERNAL__BUILD_DIR", "VIRTUAL_ENV")


def _build_requires(tree: Path) -> list[str]:
    """Return what a package says in [build-system].requires (PEP 518)."""
    path = tree / "pyproject.toml"
    if not path.exists():
        return _OLD_WAY
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("build-system", {})
        requires = table.get("requires", _OLD_WAY) if isinstance(table, dict) else None
    except (OSError, ValueError):
        requires = None
    if not isinstance(requires, list) or not all(isinstance(each, str) for each in requires):
        _refuse(f"{path} can't be read")
    return list(requires)


def _named(tree: Path) -> tuple[str, str]:
    """Return the name and version that a package says it has, or else its folder's name."""
    try:
        text = (tree / "PKG-INFO").read_text("utf-8", "replace")
    except OSError:
        text = ""
    if text:
        from email.parser import HeaderParser

        metadata = HeaderParser().parsestr(text)
        if metadata["Name"]:
            return str(metadata["Name"]), str(metadata["Version"] or "")
    try:
        project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]
        return str(project["name"]), str(project.get("version", ""))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return tree.name, ""


def _checkout(tree: Path) -> Path:
    """Return the repository that `tree` is a part of, or itself: builds look there for versions."""
    return next((path for path in (tree, *tree.parents) if (path / ".git").is_dir()), tree)


def _note(log: str, entry: dict[str, str]) -> None:
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def _ignore_special(folder: str, names: list[str]) -> list[str]:
    """Return what can't be copied: sockets, pipes, devices."""
    usual = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
    return [n for n in names if stat.S_IFMT(Path(folder, n).lstat().st_mode) not in usual]


def _remove_links(folders: list[Path]) -> None:
    """Remove links from what uv reads next: they may lead where only uv can read."""
    for top in folders:
        for folder, folders_inside, files in os.walk(top):
            for name in (*folders_inside, *files):
                path = Path(folder, name)
                if not (_is_plain(path) or stat.S_ISDIR(path.lstat().st_mode)):
                    path.unlink()


def _check_metadata(folders: list[Path]) -> None:
    """Refuse variables in addresses that uv reads next: it would put in the value of any."""
    for top in folders:
        texts = [path.read_bytes() for path in top.rglob("METADATA")]
        for wheel in top.rglob("*.whl"):
            texts += metadata_of(wheel)
        if any(_VARIABLE.search(text) for text in texts):
            _refuse("the package's metadata asks for a variable of the environment")


def metadata_of(wheel: Path) -> list[bytes]:
    """Return what says in a wheel which packages it needs; nothing of what is not a wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return [archive.read(name) for name in names]
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return []  # uv says what is wrong with it


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _refuse(why: str) -> NoReturn:
    sys.exit(f"packager: {why}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[3:]))
