"""The two entries of a bundle: how Lambda starts each, and what needs the stock one."""

from __future__ import annotations

from packager.errors import FaultCollector
from packager.model.options import Options

ENTRIES = ("fast", "stock")
# Lambda runs the program that this variable names, with the interpreter and its arguments (AWS
# Lambda, "Modifying the runtime environment", wrapper scripts).
VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
PROGRAM = "start_fast"  # at a bundle's root
WRAPPER = f"/var/task/{PROGRAM}"


def check_entry(options: Options, faults: FaultCollector) -> None:
    """Note `entry = "fast"` beside an option that the stock entry alone serves."""
    why = options.needs_stock
    if options.entry == "fast" and why:
        faults.error(
            f"{why} needs the stock entry",
            options.place("entry"),
            key="entry",
            hint='leave entry out, or say entry = "stock"',
        )
