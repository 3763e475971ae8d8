"""Has the bytecode of a bundle's files made by the interpreter that will run them."""

from __future__ import annotations

import json
import marshal
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from packager.contract import TASK_ROOT
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.cache import cache_folder, cached_bytes, keep_bytes
from packager.host.cache_index import packed, unpacked
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import contents_of, digest_of, scripts_state, state_of
from packager.host.target_script import IN_TARGET
from packager.host.trees import write_file
from packager.model.steps import step

COMPILE = IN_TARGET / "compile.py"
_PLAIN_FORMAT = 2  # of marshal: which each Python reads
_NOT_WRITTEN = 100  # and the error's number: compile.py's exit code
_LEFT = "left as they are.json"  # beside the bytecode in the cache; no source is called so


@dataclass(frozen=True, slots=True)
class Job:
    """Files to compile, posix paths of Python sources, in one way.

    Without `docstrings` what they define has none. `waiting` are the rules by which imports wait
    until what they bind is used.
    """

    files: frozenset[str]
    docstrings: bool = True
    waiting: Mapping[str, object] | None = None


def compile_files(
    interpreter: Interpreter,
    root: Path,
    files: Iterable[str],
    *,
    columns: bool = True,
    docstrings: bool = True,
    waiting: Mapping[str, object] | None = None,
) -> list[str]:
    """Compile `files` in `root` in one way, as `compile_jobs` does."""
    jobs = [Job(frozenset(files), docstrings, waiting)]
    return compile_jobs(interpreter, root, jobs, columns=columns)


def compile_jobs(
    interpreter: Interpreter, root: Path, jobs: Iterable[Job], *, columns: bool
) -> list[str]:
    """Compile the files of all `jobs`, in the folder `root`, into `__pycache__`.

    The bytes follow from a file's contents, its path and the interpreter alone. Files that don't
    parse are left without bytecode: packages carry such (templates, other versions). Without
    `columns`, tracebacks mark no part of a line (PEP 657), and bytecode is a fifth smaller.
    Returned are the files that rules left as they are for their shape.
    """
    asked = [
        _asked(job, [[file, f"{TASK_ROOT}/{file}"] for file in sorted(job.files)])
        for job in jobs
        if job.files
    ]
    if not asked:
        return []
    request = {"root": str(root.absolute()), "tag": interpreter.cache_tag, "jobs": asked}
    return _compile(interpreter, request, columns=columns)


def compile_apart(
    interpreter: Interpreter, sources: Mapping[str, Path], jobs: Iterable[Job], *, columns: bool
) -> dict[str, bytes]:
    """Return the bytecode of the files of all `jobs`, and write nothing beside them.

    `sources` says where each file of a bundle is.
    """
    asked = [
        _asked(
            job,
            # From the root of all paths.
            [[str(sources[file].absolute())[1:], f"{TASK_ROOT}/{file}"] for file in job.files],
        )
        for job in jobs
        if job.files
    ]
    made: dict[str, bytes] = {}
    if not asked:
        return made
    with tempfile.TemporaryDirectory() as packs:
        request = {"root": "", "tag": interpreter.cache_tag, "jobs": asked, "packs": packs}
        _compile(interpreter, request, columns=columns)
        for path in Path(packs).iterdir():
            pack = BytesIO(path.read_bytes())
            while pack.tell() < len(pack.getbuffer()):
                shown, code = marshal.load(pack)  # noqa: S302 - compile.py's
                made[shown.removeprefix(f"{TASK_ROOT}/")] = code
    return made


def _asked(job: Job, files: list[list[str]]) -> dict[str, Any]:
    return {"files": files, "docstrings": job.docstrings, "waiting": job.waiting}


def _compile(interpreter: Interpreter, request: dict[str, Any], *, columns: bool) -> list[str]:
    """Have compile.py do what is asked; return the files that rules left as they are."""
    # Not -I, which would ignore PYTHONHASHSEED; with nothing else in the environment these flags
    # shut out the same: site, the user's packages, the script's own folder.
    flags = ["-s", "-S", "-P", "-B", "-X", "utf8"]
    if not columns:
        flags += ["-X", "no_debug_ranges"]
    with step("compiling to bytecode"):
        code, out, said = _run([interpreter.path, *flags, COMPILE], request)
    if code > _NOT_WRITTEN:
        number = code - _NOT_WRITTEN
        raise OSError(number, os.strerror(number), request.get("packs") or request["root"])
    if code:
        raise PackagerError(
            f"{interpreter.path} could not compile bytecode: "
            f"{said.decode('utf-8', 'replace').strip()}",
            hint="check that interpreter, or build with --no-bytecode",
        )
    return sorted(os.fsdecode(path) for path in out.split(b"\0") if path)


def _run(command: list[str | Path], request: dict[str, Any]) -> tuple[int, bytes, bytes]:
    """Return the exit code of compile.py, and what it wrote."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONHASHSEED": "0", "LC_ALL": "C"},
        cwd="/",
        process_group=0,
    ) as process:
        try:
            out, said = process.communicate(marshal.dumps(request, _PLAIN_FORMAT))
        except BaseException:  # a signal: none of its processes may write on
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()  # until all of them are gone
            raise
    return process.returncode, out, said


def compile_once(
    interpreter: Interpreter, root: Path, jobs: Iterable[Job], *, columns: bool = True
) -> list[str]:
    """Do the same, but for jobs that the cache has the bytecode of, by what the files contain."""
    cache = cache_folder()
    wanted = [job for job in jobs if job.files]
    if cache is None:
        return compile_jobs(interpreter, root, wanted, columns=columns)
    made_by = [state_of(interpreter.path), interpreter.version, scripts_state(), columns]
    missing: list[tuple[str, Job]] = []
    left: list[str] = []
    for job in wanted:
        key = f"compiled/{digest_of([made_by, *_described(root, job)])}"
        kept = unpacked(cached_bytes(cache, key))
        if kept is None:
            missing.append((key, job))
            continue
        left += json.loads(kept.pop(_LEFT))
        for name, code in kept.items():
            write_file(bytecode_of(root / name, interpreter), code)
    found = compile_jobs(interpreter, root, [job for _, job in missing], columns=columns)
    for key, job in missing:
        paths = {name: bytecode_of(root / name, interpreter) for name in sorted(job.files)}
        made = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
        made[_LEFT] = json.dumps(sorted(job.files.intersection(found))).encode()
        keep_bytes(cache, key, packed(made))
    return sorted({*left, *found})


def _described(root: Path, job: Job) -> list[object]:
    """Return what bytecode follows from but the interpreter."""
    files = sorted(job.files)
    beside: list[list[str]] = []
    if job.waiting is not None:  # the names of submodules have a say in what waits
        packages = [name for name in files if PurePosixPath(name).name == "__init__.py"]
        beside = [sorted(os.listdir((root / name).parent)) for name in packages]  # noqa: PTH208
    return [job.docstrings, job.waiting, contents_of(root, files), beside]


def bytecode_of(source: Path, interpreter: Interpreter) -> Path:
    """Return where Python looks for the bytecode of a source."""
    return source.parent / "__pycache__" / f"{source.stem}.{interpreter.cache_tag}.pyc"
