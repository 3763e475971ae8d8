"""Gets AWS's runtime interface client, which managed Python runtimes run a handler with."""

from __future__ import annotations

from pathlib import Path

from packager.host.interpreter import Interpreter
from packager.local.brought_packages import Brought, brought_folder

REQUIREMENT = "awslambdaric>=4.1,<5"
_CLIENT = Brought("Lambda's runtime client", REQUIREMENT, "client")


def client_folder(interpreter: Interpreter) -> Path:
    """Return a folder with `awslambdaric` and what it needs, for `interpreter`.

    Raises `PackagerError` where it can't be installed.
    """
    return brought_folder(_CLIENT, interpreter)
