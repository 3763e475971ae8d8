"""Imports the modules that standard input names as a list, as JSON: the command of a `Forked`."""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    """Import them all, in order."""
    sys.dont_write_bytecode = True
    for name in json.load(sys.stdin):
        importlib.import_module(name)
