"""Says of a failed write what it means on Lambda. Imported by errors that are logged."""

from __future__ import annotations

import errno
import os

NOTE = "only /tmp is writable on Lambda: write there (tempfile does), or keep it in session.storage"
_MAX_CHAIN = 20  # exceptions behind an exception
_SQLITE = ("attempt to write a readonly database", "unable to open database file")


def explain(fault: BaseException) -> None:
    """Add a note to each exception behind `fault` that a read-only place is the cause of."""
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [fault]
    while pending and len(seen) < _MAX_CHAIN:
        each = pending.pop()
        if each is None or any(each is other for other in seen):
            continue
        seen.append(each)
        pending += [each.__cause__, each.__context__]
        if _is_read_only(each) and NOTE not in getattr(each, "__notes__", ()):
            each.add_note(NOTE)


def _is_read_only(fault: BaseException) -> bool:
    if isinstance(fault, OSError):
        if fault.errno == errno.EROFS:
            return True
        if fault.errno not in (errno.EACCES, errno.EPERM) or not isinstance(fault.filename, str):
            return False
        path = os.path.abspath(fault.filename)
        if os.path.exists(path) and not os.access(path, os.R_OK):
            return False  # it can't be read, either
        return not os.access(path if os.path.exists(path) else os.path.dirname(path), os.W_OK)
    # `sqlite3` is not imported to ask: who raised this has it.
    return type(fault).__name__ == "OperationalError" and str(fault).startswith(_SQLITE)
