"""The runtime of a bundle: it serves one endpoint group as a Lambda function and as WSGI."""

from . import code_archive  # noqa: F401 - from here on, imports look there first
