"""Compiles Python files to bytecode, under the interpreter that will run them.

Run as a script by the bundle's own Python version, so it holds to the standard library:

    python -S -s -P compile.py < what

Standard input has one dict, marshalled: `root`, a folder, `tag`, the interpreter's in names of
bytecode, and `jobs`, each with `files`, pairs of a posix path in the root and the `co_filename`
that its code gets, `docstrings`, whether there are any, and `waiting`, rules or None. Each file's
bytecode goes to `__pycache__/` beside it, checked against nothing (PEP 552, unchecked hash). With
`packs`, a folder, nothing is written beside: the files in it get pairs of a `co_filename` and the
bytecode, each marshalled. A file that does not compile is left without; the exit code is 0. If
there is no room for bytecode, it is 100 more than the number of that error. Without docstrings,
`__doc__` is None for what a file defines, unless its own code reads docstrings, or a decorator
would make one up (`dataclass`): those stay. Asserts stay, too (-OO drops them).

By rules, imports wait until what they bind is used (`waiting/imports.py`). If they have `shapes`,
standard output gets the paths, each with a NUL, of those files that are of another shape
(`waiting/shape.py`) and are compiled as they are.

As many files at once are compiled as there are processors; the bytes for one don't depend on those
before it (`stable_marshal.py`).

    python -S -s -P compile.py --join < groups

marshals the code of many modules as one value, in which what they share is written once. Standard
input has, marshalled, for each group of modules a list of module name, whether it is a package, and
its marshalled code, None for a package without. Standard output gets, marshalled, a list of such
values, one for each group: a pair of dicts, whether each module is a package, and the code of those
that have some.
"""

from __future__ import annotations

import errno
import gc
import importlib.util
import marshal
import os
import sys
import warnings

# The flags leave out all but Python's own. pathlib would cost each run the time it takes to import.
sys.path.append(os.path.abspath(f"{__file__}/../../.."))  # noqa: PTH100

from packager._in_target import stable_marshal

TYPE_CHECKING = False  # `typing` and `ast` take longer than most of what is compiled
if TYPE_CHECKING:
    import ast
    import types
    from collections.abc import Callable
    from typing import Any

    # Takes a source, its path in the root, and what its code is to call itself.
    Compile = Callable[[bytes, str, str], types.CodeType]
    Work = tuple[str, str, Compile]  # a path, what the code calls itself, and how it is compiled

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_NOT_WRITTEN = 100  # and the error's number: an exit code
_PLAIN_FORMAT = 2  # of marshal: which each Python reads
# What -OO changes besides, and what asks for docstrings or makes some up.
_NEEDS_TREE = (b"assert", b"__debug__", b"__doc__", b"getdoc", b"dataclass")


def main() -> None:
    """Compile the files that standard input names, or join them."""
    if sys.argv[1:2] == ["--join"]:
        join()
        return
    request = marshal.load(sys.stdin.buffer)  # noqa: S302 - the packager's own
    root, tag = request["root"], request["tag"]
    warnings.simplefilter("ignore")
    os.umask(0o022)  # a bundle's files are everybody's to read
    work: list[Work] = []
    for job in request["jobs"]:
        compiled = compiler(root, job)
        work += [(path, shown, compiled) for path, shown in job["files"]]
    compile_all(root, tag, work, request.get("packs"))


def compile_all(root: str, tag: str, work: list[Work], packs: str | None = None) -> None:
    """Compile files in as many processes as there are processors."""
    sizes = {path: size_of(f"{root}/{path}") for path, *_ in work}
    work.sort(key=lambda each: -sizes[each[0]])  # the largest first: all processes end together
    gc.disable()  # trees of syntax have no circles
    gc.freeze()
    take, give = os.pipe()  # has the number of the next file, for who is free
    os.write(give, bytes(4))

    def start() -> None:
        if not os.fork():
            try:
                compile_next(root, tag, work, (take, give), packs)
                os._exit(0)
            except OSError as error:
                os._exit(_NOT_WRITTEN + (error.errno or 0))
            finally:
                os._exit(1)

    running = min(os.cpu_count() or 1, len(work))
    for _ in range(running):
        start()
    failed = 0
    while running:
        code = os.waitstatus_to_exitcode(os.wait()[1])
        if code and code < _NOT_WRITTEN:  # a file was too much for it: another goes on
            start()
        else:
            running -= 1
            failed = failed or code
    sys.exit(failed)


def compile_next(
    root: str, tag: str, work: list[Work], pipe: tuple[int, int], packs: str | None
) -> None:
    """Compile one file after another, until there are no more."""
    sys.stderr = None
    take, give = pipe
    while True:
        number = int.from_bytes(os.read(take, 4), "little")
        os.write(give, (number + 1).to_bytes(4, "little"))
        if number >= len(work):
            return
        path, shown, compiled = work[number]
        try:
            data = bytecode_of(root, path, shown, compiled)
            if packs is None:
                write_beside(f"{root}/{path}", tag, data)
            else:
                with open(f"{packs}/{os.getpid()}", "ab") as pack:  # noqa: PTH123
                    pack.write(marshal.dumps((shown, data), _PLAIN_FORMAT))
        except Exception as error:  # packages carry what no Python compiles
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise


