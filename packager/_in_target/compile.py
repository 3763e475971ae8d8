"""Compiles Python files to bytecode, under the interpreter that will run them.

Run as a script by the bundle's own Python version, so it holds to the standard library:

    python -S -s -P compile.py CACHE_TAG [--no-docstrings] < pairs

Standard input has, NUL-terminated and in turn, the path of a source file and the `co_filename` its
code gets. Each file's bytecode goes to `__pycache__/` beside it, checked against nothing
(PEP 552, unchecked hash). A file that does not compile is left without; the exit code is 0.
Without docstrings, `__doc__` is None for what a file defines, unless its own code reads docstrings,
or a decorator would make one up (`dataclass`): those stay. Asserts stay, too (-OO drops them).

Each file is compiled in a process forked for it alone: marshal marks objects by their reference
counts, so in one process the bytes for one file would depend on the files compiled before it.
"""

import ast
import importlib.util
import marshal
import os
import sys
import warnings


def main() -> None:
    """Compile the files named on standard input."""
    fields = sys.stdin.buffer.read().split(b"\0")[:-1]
    tag = os.fsencode(sys.argv[1])
    docstrings = "--no-docstrings" not in sys.argv[2:]
    warnings.simplefilter("ignore")
    limit = os.cpu_count() or 1
    running = 0
    for index in range(0, len(fields), 2):
        if running == limit:
            os.wait()
            running -= 1
        if os.fork() == 0:
            status = 1
            try:
                compile_file(fields[index], fields[index + 1], tag, docstrings)
                status = 0
            finally:
                os._exit(status)
        running += 1
    for _ in range(running):
        os.wait()


def compile_file(path: bytes, shown: bytes, tag: bytes, docstrings: bool) -> None:
    """Write the bytecode of the source `path`, whose code calls itself `shown`."""
    # pathlib would cost each run the time it takes to import.
    with open(path, "rb") as source_file:  # noqa: PTH123
        source = source_file.read()
    sys.stderr = None
    parsed = source if docstrings else without_docstrings(source)
    code = compile(parsed, os.fsdecode(shown), "exec", dont_inherit=True, optimize=0)
    folder, _, name = path.rpartition(b"/")
    cache = folder + b"/__pycache__"
    os.makedirs(cache, exist_ok=True)  # noqa: PTH103
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")  # hash-based, not checked
    data = head + importlib.util.source_hash(source) + marshal.dumps(code)
    with open(cache + b"/" + name[: -len(b".py")] + b"." + tag + b".pyc", "wb") as target:  # noqa: PTH123
        target.write(data)


def without_docstrings(source: bytes) -> ast.Module:
    """Return a source's tree with the docstrings of modules, classes and functions taken out.

    A file whose code reads docstrings keeps its own: what it does with them is not known
    (werkzeug's LocalProxy hands on its class's, and the descriptor itself where there is none).
    """
    tree = ast.parse(source)
    if any(reads_docstrings(node) for node in ast.walk(tree)):
        return tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if isinstance(node, ast.ClassDef) and any(map(makes_docstring, node.decorator_list)):
                continue
            body = node.body
            # What follows a docstring would be one if it were text, too.
            while body and is_text(body[0]):
                gone = body.pop(0)
                if not body and not isinstance(node, ast.Module):
                    body.append(ast.copy_location(ast.Pass(), gone))
    return tree


def reads_docstrings(node: ast.AST) -> bool:
    """Return whether code asks for a `__doc__`, its scope's own or any object's."""
    if isinstance(node, ast.Name):
        return node.id == "__doc__" and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Attribute):
        return node.attr == "__doc__" and isinstance(node.ctx, ast.Load)
    if not isinstance(node, ast.Call):
        return False
    name = name_of(node.func)
    return name == "getdoc" or (
        name == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value == "__doc__"
    )


def makes_docstring(decorator: ast.expr) -> bool:
    """Return whether a decorator gives a class without a docstring one, which takes its time."""
    return name_of(decorator.func if isinstance(decorator, ast.Call) else decorator) == "dataclass"


def name_of(expression: ast.expr) -> str:
    """Return the last part of a dotted name, "" for what is none."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


if __name__ == "__main__":
    main()
