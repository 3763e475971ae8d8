"""Folds the runtime's own frames of a traceback: who reads it looks for the plugin's.

Imported by exceptions that are logged.
"""

from __future__ import annotations

_ROOT = __file__.rsplit("/", 3)[0]
_OURS = tuple(
    f'  File "{_ROOT}/{name}/' for name in ("endpoint_runtime", "dify_plugin/interfaces/endpoint")
)


def fold(traceback: str) -> str:
    """Return a traceback with a line in place of the runtime's frames, wherever they stand.

    One that has no others is left as it is: then they are what it is about.
    """
    lines: list[str] = []
    run = others = 0
    ours = False  # the frame whose lines these are
    for line in traceback.splitlines(keepends=True):
        if line.startswith('  File "'):
            ours = line.startswith(_OURS)
            run += ours
            others += not ours
        elif not line.startswith("    "):
            ours = False
        if ours:
            continue
        if run:
            lines.append(f"  ({run} frame{'' if run == 1 else 's'} of the runtime)\n")
            run = 0
        lines.append(line)
    return "".join(lines) if others else traceback
