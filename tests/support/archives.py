"""Archives the bytecode of a folder, as a bundle has that of the runtime."""

from __future__ import annotations

from pathlib import Path

from packager.bundle.code_archive import Compiled, make_archive
from packager.contract import CODE_ARCHIVE
from packager.host.bytecode import bytecode_of
from packager.host.interpreter import Interpreter


def write_archive(folder: Path, interpreter: Interpreter) -> None:
    """Move the bytecode of the runtime, the SDK and werkzeug in `folder` into its archive."""
    compiled = {}
    for source in folder.rglob("*.py"):
        bytecode = bytecode_of(source, interpreter)
        if bytecode.is_file():
            name = source.relative_to(folder).as_posix()
            compiled[name] = Compiled(source, bytecode.read_bytes())
    archive, inside = make_archive(compiled, interpreter)
    for name in inside:
        bytecode = bytecode_of(folder / name, interpreter)
        bytecode.unlink()
        if not any(bytecode.parent.iterdir()):
            bytecode.parent.rmdir()
    (folder / CODE_ARCHIVE).write_bytes(archive)
