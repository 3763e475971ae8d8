"""What endpoints raise, the odd kinds included."""

from __future__ import annotations

RAISED = {
    "interrupt": "raise KeyboardInterrupt",
    "exit": "import sys\nsys.exit(3)",
    "exit with a text": "raise SystemExit('bye')",
    "generator exit": "raise GeneratorExit",
    "cancelled": "import asyncio\nraise asyncio.CancelledError",
    "of its own": "raise type('Odd', (BaseException,), {})",
    "memory": "raise MemoryError",
    "recursion": "def f(): f()\nf()",
    "without a text": (
        "def fail(self): raise SystemExit\nraise type('Odd', (BaseException,), {'__str__': fail})"
    ),
    "surrogates": "raise RuntimeError('\\ud800')",
    "out of order": "raise StopIteration",
}
