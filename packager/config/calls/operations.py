"""Reads the operations of tools whose OpenAPI documents have a URL, for a function that calls them.

Only what makes a bundle does so: nothing else fetches anything.
"""

from __future__ import annotations

from dataclasses import replace

from packager.errors import Diagnostics
from packager.inputs.openapi.document import OpenApiFault, fetch_document
from packager.inputs.openapi.operation import read_operation
from packager.model.calls import OperationName
from packager.model.options import Options


def with_operations(options: Options, diagnostics: Diagnostics, *, here: bool) -> Options:
    """Return the options with every operation read.

    What can't be read is an error; for a run `here`, on a machine that may be offline, a warning:
    calls of that tool fail then.
    """
    tools = dict(options.tools)
    note = diagnostics.warn if here else diagnostics.error
    for name, tool in tools.items():
        if isinstance(tool.operation, OperationName):
            try:
                read = read_operation(fetch_document(tool.target), tool.operation)
            except OpenApiFault as fault:
                key = f"tools.{name}.openapi"
                note("invalid-value", str(fault), options.place(key), key=key, hint=fault.hint)
            else:
                tools[name] = replace(tool, operation=read)
    return replace(options, tools=tools)
