"""Runs a bundle's handler with AWS's runtime interface client, as managed Python runtimes do.

Run as a script by the bundle's own Python version, so it holds to the standard library:

    python -S -s -P -B run_handler.py CLIENT

CLIENT is the folder that holds `awslambdaric`. The bundle's root, LAMBDA_TASK_ROOT, comes first on
`sys.path`, then the client, then the standard library; there are no site-packages.
"""

import os
import site
import sys


def main() -> None:
    """Serve invocations until the Runtime API ends."""
    site.setquit()  # which scripts use: without `site` run, it is all that is missing of Lambda's
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], sys.argv[1]]
    from awslambdaric.__main__ import main as serve  # type: ignore[import-untyped,unused-ignore]

    serve(["bootstrap", os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
