"""Has a Python script wait for a debugger before it begins.

Run as a script by a function's own Python, so it holds to the standard library:

    python ... debug_start.py REQUEST SCRIPT ARGUMENT...

REQUEST is JSON: `debugpy`, the folder that holds it; `host` and `port` that it listens on; `paths`,
pairs of a folder as the debugger's user has it and as it is here. It listens in this process, which
says so on its standard error, and goes on once a debugger has come.
"""

import json
import os
import sys


def main() -> None:
    """Wait, then run the script as Python itself would."""
    request = json.loads(sys.argv[1])
    os.environ["PATHS_FROM_ECLIPSE_TO_PYTHON"] = json.dumps(request["paths"])
    before = sys.path[:]
    sys.path.insert(0, request["debugpy"])
    import debugpy  # type: ignore[import-not-found,unused-ignore]

    debugpy.configure(python=sys.executable)
    host, port = debugpy.listen((request["host"], request["port"]))
    sys.stderr.write(f"waiting for a debugger on {host}:{port}\n")
    sys.stderr.flush()
    debugpy.wait_for_client()
    sys.stderr.write("a debugger has come\n")
    sys.stderr.flush()
    sys.path[:] = before
    script = sys.argv[2]
    sys.argv = sys.argv[2:]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.split(script)[0]
    with open(script, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), script, "exec")
    module = type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    exec(code, module.__dict__)  # noqa: S102 - that is what this is for


if __name__ == "__main__":
    main()
