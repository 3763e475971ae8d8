"""Parses Python files with the grammar of the interpreter that runs this, and says what they hold.

Run as a script (`python -I -S analyse.py`), standard library only. Standard input has one JSON
object: `root`, a folder, and `files`, posix paths relative to it. Standard output gets one JSON
object: for each file `error` ([line, column, message] or null), `imports` ([module, line, names]),
`bindings` (what its top level binds, in order), `names_assets`, `uses` ([name, line] of what NOTED
in `file_facts.py` names), and what `session_calls.py` and `required_imports.py` find. Nothing of
the files is imported or run.

A binding is an object with `name`, `line`, `kind` and `conditional` (whether it may not happen):
`module` and `star` have `module`; `from` has `module` and `attribute`; `class` has `bases`
(values), `decorators` (names), `members` (the names in its body, null for unknown) and `coroutines`
(those of them that are `async`); `function` has `classes` (it makes classes), `returns` (names) and
`plain_async` (`async`, neither decorated nor conditional);
`value` has `value`; `deleted` and `dynamic` (names are bound in a way that can't be read) nothing.
A value is a list: ["name", dotted], ["item", dotted], ["call", dotted, names among the arguments],
["either", values], ["data"] (no class for certain) or ["unknown"].
"""

from __future__ import annotations

import json
import os
import sys
import warnings


def main() -> None:
    """Read the request, write the facts."""
    warnings.simplefilter("ignore")  # such as those of invalid escapes
    request = json.loads(sys.stdin.buffer.read())
    answer = {}
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.path.append(above)  # `-I` leaves out all but Python's own
    from packager._in_target.file_facts import analyse
    from packager._in_target.required_imports import read_required
    from packager._in_target.session_calls import read_calls

    for path in request["files"]:
        try:
            with open(os.path.join(request["root"], path), "rb") as file:  # noqa: PTH118, PTH123
                content = file.read()
        except OSError as error:
            answer[path] = {
                "error": [None, None, "can't be read: " + str(error.strerror)],
                "imports": [],
                "bindings": [],
                "names_assets": False,
                "uses": [],
                "calls": [],
                "required": [],
                "sdk_imports": [],
                "changes_imports": False,
            }
        else:
            answer[path] = {
                **analyse(content, path),
                **read_calls(content, path),
                **read_required(content, path),
            }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
