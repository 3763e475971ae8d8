"""Checks the bytecode in a finished zip, under the interpreter that will run it.

Run as a script by the bundle's own Python version, so it holds to the standard library:

    python -S -s -P -B check_zip.py ZIP TASK_ROOT

Every line on standard output is a fault; the exit code is 0. Valid is what the import system takes
without a second look and what tracebacks can be read from: this Python's magic number, "unchecked
hash" (PEP 552), code that names its source under TASK_ROOT, and a source beside it.
"""

import importlib.util
import marshal
import sys
import warnings
import zipfile

ARCHIVE = "endpoint_runtime/code.bin"  # packager/bundle/code_archive.py
_HEADER = 16  # bytes: magic number, flags, hash of the source
_UNCHECKED = (1).to_bytes(4, "little")


def main() -> None:
    """Write what is wrong."""
    warnings.simplefilter("ignore")
    path, root = sys.argv[1:]
    with zipfile.ZipFile(path) as archive:
        for fault in check(archive, root):
            sys.stdout.buffer.write(fault.encode("utf-8", "backslashreplace") + b"\n")


def check(archive: zipfile.ZipFile, root: str) -> list[str]:
    """Return the faults of an archive's bytecode, a line each."""
    names = set(archive.namelist())
    faults, compiled = check_archive(archive, names, root)
    for name in sorted(names):
        folder, cache, file = name.rpartition("__pycache__/")
        if not cache or not file.endswith(".pyc"):
            continue
        stem, _, tag = file.removesuffix(".pyc").rpartition(".")
        source = f"{folder}{stem}.py"
        compiled.add(source)
        if tag != sys.implementation.cache_tag:
            faults.append(f"{name} is for another Python than {sys.implementation.cache_tag}")
        elif source not in names:
            faults.append(f"{name} has no source beside it")
        else:
            fault = fault_of(archive.read(name), f"{root}/{source}")
            faults += [f"{name} {fault}"] if fault else []
    for name in sorted(names - compiled):
        if compiled and name.endswith(".py") and parses(archive.read(name)):
            faults.append(f"{name} has no bytecode")
    return faults


def check_archive(
    archive: zipfile.ZipFile, names: set[str], root: str
) -> tuple[list[str], set[str]]:
    """Return the faults of the archive of code, and the sources of what is in it."""
    if ARCHIVE not in names:
        return [], set()
    data = archive.read(ARCHIVE)
    if data[:4] != importlib.util.MAGIC_NUMBER:
        return [f"{ARCHIVE} has the magic number {data[:4].hex()}"], set()
    front = 12 + int.from_bytes(data[4:8], "little")
    end = front + int.from_bytes(data[8:12], "little")
    try:
        codes = marshal.loads(data[12:front])[1]  # noqa: S302 - the packager's own
        index = marshal.loads(data[front:end])  # noqa: S302
    except (EOFError, ValueError, TypeError):
        return [f"{ARCHIVE} is damaged"], set()
    faults, sources = [], set()
    for name, (is_package, start, length) in index.items():
        source = name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        sources.add(source)
        shown = f"{root}/{source}"
        if source not in names:
            fault = "has no source"
        elif start >= 0:
            fault = code_fault(data[end + start : end + start + length], shown, name)
        elif name in codes:
            fault = name_fault(codes[name], shown)
        else:  # a package that has nothing in it needs no code
            fault = "" if is_package else "has no code"
        faults += [f"{ARCHIVE}: {name} {fault}"] if fault else []
    return faults, sources


def fault_of(data: bytes, source: str) -> str:
    """Return what is wrong with one file's bytecode, "" for nothing."""
    if data[:4] != importlib.util.MAGIC_NUMBER:
        return f"has the magic number {data[:4].hex()}, not {importlib.util.MAGIC_NUMBER.hex()}"
    if data[4:8] != _UNCHECKED:
        return "would be checked against its source (PEP 552 flags)"
    return code_fault(data[_HEADER:], source)


def code_fault(data: bytes, source: str, name: str = "") -> str:
    """Return what is wrong with marshalled code that calls itself `source`, "" for nothing; with
    others' in one value it goes by its module's `name`."""
    try:
        code = marshal.loads(data)  # noqa: S302 - the packager's own
        if isinstance(code, tuple):
            code = code[1][name]
    except (EOFError, ValueError, TypeError, LookupError):
        return "is damaged"
    return name_fault(code, source)


def name_fault(code: object, source: str) -> str:
    """Return what is wrong with code that should call itself `source`, "" for nothing."""
    found = getattr(code, "co_filename", None)
    return "" if found == source else f"names the source {found}, not {source}"


def parses(source: bytes) -> bool:
    """Return whether a source is one for this Python."""
    try:
        compile(source, "", "exec", dont_inherit=True)
    except Exception:
        return False
    return True


if __name__ == "__main__":
    main()