def bytecode_of(root: str, path: str, shown: str, compiled: Compile) -> bytes:
    """Return the bytecode of the source `path`, whose code calls itself `shown`."""
    with open(f"{root}/{path}", "rb") as source_file:  # noqa: PTH123 - of each file, as are these
        source = source_file.read()
    code = compiled(source, path, shown)
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")  # hash-based, not checked
    return head + importlib.util.source_hash(source) + stable_marshal.dumps(code)


def write_beside(path: str, tag: str, data: bytes) -> None:
    """Write the bytecode of the source `path` to where Python looks for it."""
    folder, _, name = path.rpartition("/")
    os.makedirs(f"{folder}/__pycache__", exist_ok=True)  # noqa: PTH103
    target = f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"
    with open(target, "wb") as bytecode:  # noqa: PTH123
        bytecode.write(data)


def size_of(path: str) -> int:
    """Return the bytes of a file, 0 for what can't be read."""
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return 0


def join() -> None:
    """Write the code of each group of modules that standard input names as one value."""
    made = []
    for group in marshal.load(sys.stdin.buffer):  # noqa: S302
        packages: dict[str, bool] = {}
        codes: dict[str, object] = {}
        for name, is_package, code in group:
            packages[name] = is_package
            if code is not None:
                codes[name] = marshal.loads(code)  # noqa: S302
        made.append(stable_marshal.dumps((packages, codes)))
    sys.stdout.buffer.write(marshal.dumps(made, _PLAIN_FORMAT))


def compiler(root: str, job: dict[str, Any]) -> Compile:
    """Return what compiles the sources of a job."""
    if job["waiting"] is not None:
        parse = waiting_parser(root, job["waiting"], [path for path, _ in job["files"]])
        return lambda source, path, shown: as_it_is(parse(source, path) or source, shown)
    if job["docstrings"]:
        return lambda source, path, shown: as_it_is(source, shown)
    return lambda source, path, shown: without_docstrings(source, shown)


def as_it_is(source: bytes | ast.Module, shown: str) -> types.CodeType:
    """Return the code of a source, or of its tree."""
    return compile(source, shown, "exec", dont_inherit=True, optimize=0)


def without_docstrings(source: bytes, shown: str) -> types.CodeType:
    """Return the code of a source whose docstrings are left out."""
    # -OO leaves them out in a third of the time that a tree takes, and besides what these words
    # are about.
    if not any(word in source for word in _NEEDS_TREE):
        return compile(source, shown, "exec", dont_inherit=True, optimize=2)
    from packager._in_target.docstrings import tree_without_docstrings

    return as_it_is(tree_without_docstrings(source), shown)


def waiting_parser(
    root: str, given: dict[str, Any], paths: list[str]
) -> Callable[[bytes, str], ast.Module | None]:
    """Return what parses a source and has its imports wait, as all of the sources allow; it returns
    None for one that stays as it is."""
    import ast

    from packager._in_target.waiting.imports import with_waiting_imports
    from packager._in_target.waiting.plugin_rules import plugin_rules
    from packager._in_target.waiting.replaced import replaced
    from packager._in_target.waiting.rules import Rules

    shapes = given.get("shapes")
    modules = frozenset(given["modules"])
    if given["library"]:
        modules |= sys.stdlib_module_names
    made: Rules | None = Rules(
        modules - {*given["eager"]},
        frozenset(given["eager"]),
        annotations_read=bool(given.get("annotations_read")),
        relative=bool(given.get("relative")),
        package=bool(given.get("package")),
        texts=bool(given.get("texts")),
        types=bool(given.get("types")),
    )
    left: set[str] = set()
    if made is not None and not made.package:
        made, left = plugin_rules(made, root, read_all(root, paths))

    def parse(source: bytes, path: str) -> ast.Module | None:
        if made is None or f"{root}/{path}" in left:
            return None
        tree = None if shapes is None else tree_of_shape(source, shapes.get(path))
        if tree is None and shapes is not None:
            os.write(1, os.fsencode(path) + b"\0")  # whole: nothing but this writes so little
            return None
        said = replaced(source, given.get("replaced", {}).get(path, ()))
        rules = made.changed(submodules=submodules(root, path))
        tree = with_waiting_imports(said, rules, tree if said == source else None)
        return ast.parse(said) if tree is None and said != source else tree

    return parse


def read_all(root: str, paths: list[str]) -> dict[str, bytes]:
    """Return the contents of files, by their whole paths."""
    found = {}
    for path in paths:
        with open(f"{root}/{path}", "rb") as file:  # noqa: PTH123
            found[f"{root}/{path}"] = file.read()
    return found


def tree_of_shape(source: bytes, shape: str | None) -> ast.Module | None:
    """Return the tree of a module; None where one of a newer release imports others than it did."""
    if shape is None:
        return None
    import ast

    from packager._in_target.waiting.shape import shape_of

    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    return tree if shape_of(tree) == shape else None


def submodules(root: str, path: str) -> frozenset[str]:
    """Return the names of what lies beside a package's `__init__.py`; none for another module."""
    folder, name = os.path.split(f"{root}/{path}")
    if name != "__init__.py":
        return frozenset()
    return frozenset(each.partition(".")[0] for each in os.listdir(folder))  # noqa: PTH208


if __name__ == "__main__":
    main()
